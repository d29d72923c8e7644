import ArgumentParser
import CommandSupport

@main
enum Main {
  static func main() { Console.run(BenchCommand.self) }
}

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "implicit-diff-bench",
    abstract: "Timing tables of this package on this machine.",
    version: implicitDiffVersion,
    subcommands: [
      SweepCommand.self, KernelsCommand.self, SparseCommand.self, GroupsCommand.self, ChoiceCommand.self,
      OperatorsCommand.self, TracingCommand.self, ScalingCommand.self, FiguresCommand.self,
      ReliabilityCommand.self, BoundsCommand.self,
    ])
}
