import Datasets
import Foundation
import TestSupport
import Testing

/// `implicit-diff-bench figures`: its numbers beside those measured independently, and its files.
@Suite struct FiguresTests {
  struct File: Decodable {
    struct Curve: Decodable {
      var name: String
      var k: [Int]
      var error: [Double?]
    }
    var facts: [String: [Double]]
    var curves: [Curve]

    /// The error of a curve at step k of its grid.
    func error(_ curve: String, at k: Int) throws -> Double {
      let curve = try #require(curves.first { $0.name == curve })
      let index = try #require(curve.k.firstIndex(of: k))
      return try #require(curve.error[index])
    }
  }

  let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func figures(_ arguments: [String]) throws -> Tool.Result {
    try Tool.bench.run(["figures", "--out", directory.path] + arguments)
  }

  private func file(_ name: String) throws -> File {
    try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(fileURLWithPath: directory.file(name))))
  }

  /// The numbers of figure A as measured in float64 by dense linear algebra, to the digits they are known to.
  @Test func figureAShowsItsNumbers() throws {
    #expect(try figures(["--figure", "a", "--scale", "quick"]).code == 0)
    let sparse = try file("a-sparse-seed3.json")
    let dense = try file("a-dense-seed3.json")
    func fact(_ file: File, _ name: String) throws -> Double { try #require(file.facts[name]?.first) }
    #expect(abs(try fact(sparse, "L") - 3.901064) < 1e-6)
    #expect(abs(try fact(sparse, "mu") - 3.0044e-4) < 1e-8)
    #expect(abs(try fact(sparse, "step") - 0.512116) < 1e-6)
    #expect(abs(try fact(sparse, "q") - 0.998822) < 1e-6)
    #expect(abs(try fact(sparse, "q_S") - 0.936810) < 1e-6)
    #expect(abs(try fact(dense, "q_S") - 0.988829) < 1e-6)
    #expect(try fact(sparse, "support") == 46 && fact(dense, "support") == 77)
    #expect(try fact(sparse, "identified") == 175 && fact(dense, "identified") == 587)
    // Two digits are given.
    #expect(abs(try sparse.error("ITD", at: 300) / 2.2e-5 - 1) < 0.05)
    #expect(abs(try sparse.error("AID-FP", at: 300) / 2.1e-6 - 1) < 0.05)
    #expect(abs(try dense.error("ITD", at: 1000) / 1.2e-3 - 1) < 0.05)
    #expect(abs(try dense.error("AID-FP", at: 1000) / 3.9e-4 - 1) < 0.05)
    // Before about t = 100 AID-FP is the worse one.
    #expect(try sparse.error("AID-FP", at: 50) > sparse.error("ITD", at: 50))
    // After identification the slope is log q_S, not log q: within a tenth over 200 steps.
    let slope = try (log(sparse.error("AID-FP", at: 500)) - log(sparse.error("AID-FP", at: 300))) / 200
    #expect(abs(slope / log(0.936810) - 1) < 0.1)
    // The published conjugate gradient stalls between 1e-3 and 1e-1; on the symmetric form it goes on.
    #expect(try sparse.error("AID-CG as the authors ran it", at: 500) > 1e-3)
    #expect(try sparse.error("AID-CG, symmetric form", at: 500) < 1e-10)
  }

  @Test func aRunStartedAgainEndsWithTheSameBytes() throws {
    #expect(try figures(["--figure", "toy", "--scale", "quick"]).code == 0)
    let name = "toy-elastic-net-seed42.json"
    let first = try directory.bytes(name)
    let resumed = try figures(["--figure", "toy", "--scale", "quick", "--resume"])
    #expect(resumed.code == 0)
    #expect(resumed.output.contains("1 of 1 runs are complete already"))
    #expect(try directory.bytes(name) == first)
    try FileManager.default.removeItem(atPath: directory.file(name))
    #expect(try figures(["--figure", "toy", "--scale", "quick", "--resume"]).code == 0)
    #expect(try directory.bytes(name) == first)
    #expect(try directory.names == [name])
  }

  @Test func otherSettingsAreNotResumedInto() throws {
    #expect(try figures(["--figure", "toy", "--scale", "quick"]).code == 0)
    let name = "toy-elastic-net-seed42.json"
    let before = try directory.bytes(name)
    let refused = try figures(["--figure", "toy", "--scale", "paper", "--resume"])
    #expect(refused.code == 65)
    #expect(refused.errorLines.count == 1)
    for fragment in [name, "scale: quick in the file, paper now"] { #expect(refused.errors.contains(fragment)) }
    #expect(try directory.bytes(name) == before)
    let version = String(decoding: before, as: UTF8.self).replacingOccurrences(
      of: "\"version\" : \"", with: "\"version\" : \"9")
    _ = try directory.write(Array(version.utf8), name)
    let other = try figures(["--figure", "toy", "--scale", "quick", "--resume"])
    #expect(other.code == 65)
    #expect(other.errors.contains("version: 9"))
    _ = try directory.write(Array("{".utf8), name)
    #expect(try figures(["--figure", "toy", "--scale", "quick", "--resume"]).code == 65)
  }

  /// Whatever bit of a file is turned over: it is not taken for complete.
  @Test func damagedFilesAreNotKept() throws {
    let arguments = ["--figure", "toy", "--scale", "quick", "--resume"]
    #expect(try figures(arguments).code == 0)
    let name = "toy-elastic-net-seed42.json"
    let sound = try directory.bytes(name)
    for k in 0..<60 {
      var bytes = sound
      let place = (2 * k + 1) * sound.count / 120
      bytes[place] ^= 1 << (k % 8)
      _ = try directory.write(bytes, name)
      let result = try figures(arguments)
      #expect(result.code == 65 && result.errorLines.count == 1, "bit \(k % 8) of byte \(place): \(result.errors)")
      #expect(result.errors.contains(name) && result.output.isEmpty)
    }
    // Digits of a number exchanged leave a sound JSON file.
    let text = String(decoding: sound, as: UTF8.self)
    let number = try #require(text.firstMatch(of: /0\.\d{6}/)).range
    var other = text
    other.replaceSubrange(number, with: text[number] == "0.123456" ? "0.654321" : "0.123456")
    _ = try directory.write(Array(other.utf8), name)
    #expect(try figures(arguments).errors.contains("is damaged"))
    _ = try directory.write(sound, name)
    #expect(try figures(arguments).output.contains("1 of 1 runs are complete already"))
  }

  @Test func badRequestsAreRefused() throws {
    #expect(try figures(["--figure", "z"]).code == 64)
    #expect(try figures(["--figure", "toy", "--seeds", "3-1"]).code == 64)
    #expect(try figures(["--figure", "toy", "--seeds", "x"]).code == 64)
    #expect(try figures(["--figure", "toy", "--steps", "both"]).code == 64)
    #expect(try figures(["--figure", "toy", "--seeds", "0-4000000000"]).code == 64)
    let digits = try TemporaryDirectory()
    try IDX.write(
      shape: [2, 1, 1], bytes: [3, 4], to: digits.file("train-images-idx3-ubyte"))
    for (labels, fragment) in [([1, 200], "label 200 at item 1"), ([1, 2], "2 digits")] as [([UInt8], String)] {
      try IDX.write(shape: [2], bytes: labels, to: digits.file("train-labels-idx1-ubyte"))
      let refused = try figures(["--figure", "c", "--digits", digits.path])
      #expect(refused.code == 65)
      #expect(
        refused.errors.contains("train-labels-idx1-ubyte") && refused.errors.contains(fragment), "\(refused.errors)")
    }
    let missing = try figures(["--figure", "c", "--digits", directory.file("nowhere")])
    #expect(missing.code == 66)
    #expect(missing.errors.contains("nowhere") && missing.errors.contains("scripts/fetch-data"))
    #expect(try directory.names.isEmpty)
  }
}
