import Foundation
import Testing

/// The build without MPI: one rank that does everything, and a refusal of more.
@Suite struct OneRankTests {
  @Test(arguments: [
    "collectives", "products even", "hypergradient even", "stochastic even", "tune even", "reduced even",
  ])
  func everythingWorksOnOneRank(_ test: String) throws {
    let result = try Ranks.shell("\"$PLAIN/sharding-cases\" \(test)")
    #expect(result.code == 0, "\(result.errors)")
  }

  /// Each launcher by what it leaves in the environment; rank 1 leaves the message to rank 0.
  @Test(arguments: [
    ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"], ["PMI_SIZE": "3", "PMI_RANK": "0"],
    ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"], ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1"],
  ])
  func severalRanksAreRefused(_ environment: [String: String]) throws {
    let isFirst = environment.values.contains("0")
    let command = try Ranks.shell(
      "\"$PLAIN/implicit-diff\" hypergradient x --lambda1 1 --lambda2 1", environment: environment)
    #expect(command.code == 64)
    #expect(command.errors.contains("built without MPI") == isFirst, "\(command.errors)")
    #expect(try Ranks.shell("\"$PLAIN/sharding-cases\" collectives", environment: environment).code == 3)
  }

  /// A batch script of Slurm knows of tasks that it has not started.
  @Test func oneProcessInASlurmJobIsNotRefused() throws {
    let environment = ["SLURM_NTASKS": "8", "SLURM_PROCID": "0"]
    #expect(try Ranks.shell("\"$PLAIN/sharding-cases\" collectives", environment: environment).code == 0)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ldd")))
  func theBuildWithoutMPILinksNone() throws {
    let result = try Ranks.shell("ldd \"$PLAIN/implicit-diff\"")
    #expect(result.code == 0 && result.output.contains("libopenblas"))
    #expect(!result.output.contains("libmpi"))
  }
}
