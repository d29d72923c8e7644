import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// `implicit-diff verify`: reports as they were written hold, reports with one digit changed do not, and the line says which.
@Suite struct VerifyTests {
  let directory = try! TemporaryDirectory()

  private static func folder(_ name: String) -> String { ReferenceCase.root + "/" + name }
  private static var diabetes: String { folder("elastic-net-diabetes") }

  /// Writes a report and w, and gives their paths.
  private func write(_ folder: String, _ options: [String]) throws -> (report: String, solution: String) {
    let paths = (directory.file("report.json"), directory.file("w.npy"))
    let run = try Tool.implicitDiff.run(
      ["hypergradient", folder, "--json", paths.0, "--save", paths.1] + options)
    #expect(run.code == 0, "\(run.errors)")
    return paths
  }

  private static let strengths = ["--lambda1", "2", "--lambda2", "0.1"]

  private static let cases: [(String, [String])] = [
    ("elastic-net-diabetes", strengths), ("elastic-net-diabetes", strengths + ["--method", "aid-cg"]),
    ("elastic-net-diabetes", strengths + ["--method", "itd-reverse"]),
    ("elastic-net-diabetes", strengths + ["--method", "all"]),
    ("elastic-net-diabetes", ["--lambda1", "0", "--lambda2", "0.1"]),
    ("elastic-net-diabetes", ["--lambda1", "3", "--lambda2", "0"]),
    ("elastic-net-paper-sparse", ["--lambda1", "0.05", "--lambda2", "0.02"]),
    ("elastic-net-wide", ["--lambda1", "0.2", "--lambda2", "0.1", "--method", "aid-minres"]),
    ("logistic-breast-cancer", ["--model", "logistic", "--lambda1", "0.01", "--lambda2", "0.01"]),
    ("weighted-lasso-diabetes", ["--strengths", folder("weighted-lasso-diabetes") + "/weights.npy", "--lambda2", "0"]),
  ]

  @Test(arguments: cases)
  func whatWasWrittenHolds(_ name: String, _ options: [String]) throws {
    let (report, solution) = try write(Self.folder(name), options)
    let run = try Tool.implicitDiff.run(["verify", Self.folder(name), report, "--solution", solution])
    #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)\n\(run.output)")
    #expect(run.output.contains("re-derived") && !run.output.contains("WRONG"))
    #expect(run.output.contains("validation loss") && run.output.contains("differences"))
  }

  /// At λ2 = 1e-9 with more features than samples, differences in λ2 are off by more than the derivative itself: that is no "ok".
  @Test func differencesThatSayNothingAreNoAgreement() throws {
    let folder = Self.folder("elastic-net-wide")
    let (report, _) = try write(folder, ["--lambda1", "0.01", "--lambda2", "1e-9"])
    let run = try Tool.implicitDiff.run(["verify", folder, report])
    #expect(run.code == 0, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    let line = try #require(lines.first { $0.contains("differences in lambda2") })
    #expect(line.contains("too coarse"))
    #expect(lines.filter { $0.contains("d/d lambda") }.allSatisfy { $0.contains("ok") })
  }

  @Test func groupsAreKept() throws {
    let groups = directory.file("groups.npy")
    let strengths = directory.file("strengths.npy")
    try NPY.write([0, 0, 1, 1, 2, 2, 0, 1, 2, 0] as [Int], to: groups)
    try NPY.write(Vector<Double>([2, 1, 3]), to: strengths)
    let options = ["--strengths", strengths, "--groups", groups, "--lambda2", "0.1"]
    let (report, _) = try write(Self.diabetes, options)
    let run = try Tool.implicitDiff.run(["verify", Self.diabetes, report])
    #expect(run.code == 0 && run.output.contains("d/d strength 2"), "\(run.errors)")
  }

