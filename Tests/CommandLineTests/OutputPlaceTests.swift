import Foundation
import TestSupport
import Testing

/// Where outputs go, however they are spelled and whatever the system allows.
@Suite struct OutputPlaceTests {
  let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func arguments(_ extra: [String]) -> [String] {
    ["hypergradient", ReferenceCase.root + "/elastic-net-diabetes", "--lambda1", "2", "--lambda2", "0.1"] + extra
  }

  @Test func oneFileUnderTwoSpellingsIsRefused() throws {
    let path = directory.file("o.npy")
    let other = directory.path + "/./o.npy"
    let result = try Tool.implicitDiff.run(arguments(["--json", path, "--save", other]))
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.errors.contains("--save and --json name the same file"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: ["--budget", "--steps", "--lambda1"])
  func aNegativeNumberIsNamedWithItsRange(_ option: String) throws {
    var values = ["--budget": "1", "--steps": "1"]
    values[option] = "-1"
    let result = try Tool.implicitDiff.run(["poison", directory.path] + values.flatMap { [$0.key, $0.value] })
    #expect(result.code == 64)
    #expect(result.errors.contains(option) && !result.errors.contains("Missing value"), "\(result.errors)")
  }
}
