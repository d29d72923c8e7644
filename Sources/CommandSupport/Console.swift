public import ArgumentParser
public import Datasets
import Foundation

/// The version printed by `--version` and written into reports.
public let implicitDiffVersion = "0.1.0"

/// What the shell is told, after sysexits.h.
extension ExitCode {
  public static let badData = ExitCode(65)
  public static let missingInput = ExitCode(66)
  public static let notConverged = ExitCode(70)
  public static let cannotWrite = ExitCode(73)
}

public enum Console {
  /// The name the program was called by.
  private static let program = URL(filePath: CommandLine.arguments.first ?? "implicit-diff").lastPathComponent

  /// One line on standard error, after all that was printed before it.
  public static func error(_ message: String) {
    flush()
    FileHandle.standardError.write(Data("\(program): \(message)\n".utf8))
  }

  /// A line on standard error that the next one replaces; nothing where standard error is not a terminal.
  public static func progress(_ message: String) {
    guard isatty(2) == 1 else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(message)".utf8))
  }

  /// Hands what was printed over to standard output, which keeps it back where it is not a terminal.
  public static func flush() { fflush(nil) }

  /// Removes the progress line.
  public static func endProgress() { progress("") }

  /// Runs `body`; a data error becomes one line on standard error and its exit code.
  public static func reportingDataErrors<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let failure as DatasetError {
      error(failure.description)
      throw failure.exitCode
    }
  }
}

extension DatasetError {
  /// What the shell is told.
  public var exitCode: ExitCode {
    switch self {
    case .missing: .missingInput
    case .invalid: .badData
    case .unwritable: .cannotWrite
    }
  }
}

extension Console {
  /// Writes a value as JSON with sorted keys, to standard output for `-`, otherwise atomically to a file.
  public static func write(json value: some Encodable, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    if path == "-" {
      print(text)
    } else {
      try reportingDataErrors { try AtomicFile.write(text + "\n", to: path) }
    }
  }
}
