import ArgumentParser
import Datasets
import Foundation

/// The version printed by `--version` and written into reports.
let implicitDiffVersion = "0.1.0"

/// What the shell is told, after sysexits.h.
extension ExitCode {
  static let badData = ExitCode(65)
  static let missingInput = ExitCode(66)
  static let notConverged = ExitCode(70)
  static let cannotWrite = ExitCode(73)
}

enum Console {
  /// One line on standard error.
  static func error(_ message: String) {
    FileHandle.standardError.write(Data("implicit-diff: \(message)\n".utf8))
  }

  /// A line on standard error that the next one replaces; nothing where standard error is not a terminal.
  static func progress(_ message: String) {
    guard isatty(2) == 1 else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(message)".utf8))
  }

  /// Removes the progress line.
  static func endProgress() { progress("") }

  /// Runs `body`; a data error becomes one line on standard error and its exit code.
  static func reportingDataErrors<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let failure as DatasetError {
      error(failure.description)
      throw failure.exitCode
    }
  }
}

/// Shows progress from the second second on, at most five times a second.
final class ProgressLine {
  private let start = ContinuousClock.now
  private var last: ContinuousClock.Instant?

  func update(_ message: @autoclosure () -> String) {
    let now = ContinuousClock.now
    guard now - start > .seconds(1), last.map({ now - $0 > .milliseconds(200) }) ?? true else { return }
    last = now
    Console.progress(message())
  }

  func end() { if last != nil { Console.endProgress() } }
}

/// Numbers as people read them.
enum Format {
  /// Four significant digits, or a dash for nothing.
  static func number(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.4g", x)
  }

  /// An error: one digit and its exponent.
  static func error(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.1e", x)
  }

  static func milliseconds(_ seconds: Double) -> String { String(format: "%.4f", seconds * 1e3) }
}

extension DatasetError {
  var exitCode: ExitCode {
    switch self {
    case .missing: .missingInput
    case .invalid: .badData
    case .unwritable: .cannotWrite
    }
  }
}
