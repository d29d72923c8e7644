internal import CMPI
import Foundation

/// What started this process, by what it left in the environment: known before MPI starts, and without MPI.
public struct Launcher: Sendable {
  /// How many ranks were started; 1 where nothing says so.
  public let ranks: Int
  /// Which of them this one is.
  public let rank: Int
  /// The name that the user knows it by; nil where the process was started by itself.
  public let name: String?

  /// The launcher of this process.
  public static let current = Launcher(ProcessInfo.processInfo.environment)

  /// The variables of Open MPI's mpirun, of the launchers that speak PMI (MPICH, Intel MPI), and of srun. A Slurm batch script has
  /// SLURM_NTASKS too, for tasks that it has not started: a step's own count is asked for.
  init(_ environment: [String: String]) {
    let known = [
      ("mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"), ("mpiexec", "PMI_SIZE", "PMI_RANK"),
      ("srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
    ]
    for (name, size, place) in known {
      guard let ranks = environment[size].flatMap({ Int($0) }), let rank = environment[place].flatMap({ Int($0) }),
        ranks >= 1
      else { continue }
      (self.ranks, self.rank, self.name) = (ranks, rank, name)
      return
    }
    (ranks, rank, name) = (1, 0, nil)
  }

  /// Refuses more than one rank in a build without MPI.
  public func requireSupport() throws(MPIError) {
    guard ranks > 1, !MPI.isAvailable else { return }
    throw .refused(ranks: ranks, reason: "by \(name ?? "a launcher"), but built without MPI (build with --traits MPI)")
  }
}
