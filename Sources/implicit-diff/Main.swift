import ArgumentParser
import CommandSupport

@main
struct ImplicitDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "implicit-diff",
    abstract: "Differentiates the solutions of nonsmooth fixed-point problems.",
    discussion: """
      Exit codes: 0 success, 64 usage, 65 bad data, 66 missing input, 70 a computation that did not converge.
      """,
    version: implicitDiffVersion,
    subcommands: [HypergradientCommand.self, PoisonCommand.self, InfoCommand.self])
}
