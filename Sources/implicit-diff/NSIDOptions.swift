import ArgumentParser
import CommandSupport

/// What `--method nsid` is planned for.
struct NSIDOptions: ParsableArguments {
  /// Among the names of methods.
  static let name = "nsid"

  @Option(
    parsing: .unconditional, help: "Of nsid: the root mean square relative error of the hypergradient, at most.",
    transform: Arguments.number)
  var accuracy = 1e-2
  @Option(parsing: .unconditional, help: "Of nsid: samples in a minibatch.") var batch = 64
  @Option(parsing: .unconditional, help: "Of nsid: the seed of the minibatches, which do not depend on the ranks.")
  var seed: UInt64 = 0

  func validate() throws {
    guard accuracy.isFinite, accuracy > 0 else {
      throw ValidationError("--accuracy: \(accuracy) is not a positive number")
    }
    guard batch >= 1 else { throw ValidationError("--batch: \(batch) is below 1") }
  }
}
