import Foundation
import LinAlg
import TestSupport
import Testing

/// What the README shows is what is compiled and run here.
@Suite struct ReadmeTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  private static let package = folder.deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }

  @Test func theFirstSwiftBlockIsTheCompiledFile() throws {
    let readme = try text(Self.package.appending(path: "README.md"))
    let block = try #require(readme.firstMatch(of: /(?s)```swift\n(.*?)```/)?.1)
    #expect(try String(block) == text(Self.folder.appending(path: "ReadmeSnippet.swift")))
  }

  @Test func theSnippetComputesTheExactAnswer() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let got = try hypergradient(of: ReferenceCase.root + "/" + reference.name, at: reference.parameters)
    #expect(relativeError(got, Vector(reference.answer.hypergradient)) <= 1e-9)
  }

  /// Every file that the README and the documents link to is there.
  @Test(arguments: ["README.md", "CONTRIBUTING.md", "docs/Architecture.md", "docs/Theory.md"])
  func linksLeadSomewhere(_ name: String) throws {
    let document = Self.package.appending(path: name)
    for match in try text(document).matches(of: /\]\(([^)#:]+)\)/) {
      let target = document.deletingLastPathComponent().appending(path: String(match.1))
      #expect(FileManager.default.fileExists(atPath: target.path), "\(name) links to \(match.1)")
    }
  }
}
