/// Why ranks cannot work together.
public enum MPIError: Error, Sendable, Equatable {
  /// Several ranks were started, and this program knows of one.
  case refused(ranks: Int, reason: String)
  /// MPI starts once in a process and does not start again.
  case startedBefore
  /// An MPI routine failed.
  case failed(routine: String, rank: Int, reason: String)
}

extension MPIError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let ranks, let reason):
      "started as one of \(ranks) ranks, \(reason); each would do all of the work and overwrite what the others write"
    case .startedBefore: "MPI.run was called a second time; MPI starts once in a process"
    case .failed(let routine, let rank, let reason): "rank \(rank): \(routine): \(reason)"
    }
  }
}

/// What went wrong on one rank, thrown by all of them.
public struct RankFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The first rank on which it did.
  public let rank: Int
  /// The error there.
  public let reason: String
  /// What the shell is told.
  public let exitCode: Int32

  public init(rank: Int, reason: String, exitCode: Int32) {
    (self.rank, self.reason, self.exitCode) = (rank, reason, exitCode)
  }

  public var description: String { "rank \(rank): \(reason)" }
}
