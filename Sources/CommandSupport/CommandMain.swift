public import ArgumentParser
internal import CProcessStart
import Datasets
import Foundation
import LinAlg
import Sharding

extension Console {
  /// Parses the command line and runs the command; whatever goes wrong becomes one line on standard error and an exit
  /// code.
  ///
  /// In place of `ParsableCommand.main()`, which adds the whole usage to each mistake and does not say where it could not
  /// print.
  public static func run(_ command: any ParsableCommand.Type) -> Never {
    process_has_started()
    Descriptors.fillGaps()
    requireAddressSpace()
    BLAS.endIdleThreads()
    // A write beyond the limit on file sizes then fails, and is reported, instead of ending the program half-way.
    signal(SIGXFSZ, SIG_IGN)
    FreedMemory.keep()
    InterruptedFile.removeOnInterruption()
    exit(exitCode(of: command).rawValue)
  }

  /// Ends the program where OpenBLAS would wait forever for its buffers.
  private static func requireAddressSpace() {
    guard let left = Memory.addressSpaceLeft, left < 0 else { return }
    error(
      "the limit on address space (ulimit -v) is \(-left >> 20) MiB too small for this program and OpenBLAS's buffers, \(BLAS.bufferBytes >> 20) MiB"
    )
    // OpenBLAS's thread may be waiting for its buffer already, and an orderly exit for that thread.
    _exit(ExitCode.badData.rawValue)
  }

  /// A subcommand that is named first is parsed as if it were alone: that takes half the time. What does not parse so, a mistake or a call for help,
  /// is the whole command's to explain.
  private static func parse(_ command: any ParsableCommand.Type) throws -> any ParsableCommand {
    let arguments = CommandLine.arguments.dropFirst()
    if let name = arguments.first,
      let named = command.configuration.subcommands.first(where: { $0.configuration.commandName == name }),
      let alone = alone(named, Array(arguments.dropFirst()))
    {
      return alone
    }
    return try command.parseAsRoot()
  }

  private static func alone<C: ParsableCommand>(_ command: C.Type, _ arguments: [String]) -> (any ParsableCommand)? {
    try? command.parse(arguments)
  }

  private static func exitCode(of command: any ParsableCommand.Type) -> ExitCode {
    do {
      var parsed = try parse(command)
      if parsed is any RunsOnRanks || Launcher.current.ranks == 1 {
        try Launcher.current.requireSupport()
      } else {
        throw RankRefusal.alone(ranks: Launcher.current.ranks)
      }
      try parsed.run()
      return .success
    } catch let refusal as MPIError {
      Self.error("\(refusal)")
      return .validationFailure
    } catch let refusal as RankRefusal {
      Self.error(refusal.description)
      return .validationFailure
    } catch let code as ExitCode {
      // Explained where it was thrown.
      return code
    } catch {
      let code = command.exitCode(for: error)
      if code.isSuccess {
        // Help and versions are no mistakes.
        do { try Self.print(command.fullMessage(for: error)) } catch { return .cannotWrite }
        return .success
      }
      let line = command.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
      Self.error(code == .validationFailure ? "\(line) (see --help)" : line)
      return code
    }
  }
}
