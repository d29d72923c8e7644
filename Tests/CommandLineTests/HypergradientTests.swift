import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// `implicit-diff hypergradient` against the exact answers of Tests/Reference.
@Suite struct HypergradientTests {
  let directory = try! TemporaryDirectory()

  static let methods: [(name: String, allowed: Double)] = [
    ("auto", 1e-9), ("aid-fp", 1e-7), ("aid-cg", 1e-9), ("aid-minres", 1e-9), ("aid-gmres", 1e-9),
    ("aid-bicgstab", 1e-9), ("aid-direct", 1e-9), ("itd-forward", 1e-7), ("itd-reverse", 1e-7),
  ]

  private func arguments(_ reference: ReferenceCase, _ more: [String] = []) -> [String] {
    [
      "hypergradient", ReferenceCase.root + "/" + reference.name, "--lambda1", "\(reference.answer.lambda1)",
      "--lambda2", "\(reference.answer.lambda2)",
    ] + more
  }

  private func solutionFile(_ reference: ReferenceCase) throws -> String {
    let path = directory.file("solution.npy")
    try NPY.write(Vector<Double>(reference.answer.solution), to: path)
    return path
  }

  @Test(arguments: ReferenceCase.elasticNetNames, [false, true])
  func everyMethodMeetsTheExactAnswer(_ name: String, _ solutionGiven: Bool) throws {
    let reference = try ReferenceCase(name)
    let exact = Vector(reference.answer.hypergradient)
    let given = solutionGiven ? ["--solution", try solutionFile(reference)] : []
    for (method, allowed) in Self.methods {
      let run = try Tool.implicitDiff.run(arguments(reference, ["--method", method, "--json", "-"] + given))
      #expect(run.code == 0 && run.errors.isEmpty, "\(method): \(run.errors)")
      let report = try Report.decode(run.output)
      let got = Vector(report.hypergradient)
      #expect(relativeError(got, exact) <= allowed, "\(method)")
      let bound = try #require(report.error_bound, "\(method) has no error bound")
      #expect(got.distance(to: exact) <= bound, "\(method)")
      #expect(bound <= 1e-5 * exact.norm, "\(method): a bound that says nothing")
      #expect(report.converged)
      #expect(report.method == method && report.model == "elastic-net")
      #expect(report.samples == reference.data.trainFeatures.rows)
      #expect(report.features == reference.data.trainFeatures.columns)
      #expect(report.support_size == reference.answer.support.count)
      #expect((report.inner.iterations == 0) == solutionGiven)
      #expect(report.hypergradient_seconds > 0 && report.adjoint.seconds > 0)
      try expectValueAndMargin(report, reference)
    }
  }