  /// Replaces a number in a report.
  private func change(_ path: String, _ edit: (inout [String: Any]) -> Void) throws -> String {
    var object = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path))) as? [String: Any])
    edit(&object)
    let changed = directory.file("changed.json")
    try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: changed))
    return changed
  }

  private func expectRefusal(_ arguments: [String], code: Int32, _ parts: [String]) throws {
    let run = try Tool.implicitDiff.run(["verify"] + arguments)
    #expect(run.code == code && run.errorLines.count == 1, "\(run.errors)")
    for part in parts { #expect(run.errors.contains(part), "\(run.errors)") }
  }

  @Test(arguments: ["aid-direct", "aid-cg", "auto"])
  func aChangedHypergradientIsTold(_ method: String) throws {
    let (report, _) = try write(Self.diabetes, Self.strengths + ["--method", method])
    for (place, name) in [(0, "d/d lambda1"), (1, "d/d lambda2")] {
      let changed = try change(report) {
        var gradient = $0["hypergradient"] as! [Double]
        gradient[place] *= 1 + 1e-6
        $0["hypergradient"] = gradient
      }
      try expectRefusal([Self.diabetes, changed], code: 70, [changed, name])
    }
    let value = try change(report) { $0["value"] = ($0["value"] as! Double) * (1 + 1e-9) }
    try expectRefusal([Self.diabetes, value], code: 70, ["validation loss"])
    let size = try change(report) { $0["support_size"] = 7 }
    try expectRefusal([Self.diabetes, size], code: 70, ["support size"])
  }

  /// A parameter is told by its checksum, and by the numbers where that was made to fit.
  @Test func aChangedParameterIsTold() throws {
    let (report, solution) = try write(Self.diabetes, Self.strengths)
    let changed = try change(report) { $0["parameters"] = [2.0000001, 0.1] }
    try expectRefusal([Self.diabetes, changed], code: 65, [changed, "the parameters are not those of the report"])
    var sum = Checksum()
    sum.add(Vector<Double>([2.0001, 0.1]))
    let forged = try change(report) {
      $0["parameters"] = [2.0001, 0.1]
      var sums = $0["checksums"] as! [String: String]
      sums["parameters"] = String(format: "%08x", sum.value)
      $0["checksums"] = sums
    }
    try expectRefusal([Self.diabetes, forged], code: 70, ["validation loss", "d/d lambda1"])
    try expectRefusal([Self.diabetes, forged, "--solution", solution], code: 70, ["violation of w"])
  }

  @Test func aChangedSolutionIsTold() throws {
    let (report, solution) = try write(Self.diabetes, Self.strengths)
    var w = try NPY.vector(at: solution, as: Double.self)
    w[3] *= 1 + 1e-12
    try NPY.write(w, to: solution)
    try expectRefusal([Self.diabetes, report, "--solution", solution], code: 65, [solution, "w"])
    try NPY.write(Vector<Double>([1, 2]), to: solution)
    try expectRefusal([Self.diabetes, report, "--solution", solution], code: 65, [solution, "2 entries"])
  }

  @Test func changedDataAreTold() throws {
    let (report, _) = try write(Self.diabetes, Self.strengths)
    let copy = directory.file("data")
    try FileManager.default.copyItem(atPath: Self.diabetes, toPath: copy)
    #expect(try Tool.implicitDiff.run(["verify", copy, report]).code == 0)
    var y = try NPY.vector(at: copy + "/y_val.npy", as: Double.self)
    y[5] *= 1 + 1e-12
    try NPY.write(y, to: copy + "/y_val.npy")
    try expectRefusal([copy, report], code: 65, [copy, "the data are not those of the report"])
    try expectRefusal([Self.folder("elastic-net-wide"), report], code: 65, ["samples"])
  }

  @Test func whatIsNoReportIsRefused() throws {
    try expectRefusal([Self.diabetes, directory.file("absent.json")], code: 66, ["absent.json"])
    let text = try directory.write(Array("{\"model\": \"elastic-net\"".utf8), "cut.json")
    try expectRefusal([Self.diabetes, text], code: 65, [text, "no report"])
    let other = try directory.write(Array("{\"model\": 3}".utf8), "other.json")
    try expectRefusal([Self.diabetes, other], code: 65, [other, "model"])
    let (report, _) = try write(Self.diabetes, Self.strengths)
    let short = try change(report) { $0["hypergradient"] = [1.0] }
    try expectRefusal([Self.diabetes, short], code: 65, ["1 entries"])
    let negative = try change(report) { $0["parameters"] = [-1.0, 0.1] }
    try expectRefusal([Self.diabetes, negative], code: 65, ["parameter 0"])
    let failed = try change(report) { $0["converged"] = false }
    try expectRefusal([Self.diabetes, failed], code: 70, ["did not converge"])
  }

  @Test func findingsAreWrittenAsJSON() throws {
    struct Result: Decodable {
      struct Finding: Decodable {
        var quantity: String
        var holds: Bool?
      }
      var method: String
      var holds: Bool
      var findings: [Finding]
    }
    let (report, _) = try write(Self.diabetes, Self.strengths + ["--method", "all"])
    let run = try Tool.implicitDiff.run(["verify", Self.diabetes, report, "--json", "-"])
    #expect(run.code == 0)
    let results = try JSONDecoder().decode([Result].self, from: Data(run.output.utf8))
    #expect(results.count == 8 && results.allSatisfy(\.holds))
    #expect(results[0].findings.contains { $0.quantity == "d/d lambda1" && $0.holds == true })
  }
}
