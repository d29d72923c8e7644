import ArgumentParser
import CommandSupport
import Sharding

/// How data lie on the ranks of an MPI program, for the help.
let ranksHelp = """
  Under mpirun or srun every rank reads its share of the rows of X_train.npy and X_val.npy, or a file of its own, X_train.0.npy with y_train.0.npy for the \
  first and so on; the first prints. This takes a program that was built with MPI.
  """

/// What a command asks of several ranks.
struct RankOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Sum over so many blocks of rows in their order: the bits then do not depend on the number of ranks, of which at most so many have work.",
      valueName: "BLOCKS"))
  var fixedOrder: Int?

  func validate() throws {
    if let fixedOrder, fixedOrder < 1 { throw ValidationError("--fixed-order: \(fixedOrder) is below 1") }
  }

  /// Whether rows lie on ranks: where there are several, and where one is to give the bits of several.
  var areUsed: Bool { Launcher.current.ranks > 1 || fixedOrder != nil }
  var order: SummationOrder { fixedOrder.map { .fixed(blocks: $0) } ?? .any }
}
