internal import CMPI
import Foundation
import LinAlg
internal import Synchronization

/// The one entry to MPI.
public enum MPI {
  /// Whether the package was built with the trait `MPI`. Without it there is one rank, and everything here works.
  public static var isAvailable: Bool { cmpi_is_available() != 0 }

  private static let hasStarted = Atomic<Bool>(false)

  /// Starts MPI, runs `body` on every rank and ends MPI; once in a process.
  ///
  /// Only the task that `body` runs on may use the world and the designs made with it. A rank computes on one thread: start one rank for each core.
  /// What every rank computes from reduced numbers is the same on all of them, and so are the decisions taken by it.
  ///
  /// Where one rank throws, the others may wait for it in a message: it prints its error, with its number, and ends all of them
  /// with its exit code. Where all throw the same, the first alone is heard: the others let it. A ``RankFailure``, which all ranks throw together, and any error
  /// of a single rank is thrown to the caller, after MPI has ended.
  ///
  /// - Parameters:
  ///   - exitCode: what the shell is told of an error.
  ///   - explanation: what is printed of one; nil where that has happened.
  /// - Throws: ``MPIError`` where ranks were started that this build does not know of, or where MPI does not start; what `body` throws.
  public static func run<R>(
    exitCode: @escaping @Sendable (any Error) -> Int32 = { _ in 1 },
    explanation: (any Error) -> String? = { "\($0)" }, _ body: (borrowing World) throws -> R
  ) throws -> R {
    let launcher = Launcher.current
    try launcher.requireSupport()
    guard !hasStarted.exchange(true, ordering: .relaxed) else { throw MPIError.startedBefore }
    var isSerialized: Int32 = 0
    let code = cmpi_start(&isSerialized)
    guard code == 0 else {
      throw MPIError.failed(routine: "MPI_Init_thread", rank: launcher.rank, reason: Communicator.text(of: code))
    }
    let communicator = Communicator(cmpi_world(), isWorld: true)
    guard isSerialized != 0 else {
      throw MPIError.failed(
        routine: "MPI_Init_thread", rank: launcher.rank, reason: "MPI_THREAD_SERIALIZED is not provided")
    }
    guard communicator.ranks == launcher.ranks || launcher.ranks == 1 else {
      _ = cmpi_end()
      throw MPIError.refused(
        ranks: launcher.ranks,
        reason: "by the launcher of another MPI (\(launcher.name ?? "")) than this program is linked with")
    }
    Parallel.usesOneTask = true
    let world = World(communicator, exitCode: exitCode)
    do {
      let result = try body(world)
      communicator.close()
      return result
    } catch {
      if communicator.ranks > 1, !(error is RankFailure) {
        abort(explanation(error), rank: communicator.rank, code: exitCode(error))
      }
      communicator.close()
      throw error
    }
  }

  /// Says what went wrong and ends all ranks.
  private static func abort(_ message: String?, rank: Int, code: Int32) -> Never {
    // Errors of what all ranks compute come on all of them: the first is heard, and ends the others while they wait. A busy launcher takes a second for it.
    if rank > 0 { Thread.sleep(forTimeInterval: 2) }
    end(message.map { "rank \(rank): \($0)" }, code: code)
  }

  /// One line on standard error, and the end of all ranks.
  static func end(_ message: String?, code: Int32) -> Never {
    let message = message ?? ""
    if !message.isEmpty { say(message) }
    cmpi_abort(code == 0 ? 1 : code)
    exit(code == 0 ? 1 : code)
  }

  private static func say(_ message: String) {
    FileHandle.standardError.write(
      Data((message.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n").utf8))
  }
}