  /// The logistic model and strengths by feature meet their exact cases; an expected error bound holds.
  @Test(arguments: [
    ("logistic-breast-cancer", ["--model", "logistic", "--lambda1", "0.01", "--lambda2", "0.01"]),
    ("weighted-lasso-diabetes", ["--strengths", "weights.npy", "--lambda2", "0"]),
  ])
  func otherModelsMeetTheirExactAnswers(_ name: String, _ strengths: [String]) throws {
    struct Answer: Decodable {
      var value: Double
      var hypergradient: [Double]
    }
    let folder = ReferenceCase.root + "/" + name
    let answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: folder + "/case.json")))
    let exact = Vector(answer.hypergradient)
    for (method, allowed) in Self.methods {
      let arguments = strengths.map { $0.hasSuffix(".npy") ? folder + "/" + $0 : $0 }
      let run = try Tool.implicitDiff.run(["hypergradient", folder, "--method", method, "--json", "-"] + arguments)
      #expect(run.code == 0 && run.errors.isEmpty, "\(method): \(run.errors)")
      let report = try Report.decode(run.output)
      let got = Vector(report.hypergradient)
      #expect(relativeError(got[segment: 0..<exact.count], exact) <= allowed, "\(method)")
      #expect(abs(report.value / answer.value - 1) <= 1e-11)
      let bound = try #require(report.error_bound)
      #expect(got[segment: 0..<exact.count].distance(to: exact) <= bound)
    }
  }

  /// Both are taken at a w with ‖w − w*‖ ≤ e = ρ/(1 − q), ρ = ‖Φ(w) − w‖ ≤ s ‖v‖ ≤ s √p max|v| for the subgradient v of least norm,
  /// as a proximal map does not expand. For a mean of squares with Hessian norm at most L,
  /// |E(w) − E(w*)| ≤ √(2 L E) e + L e²/2, and the gradients that margins are made of move by at most (2/s) e, as s ≤ 2/L.
  /// The rest is rounding: sums of n terms of size |x y|.
  private func expectValueAndMargin(_ report: Report, _ reference: ReferenceCase) throws {
    let answer = reference.answer
    let n = Double(reference.data.trainFeatures.rows)
    let roundoff = n * Double.ulpOfOne
    let size = Vector(answer.solution).norm
    let violation = try #require(report.inner.violation)
    let residual = answer.step_size * Double(report.features).squareRoot() * violation
    let e = (residual + roundoff * size) / (1 - answer.contraction)
    let held = reference.data.validationFeatures
    let L = held.frobeniusNorm * held.frobeniusNorm / Double(held.rows)
    let allowed = (2 * L * answer.value).squareRoot() * e + L * e * e / 2 + roundoff * answer.value
    #expect(abs(report.value - answer.value) <= allowed)
    let expected = try #require(answer.margin)
    let margin = try #require(report.margin)
    let correlation = reference.data.trainFeatures.frobeniusNorm * reference.data.trainTargets.norm / n
    #expect(abs(margin - expected) <= 2 / answer.step_size * e + roundoff * correlation)
  }

  /// At a state that is only near the solution, the bound still holds where there is one.
  @Test(arguments: ReferenceCase.elasticNetNames, [1e-9, 1e-6, 1e-3])
  func errorBoundsHoldAwayFromTheSolution(_ name: String, _ shift: Double) throws {
    let reference = try ReferenceCase(name)
    let exact = Vector(reference.answer.hypergradient)
    var w = Vector(reference.answer.solution)
    for (k, j) in reference.answer.support.enumerated() { w[j] += k.isMultiple(of: 2) ? shift : -shift }
    let path = directory.file("near.npy")
    try NPY.write(w, to: path)
    let run = try Tool.implicitDiff.run(arguments(reference, ["--solution", path, "--json", "-"]))
    let report = try Report.decode(run.output)
    if let bound = report.error_bound { #expect(Vector(report.hypergradient).distance(to: exact) <= bound) }
  }

  /// Noise where the solution is zero puts every coordinate on the support, and the derivative of that piece is another one: a bound, where there is
  /// one, counts how far it is off.
  @Test func aSolutionWithNoisyZerosHasNoSmallBound() throws {
    let reference = try ReferenceCase("elastic-net-paper-sparse")
    let path = directory.file("noisy.npy")
    let w = Vector(reference.answer.solution)
    try NPY.write(Vector(count: w.count) { w[$0] == 0 ? 1e-15 : w[$0] }, to: path)
    let run = try Tool.implicitDiff.run(arguments(reference, ["--solution", path, "--json", "-"]))
    let report = try Report.decode(run.output)
    let distance = Vector(report.hypergradient).distance(to: Vector(reference.answer.hypergradient))
    if let bound = report.error_bound { #expect(distance <= bound && report.no_bound == nil) }
    #expect((report.error_bound == nil) == (report.no_bound != nil))
  }

  @Test func theKeysAreThePublishedOnes() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let run = try Tool.implicitDiff.run(arguments(reference, ["--json", "-", "--repeat", "3"]))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "model", "method", "samples", "features", "value", "hypergradient", "support_size", "margin", "error_bound",
        "no_bound", "converged", "inner", "adjoint", "hypergradient_seconds", "seconds", "parameters", "groups",
        "checksums",
      ])
    #expect(object["parameters"] as? [Double] == [reference.answer.lambda1, reference.answer.lambda2])
    let checksums = try #require(object["checksums"] as? [String: String])
    #expect(Set(checksums.keys) == ["data", "parameters", "solution"] && checksums.values.allSatisfy { $0.count == 8 })
    let inner = try #require(object["inner"] as? [String: Any])
    #expect(Set(inner.keys) == ["iterations", "residual", "duality_gap", "violation", "seconds"])
    // The automatic choice needs no step size, and so no residual of the map.
    #expect(inner["residual"] is NSNull && inner["duality_gap"] is Double)
    let seconds = try #require(object["seconds"] as? [String: Double])
    #expect(Set(seconds.keys) == ["reading", "solving", "linearizing", "adjoint", "bound", "checksum", "total"])
    // The parts are measured one after the other within the whole.
    #expect(seconds.values.reduce(0, +) <= 2 * seconds["total"]!)
    let adjoint = try #require(object["adjoint"] as? [String: Any])
    #expect(Set(adjoint.keys) == ["iterations", "products", "residual", "seconds"])
  }

  /// What is saved is the solution: taken from there, it gives the same numbers.
  @Test func theSolutionIsSaved() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let path = directory.file("w.npy")
    let first = try Tool.implicitDiff.run(arguments(reference, ["--save", path, "--json", "-"]))
    #expect(first.code == 0, "\(first.errors)")
    let w = try NPY.vector(at: path, as: Double.self)
    #expect(relativeError(w, Vector(reference.answer.solution)) <= 1e-9)
    let second = try Tool.implicitDiff.run(arguments(reference, ["--solution", path, "--json", "-"]))
    #expect(try Report.decode(first.output).hypergradient == Report.decode(second.output).hypergradient)
  }

  @Test func jsonGoesToAFileWhole() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let path = try directory.write(Array("what was there before".utf8), "report.json")
    let run = try Tool.implicitDiff.run(arguments(reference, ["--json", path]))
    #expect(run.code == 0)
    #expect(run.output.contains("hypergradient (") && !run.output.contains("{"))
    let report = try Report.decode(String(decoding: try directory.bytes("report.json"), as: UTF8.self))
    #expect(report.converged)
    #expect(try directory.names == ["report.json"])
  }

  @Test func allComparesEveryMethod() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let run = try Tool.implicitDiff.run(
      arguments(reference, ["--method", "all", "--json", directory.file("all.json")]))
    #expect(run.code == 0)
    let names = Self.methods.map(\.name).filter { $0 != "auto" }
    for name in names { #expect(run.output.contains("\n\(name) "), "\(name) is not in the table") }
    for title in ["error: against aid-direct", "products", "ms"] { #expect(run.output.contains(title)) }
    let reports = try JSONDecoder().decode([Report].self, from: Data(try directory.bytes("all.json")))
    #expect(reports.map(\.method) == names)
  }

  /// float32 rounds the data by half an ulp each, so the answer moves by about κ ulp: the check is against the same
  /// rounded data in float64, where nothing is lost.
  @Test func float32AndFortranOrderAreRead() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let data = reference.data
    func folder(_ name: String, _ write: (String, Matrix<Double>) throws -> Void) throws -> String {
      let path = directory.file(name)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try write(path + "/X_train.npy", data.trainFeatures)
      try write(path + "/X_val.npy", data.validationFeatures)
      try NPY.write(data.trainTargets, to: path + "/y_train.npy")
      try NPY.write(data.validationTargets, to: path + "/y_val.npy")
      return path
    }
    func rounded(_ X: Matrix<Double>) -> Matrix<Float> {
      Matrix(rows: X.rows, columns: X.columns) { Float(X[$0, $1]) }
    }
    let folders = [
      try folder("float32-C") { try NPY.write(rounded($1).packed(as: .rowMajor), to: $0) },
      try folder("float32-F") { try NPY.write(rounded($1).packed(as: .columnMajor), to: $0) },
      try folder("float64-F") { path, X in
        let r = rounded(X)
        try NPY.write(Matrix<Double>(rows: X.rows, columns: X.columns) { Double(r[$0, $1]) }, to: path)
      },
    ]
    let answers = try folders.map { folder in
      let run = try Tool.implicitDiff.run(
        ["hypergradient", folder, "--lambda1", "2", "--lambda2", "0.1", "--json", "-"])
      return try Report.decode(run.output).hypergradient
    }
    #expect(answers[0] == answers[2] && answers[1] == answers[2])
    // Half an ulp of Float, by a condition number below 100.
    #expect(
      relativeError(Vector(answers[0]), Vector(reference.answer.hypergradient)) <= 100 * Double(Float.ulpOfOne))
  }
}
