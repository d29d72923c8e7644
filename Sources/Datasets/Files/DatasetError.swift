/// Why data could not be read or written: one line that names the file, the place in it and what was expected there.
public enum DatasetError: Error, Sendable, Equatable {
  /// There is no such file.
  case missing(path: String)
  /// The file is there but is not what was asked for.
  case invalid(path: String, reason: String)
  /// The file could not be written; what was there before is unchanged.
  case unwritable(path: String, reason: String)
}

extension DatasetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing(let path): "\(Self.oneLine(path)): there is no such file"
    case .invalid(let path, let reason): "\(Self.oneLine(path)): \(reason)"
    case .unwritable(let path, let reason): "\(Self.oneLine(path)): \(reason)"
    }
  }

  /// Names come from outside: a line break in one must not break the line.
  static func oneLine(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar -> Unicode.Scalar in
          switch scalar.properties.generalCategory {
          case .control, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
          default: scalar
          }
        }))
  }
}
