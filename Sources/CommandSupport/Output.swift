import ArgumentParser
import Datasets
import Foundation

/// Where results go: tried before the work begins, written whole or not at all.
extension Console {
  /// Finds out before the work whether files can be written, without touching what is there.
  ///
  /// - Parameter paths: nil and `-` are no files.
  public static func requireWritable(_ paths: [String?]) throws {
    if isSilent { return }
    try reportingDataErrors {
      for case let path? in paths where path != "-" { try AtomicFile.requireWritable(path) }
    }
  }

  /// Makes a folder for results and finds out whether files can be written into it.
  ///
  /// - Parameter files: their names.
  public static func prepareFolder(_ path: String, for files: [String]) throws {
    guard !path.isEmpty else { throw ValidationError("the path of the folder for results is empty") }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      Self.error("\(path): cannot be created: \(reason(error))")
      throw ExitCode.cannotWrite
    }
    try requireWritable(files.map { path + "/" + $0 })
  }

  /// What the system said, in one line.
  private static func reason(_ failure: any Error) -> String {
    let cause = (failure as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? failure as NSError
    if cause.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(cause.code))) }
    return failure.localizedDescription.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// Writes a value as JSON with sorted keys, to standard output for `-`, otherwise atomically to a file.
  public static func write(json value: some Encodable, to path: String) throws {
    if isSilent { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    if path == "-" {
      try print(text)
    } else {
      try reportingDataErrors { try AtomicFile.write(text + "\n", to: path) }
    }
  }
}
