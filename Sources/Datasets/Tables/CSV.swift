/// A tidy table as comma-separated values (RFC 4180, lines ended by a line feed).
public struct CSV: Sendable {
  /// The names in the first line.
  public let columns: [String]
  /// The table so far, its first line included.
  public private(set) var text: String

  /// A table without rows.
  public init(columns: [String]) {
    self.columns = columns
    text = ""
    append(line: columns)
  }

  /// Adds a row. Numbers are written so that reading them back gives the same number.
  ///
  /// - Precondition: one field per column.
  public mutating func append(_ fields: [any LosslessStringConvertible]) {
    precondition(fields.count == columns.count, "CSV.append: \(fields.count) fields for \(columns.count) columns")
    append(line: fields.map { $0.description })
  }

  /// Writes the table, atomically.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public func write(to path: String) throws(DatasetError) { try AtomicFile.write(text, to: path) }

  private mutating func append(line fields: [String]) {
    // A line without a character would be no line to most readers.
    text += fields == [""] ? "\"\"" : fields.map(Self.quoted).joined(separator: ",")
    text += "\n"
  }

  private static func quoted(_ field: String) -> String {
    guard field.utf8.contains(where: { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0) }) else {
      return field
    }
    // Byte by byte: "\r\n" is one Character, and a quote may carry a combining mark.
    var result: [UInt8] = [UInt8(ascii: "\"")]
    for byte in field.utf8 { result += byte == UInt8(ascii: "\"") ? [byte, byte] : [byte] }
    return String(decoding: result + [UInt8(ascii: "\"")], as: UTF8.self)
  }
}
