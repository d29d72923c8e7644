import ArgumentParser
import CommandSupport

@main
enum Main {
  static func main() { Console.run(ImplicitDiffCommand.self) }
}

struct ImplicitDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "implicit-diff",
    abstract: "Differentiates the solutions of nonsmooth fixed-point problems.",
    discussion: """
      Exit codes: 0 success, 64 usage, 65 bad data, 66 missing input, 70 a computation that did not \
      converge, 73 output that cannot be written.
      """,
    version: implicitDiffVersion,
    subcommands: [
      HypergradientCommand.self, VerifyCommand.self, TuneCommand.self, PathCommand.self, PredictCommand.self,
      PoisonCommand.self,
      InfoCommand.self,
    ])
}
