public import ArgumentParser
import Datasets
import Foundation
public import Sharding

/// A command that the ranks of an MPI program run together; others are refused there.
public protocol RunsOnRanks: ParsableCommand {}

/// Why a command does not begin on several ranks.
enum RankRefusal: Error {
  case alone(ranks: Int)

  var description: String {
    switch self {
    case .alone(let ranks): "this command runs by itself; it was started as one of \(ranks) ranks"
    }
  }
}

extension Console {
  /// Runs `body` on every rank, once it is known that all were given the same options and are of one version. The first rank speaks for all.
  ///
  /// - Throws: an exit code, explained.
  public static func onRanks(_ body: (borrowing World) throws -> Void) throws {
    LostPages.exit(ExitCode.badData.rawValue, prefix: "implicit-diff: ")
    do {
      try MPI.run(exitCode: code(of:), explanation: { $0 is ExitCode ? nil : "\($0)" }) { world in
        try world.requireSame("the version is", implicitDiffVersion, exitCode: ExitCode.validationFailure.rawValue)
        try world.requireSame(
          "the options are", CommandLine.arguments.dropFirst().joined(separator: " "),
          exitCode: ExitCode.validationFailure.rawValue)
        try body(world)
      }
    } catch let failure as RankFailure {
      error("\(failure)")
      throw ExitCode(failure.exitCode)
    }
  }

  @Sendable private static func code(of error: any Error) -> Int32 {
    switch error {
    case let code as ExitCode: code.rawValue
    case let failure as DatasetError: failure.exitCode.rawValue
    default: 1
    }
  }
}
