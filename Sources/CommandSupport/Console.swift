public import ArgumentParser
public import Datasets
import Foundation
import Sharding

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
  /// Whether this is one of several ranks and not the first, which speaks for all: it prints and writes nothing.
  public static let isSilent = Launcher.current.rank > 0

  /// The name the program was called by.
  private static let program = URL(filePath: CommandLine.arguments.first ?? "implicit-diff").lastPathComponent

  /// Text and a line break on standard output, unbuffered: what could not be written is known at once.
  ///
  /// - Throws: ``ArgumentParser/ExitCode/cannotWrite`` after saying why. A reader that has gone ends the program quietly.
  public static func print(_ text: String) throws {
    if isSilent { return }
    guard let failure = Descriptors.write(text + "\n", to: 1) else { return }
    if failure == EPIPE { Descriptors.endByBrokenPipe() }
    error("standard output: cannot be written: \(String(cString: strerror(failure)))")
    throw ExitCode.cannotWrite
  }

  /// What goes wrong on one of several ranks before they know of each other. The first says at once what it finds, which ends the others; one that is still
  /// there a moment later has a mistake of its own.
  static func errorOfRank(_ message: String) {
    guard isSilent, MPI.isAvailable else { return error(message) }
    Thread.sleep(forTimeInterval: 2)
    _ = Descriptors.write("\(program): rank \(Launcher.current.rank): \(message)\n", to: 2)
  }

  /// One line on standard error. Where that cannot be written there is nobody to tell, and the exit code has to do.
  public static func error(_ message: String) {
    if isSilent { return }
    _ = Descriptors.write("\(program): \(message)\n", to: 2)
  }

  /// A line on standard error that the next one replaces; nothing where standard error is not a terminal.
  public static func progress(_ message: String) {
    guard showsProgress else { return }
    _ = Descriptors.write("\r\u{1B}[K\(message)", to: 2)
  }

  /// Whether anybody sees progress: whether standard error is a terminal.
  public static var showsProgress: Bool { !isSilent && isatty(2) == 1 }

  /// Removes the progress line.
  public static func endProgress() { progress("") }

  /// Runs `body`; a data error becomes one line on standard error and its exit code. Of several ranks the one that has it says so (``MPI/run(exitCode:explanation:_:)``).
  public static func reportingDataErrors<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let failure as DatasetError {
      if Launcher.current.ranks > 1 { throw failure }
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
