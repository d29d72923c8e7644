import TestSupport
import Testing

/// Values of options that parse but cannot be meant.
@Suite struct ArgumentTests {
  private static let problem = [ReferenceCase.root + "/elastic-net-diabetes"]

  @Test(arguments: ["--lambda1", "--lambda2", "--tolerance", "--step"], ["1e-400", "0.5E-9999", "0x1p-2000"])
  func numbersThatBecomeZeroAreRefused(_ option: String, _ text: String) throws {
    var values = ["--lambda1": "2", "--lambda2": "0.1"]
    values[option] = text
    try expectRefusal(["hypergradient"] + Self.problem + values.flatMap { [$0.key, $0.value] }, option, text)
  }

  @Test(arguments: ["--budget", "--lambda1", "--lambda2", "--fraction"])
  func numbersOfThePoisonThatBecomeZeroAreRefused(_ option: String) throws {
    var values = ["--budget": "1", "--steps": "1"]
    values[option] = "1e-400"
    try expectRefusal(["poison"] + Self.problem + values.flatMap { [$0.key, $0.value] }, option, "1e-400")
  }

  /// Zeros, and the smallest number that is none.
  @Test(arguments: ["0", "0.0", "0e5", "-0", "5e-324", "0x0p0"])
  func zerosAreTaken(_ text: String) throws {
    let result = try Tool.implicitDiff.run(
      ["hypergradient"] + Self.problem + [
        "--lambda1", "2", "--lambda2", "0.1", "--tolerance", text, "--method", "aid-direct",
      ])
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test(arguments: ["--strengths", "--solution", "--save", "--json"])
  func emptyPathsAreRefused(_ option: String) throws {
    let strength = option == "--strengths" ? [] : ["--lambda1", "2"]
    try expectRefusal(
      ["hypergradient"] + Self.problem + strength + ["--lambda2", "0.1", option, ""], option, "the path is empty")
  }

  @Test func emptyFoldersAreRefused() throws {
    try expectRefusal(["hypergradient", "", "--lambda1", "2", "--lambda2", "0.1"], "DIR", "the path is empty")
    try expectRefusal(["poison", "", "--budget", "1", "--steps", "1"], "DIR", "the path is empty")
  }

  private func expectRefusal(
    _ arguments: [String], _ fragments: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Tool.implicitDiff.run(arguments)
    #expect(result.code == 64 && result.output.isEmpty, "\(result.errors)", sourceLocation: location)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
    for fragment in fragments {
      #expect(result.errors.contains(fragment), "\(result.errors)", sourceLocation: location)
    }
  }
}
