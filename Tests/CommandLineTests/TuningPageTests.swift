import Foundation
import TestSupport
import Testing

/// What README and docs/Tuning.md show of `tune` on the data that are shipped.
@Suite struct TuningPageTests {
  private static let root = URL(filePath: ReferenceCase.root).deletingLastPathComponent().deletingLastPathComponent()

  private static func loss(_ text: some StringProtocol) -> Double? {
    text.split(separator: "\n").first { $0.hasPrefix("validation loss ") }
      .flatMap { Double($0.split(separator: " ")[2].split(separator: ";")[0]) }
  }

  @Test(arguments: ["README.md", "docs/Tuning.md"])
  func theFirstSearchIsAsThePagesShowIt(_ page: String) throws {
    let text = try String(contentsOf: Self.root.appending(path: page), encoding: .utf8)
    let command = ".build/release/implicit-diff tune Tests/Reference/logistic-breast-cancer --model logistic"
    let parts = text.components(separatedBy: command + "\n```\n\n```\n")
    #expect(parts.count == 2)
    let shown = try #require(parts.last?.components(separatedBy: "\n```").first)
    let arguments = ["tune", "Tests/Reference/logistic-breast-cancer", "--model", "logistic"]
    let result = try Tool.implicitDiff.run(arguments, in: Self.root.path)
    let found = result.output.split(separator: "\n")
    let expected = shown.split(separator: "\n")
    #expect(result.code == 0 && found.count == expected.count && found[0] == expected[0])
    let (value, claimed) = (try #require(Self.loss(result.output)), try #require(Self.loss(shown)))
    // The bottom of a valley: values there agree to the square of the accuracy of its place.
    #expect(abs(value - claimed) <= 1e-9 * claimed, "\(value) \(claimed)")
    #expect(found[2].hasSuffix("; 14 coefficients that are not zero"))
    // Fewer evaluations than a tenth of the grid's, at a lower loss; how long each takes is the same.
    let evaluations = try #require(found[4].split(separator: " ").dropFirst(3).first.flatMap { Int($0) })
    let grid = try Tool.implicitDiff.run(arguments + ["--optimizer", "grid"], in: Self.root.path)
    let ofGrid = try #require(Self.loss(grid.output))
    #expect(evaluations <= 10 && value < ofGrid)
  }

  /// Every command of the pages has options that there are, and data that are shipped, or says what fetches them.
  @Test(arguments: ["README.md", "docs/Tuning.md", "docs/RealData.md"])
  func commandsOfThePagesAreUnderstood(_ page: String) throws {
    let text = try String(contentsOf: Self.root.appending(path: page), encoding: .utf8)
    let lines = text.split(separator: "\n").filter { line in
      ["tune ", "path ", "poison "].contains { line.contains("implicit-diff " + $0) } && !line.contains("`")
        && !line.hasPrefix("logistic") && line.contains("Tests/Reference")
    }
    for line in lines {
      let words = line.components(separatedBy: "implicit-diff ")[1].components(separatedBy: " > ")[0]
      var arguments = words.split(separator: " ").map(String.init)
      if let k = arguments.firstIndex(of: "--steps") { arguments[k + 1] = "1" }
      if let k = arguments.firstIndex(of: "--defend") { arguments[k + 1] = "2" }
      let result = try Tool.implicitDiff.run(arguments, in: Self.root.path)
      #expect(result.code == 0, "\(line): \(result.errors)")
    }
    #expect(page == "docs/RealData.md" || lines.count >= 1)
  }
}
