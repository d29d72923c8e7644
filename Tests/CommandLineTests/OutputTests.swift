import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Output that cannot be written is noticed, said and told by the exit code; and it is noticed before the work.
@Suite struct OutputTests {
  let directory = try! TemporaryDirectory()

  private static let problem = [
    "hypergradient", ReferenceCase.root + "/elastic-net-diabetes", "--lambda1", "2", "--lambda2", "0.1",
  ]
  private static let attack = [
    "poison", ReferenceCase.root + "/poisoning-digits", "--budget", "0.5", "--steps", "1",
  ]
  static let printing: [(tool: Tool, arguments: [String])] = [
    (.implicitDiff, problem), (.implicitDiff, problem + ["--json", "-"]),
    (.implicitDiff, problem + ["--method", "all"]),
    (.implicitDiff, ["info"]), (.implicitDiff, attack), (.implicitDiff, ["--help"]), (.implicitDiff, ["--version"]),
    (.bench, ["sweep", "--help"]),
  ]

  /// Standard error that is closed or full takes nothing from the exit code.
  @Test(arguments: ["2>&-", "2>/dev/full"])
  func errorsThatCannotBeWrittenKeepTheirCode(_ redirection: String) throws {
    for (arguments, code) in [
      (["differentiate"], 64), (["hypergradient", directory.file("x"), "--lambda1", "1", "--lambda2", "1"], 66),
      (Self.problem + ["--iterations", "1"], 70), (Self.problem + ["--json", directory.file("no/where")], 73),
    ] as [([String], Int32)] {
      let result = try Tool.implicitDiff.shell("exec \"$0\" \"$@\" \(redirection)", arguments)
      #expect(result.code == code, "\(arguments) \(redirection)")
    }
  }

  @Test(arguments: printing, [">/dev/full", ">&-"])
  func standardOutputThatCannotBeWrittenExits73(
    _ printing: (tool: Tool, arguments: [String]), _ redirection: String
  ) throws {
    let result = try printing.tool.shell("exec \"$0\" \"$@\" \(redirection)", printing.arguments)
    #expect(result.code == 73, "\(printing.arguments) \(redirection): \(result.errors)")
    #expect(result.errors.contains("standard output: cannot be written"), "\(result.errors)")
  }

  /// The reader goes after one line. Where its signal was left to act, it ends the program; a caller that ignores it gets the
  /// same end. 141 is the shell's name for it.
  @Test(arguments: ["", "trap '' PIPE; "])
  func aClosedPipeEndsQuietly(_ trap: String) throws {
    let result = try Tool.implicitDiff.shell(
      "\(trap)( sleep 1; \"$0\" \"$@\"; echo $? >&2 ) | true", Self.problem)
    #expect(result.errors == "141\n")
  }

  /// With standard output closed, a file may get its number: nothing that is printed may get into it.
  @Test func whatIsPrintedDoesNotGetIntoFiles() throws {
    let report = directory.file("report.json")
    let result = try Tool.implicitDiff.shell("exec \"$0\" \"$@\" <&- >&- 2>&-", Self.problem + ["--json", report])
    #expect(result.code == 73)
    let text = String(decoding: try directory.bytes("report.json"), as: UTF8.self)
    #expect(try Report.decode(text).converged)
  }

  /// Each place is tried before the work: nothing of it is printed, and nothing is left behind.
  @Test func placesForOutputAreTriedFirst() throws {
    _ = try directory.write([1, 2, 3], "file")
    try FileManager.default.createDirectory(atPath: directory.file("folder"), withIntermediateDirectories: true)
    let impossible = [directory.file("nowhere/x"), directory.file("file/x"), directory.file("folder"), "/dev/full"]
    for place in impossible {
      for (tool, arguments) in [
        (Tool.implicitDiff, Self.problem + ["--json", place]), (.implicitDiff, Self.problem + ["--save", place]),
        (.implicitDiff, Self.attack + ["--noise", place]), (.implicitDiff, Self.attack + ["--images", place]),
      ] {
        try expectRefusal(try tool.run(arguments), place)
      }
    }
    // The folder of data is not even looked at.
    let early = try Tool.implicitDiff.run(
      ["hypergradient", directory.file("none"), "--lambda1", "1", "--lambda2", "1", "--save", directory.file("file/x")])
    try expectRefusal(early, "file/x")
    for place in [directory.file("file"), directory.file("file/x"), "/dev/full/x"] {
      for arguments in [["figures", "--figure", "toy"], ["kernels"], ["sweep"], ["sweep", "--method", "nsid"]] {
        try expectRefusal(try Tool.bench.run(arguments + ["--out", place], in: directory.path), place)
      }
    }
    try FileManager.default.createDirectory(
      atPath: directory.file("folder/sweep.json"), withIntermediateDirectories: true)
    try expectRefusal(
      try Tool.bench.run([
        "sweep", "--data", ReferenceCase.root + "/elastic-net-diabetes", "--out", directory.file("folder"),
      ]),
      "folder/sweep.json")
    #expect(try directory.names == ["file", "folder"])
    #expect(try directory.bytes("file") == [1, 2, 3])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("folder")) == ["sweep.json"])
  }

  private func expectRefusal(_ result: Tool.Result, _ place: String, _ location: SourceLocation = #_sourceLocation)
    throws
  {
    #expect(result.code == 73, "\(result.errors)", sourceLocation: location)
    #expect(result.output.isEmpty, sourceLocation: location)
    let lines = result.errorLines.filter { !$0.contains("the diabetes data are left out") }
    #expect(lines.count == 1 && result.errors.contains(place), "\(result.errors)", sourceLocation: location)
  }

  /// What is there stays until all of what is new is there.
  @Test func whatIsThereStaysWhereTheWorkFails() throws {
    _ = try directory.write([1, 2, 3], "report.json")
    let result = try Tool.implicitDiff.run(
      Self.problem + ["--iterations", "1", "--json", directory.file("report.json"), "--save", directory.file("w.npy")])
    #expect(result.code == 70)
    #expect(try directory.names == ["report.json"] && directory.bytes("report.json") == [1, 2, 3])
  }

  @Test func oneFileIsNotNamedTwice() throws {
    let file = directory.file("x.npy")
    for arguments in [
      Self.problem + ["--save", file, "--json", file], Self.attack + ["--noise", file, "--images", file],
    ] {
      let result = try Tool.implicitDiff.run(arguments)
      #expect(result.code == 64 && result.errors.contains("the same file"))
    }
  }
}
