import ArgumentParser
import CommandSupport

@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "implicit-diff-bench",
    abstract: "Timing tables of this package on this machine.",
    version: implicitDiffVersion,
    subcommands: [SweepCommand.self, FiguresCommand.self])
}
