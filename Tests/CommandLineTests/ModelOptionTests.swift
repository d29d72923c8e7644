import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Weights, offsets, factors, bounds, counts and information criteria on the command line.
@Suite struct ModelOptionTests {
  let directory = try! TemporaryDirectory()
  static let diabetes = ReferenceCase.root + "/elastic-net-diabetes"
  static let cancer = ReferenceCase.root + "/logistic-breast-cancer"

  typealias Report = TuneTests.TuneReport

  func tune(_ arguments: [String]) throws -> Report {
    let result = try Tool.implicitDiff.run(["tune"] + arguments + ["--json", "-"])
    #expect(result.code == 0, "\(result.code): \(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  /// A table of four features, counts and the columns that options name.
  func table(_ name: String, repeating: Bool = false, dropping: Bool = false, rows: Range<Int> = 0..<60) throws
    -> String
  {
    var lines = [repeating || dropping ? "a,b,c,d,y" : "a,w,b,c,log_exposure,d,y"]
    for i in rows {
      let x = (0..<4).map { sin(1 + Double((i + 1) * ($0 + 1)) * 0.7) }
      let exposure = 0.3 * cos(Double(i))
      let y = max(0, (3 + 2.5 * cos(0.9 * Double(i)) + 2 * x[0]).rounded(.down))
      let weight = i % 3
      if repeating {
        for _ in 0..<weight { lines.append("\(x[0]),\(x[1]),\(x[2]),\(x[3]),\(y)") }
      } else if dropping {
        if weight > 0 { lines.append("\(x[0]),\(x[1]),\(x[2]),\(x[3]),\(y)") }
      } else {
        lines.append("\(x[0]),\(weight),\(x[1]),\(x[2]),\(exposure),\(x[3]),\(y)")
      }
    }
    return try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), name)
  }

  /// Whole weights are repeated rows, and 0 leaves a row out, in the fit, in its standardization and in what judges it.
  @Test(arguments: [
    ["--model", "least-squares", "--intercept", "--standardize"], ["--model", "poisson", "--intercept"],
    ["--model", "huber", "--penalty", "elastic-net"],
    ["--penalty", "nonnegative-lasso", "--intercept", "--standardize"],
  ])
  func weightsAreRepeatedRows(_ options: [String]) throws {
    let weighted = try tune(
      [
        try table("train.csv"), "--validation", try table("val.csv", rows: 60..<90), "--weights", "w",
        "--offsets", "log_exposure", "--optimizer", "grid", "--points", "7",
      ] + options)
    let offsets = { (rows: Range<Int>, name: String) -> String in
      let values = rows.flatMap { i in Array(repeating: 0.3 * cos(Double(i)), count: i % 3) }
      try NPY.write(Vector(values), to: self.directory.file(name))
      return self.directory.file(name)
    }
    let repeated = try tune(
      [
        try table("train2.csv", repeating: true), "--validation",
        try table("val2.csv", repeating: true, rows: 60..<90), "--offsets", offsets(0..<60, "o.npy"),
        "--validation-offsets", offsets(60..<90, "v.npy"), "--optimizer", "grid", "--points", "7",
      ] + options)
    #expect(weighted.features == 4 && repeated.features == 4)
    #expect(weighted.trace.count == repeated.trace.count)
    for (a, b) in zip(weighted.trace, repeated.trace) {
      let (x, y) = (try #require(a.value), try #require(b.value))
      // Solves to rounding of the same problem, summed in another order.
      #expect(abs(x - y) <= 1e-9 * y && a.selected == b.selected && a.failure == nil, "\(x) \(y)")
    }
  }

  /// Rows of weight 0 are in no fold.
  @Test func rowsWithoutWeightAreInNoFold() throws {
    let data = try table("all.csv")
    let options = ["--criterion", "cv", "--folds", "5", "--optimizer", "grid", "--points", "5"]
    let weights = directory.file("w.npy")
    try NPY.write(Vector<Double>((0..<60).map { $0 % 3 == 0 ? 0 : 2.5 }), to: weights)
    let dropped = try tune([try table("some.csv", dropping: true)] + options)
    // The two columns that are features here have names of their own and would count as such.
    let plain = directory.file("plain")
    try FileManager.default.createDirectory(atPath: plain, withIntermediateDirectories: true)
    let read = try CSVTable(path: data).columns(features: ["a", "b", "c", "d"], target: "y")
    try NPY.write(read.features, to: plain + "/X.npy")
    guard case .numbers(let y)? = read.targets else { return #expect(Bool(false)) }
    try NPY.write(y, to: plain + "/y.npy")
    let weighted = try tune([plain, "--weights", weights] + options)
    #expect(weighted.samples == 40 && dropped.samples == 40)
    for (a, b) in zip(weighted.trace, dropped.trace) {
      #expect(abs(a.value! - b.value!) <= 1e-9 * b.value!)
    }
  }

  /// What a model with offsets says of other rows needs theirs.
  @Test func predictionsTakeOffsets() throws {
    let (data, model) = (try table("train.csv"), directory.file("model"))
    let validation = try table("val.csv", rows: 60..<90)
    let report = try tune([
      data, "--validation", validation, "--model", "poisson", "--intercept", "--offsets", "log_exposure", "--weights",
      "w", "--out", model,
    ])
    #expect(report.stop.converged)
    struct Predictions: Decodable {
      var scores: [Double]
      var means: [Double]
      var loss: Double
    }
    // The column is found by the name that tune was given; weights play no role.
    let result = try Tool.implicitDiff.run(["predict", model, validation, "--json", "-"])
    #expect(result.code == 0, "\(result.errors)")
    let predictions = try JSONDecoder().decode(Predictions.self, from: Data(result.output.utf8))
    let rows = try CSVTable(path: validation).columns(features: ["w", "a", "b", "c", "d", "log_exposure"], target: "y")
    let w = try NPY.vector(at: model + "/coefficients.npy", as: Double.self)
    struct Model: Decodable { var intercept: Double }
    let intercept = try JSONDecoder().decode(Model.self, from: Data(contentsOf: URL(filePath: model + "/model.json")))
      .intercept
    guard case .numbers(let y)? = rows.targets else { return #expect(Bool(false)) }
    var (loss, sum) = (0.0, 0.0)
    for i in 0..<30 {
      let z = (0..<4).reduce(intercept + rows.features[i, 5]) { $0 + w[$1] * rows.features[i, $1 + 1] }
      #expect(abs(predictions.scores[i] - z) <= 1e-12 && abs(predictions.means[i] - exp(z)) <= 1e-12 * exp(z))
      let term = exp(z) - y[i] * z + (y[i] > 0 ? y[i] * log(y[i]) - y[i] : 0)
      loss += rows.features[i, 0] * term
      sum += rows.features[i, 0]
    }
    #expect(abs(report.best!.value! - loss / sum) <= 1e-12)
    let columns = directory.file("X.npy")
    try NPY.write(Matrix<Double>(rows: 3, columns: 4) { Double($0 + $1) }, to: columns)
    let refused = try Tool.implicitDiff.run(["predict", model, columns])
    #expect(refused.code == 65 && refused.errors.contains("--offsets"), "\(refused.errors)")
  }

  /// A lower bound of 0 is the nonnegative lasso; bounds and factors are those of the coefficients in the units of the data.
  @Test func boundsAndFactorsAreInTheUnitsOfTheData() throws {
    let options = [Self.diabetes, "--intercept", "--optimizer", "grid", "--points", "6"]
    let bounded = try tune(options + ["--lower", "0"])
    let nonnegative = try tune(options + ["--penalty", "nonnegative-lasso"])
    for (a, b) in zip(bounded.trace, nonnegative.trace) {
      // The largest strength is found by bisection, and the intercept is fitted in another way.
      #expect(abs(a.value! - b.value!) <= 1e-7 * b.value!)
    }
    let model = directory.file("model")
    let factors = directory.file("factors.npy")
    try NPY.write(Vector<Double>([1, 0, 1, 1, 1, 1, 1, 1, 5, 1]), to: factors)
    _ = try tune(
      [Self.diabetes, "--intercept", "--standardize", "--upper", "10", "--lower", "-4", "--penalty-factors", factors]
        + ["--out", model])
    let w = try NPY.vector(at: model + "/coefficients.npy", as: Double.self)
    // Divided by a deviation and multiplied by it again.
    #expect(w.allSatisfy { $0 <= 10 * (1 + 1e-14) && $0 >= -4 * (1 + 1e-14) } && w[1] != 0)
    #expect(w.contains { abs($0 - 10) <= 1e-13 }, "\(w)")
  }

  @Test func informationCriteriaAreForGrids() throws {
    let report = try tune([Self.diabetes, "--intercept", "--criterion", "bic"])
    #expect(report.optimizer == "grid" && report.evaluations == 100 && report.stop.reason == "exhausted")
    let best = try #require(report.best)
    #expect(
      best.log_gradient == nil && best.gradient_error_bound == nil
        && report.trace.allSatisfy { $0.value! >= best.value! })
    let path = directory.file("checkpoint")
    let half = [Self.diabetes, "--intercept", "--criterion", "ebic", "--points", "20", "--checkpoint", path]
    let whole = try tune(half)
    _ = try tune(half + ["--max-evaluations", "7"])
    #expect(try tune(half + ["--resume"]).trace == whole.trace)
    // One number changed in the factors is another search.
    let factors = directory.file("factors.npy")
    try NPY.write(Vector<Double>(repeating: 1, count: 10), to: factors)
    let other = try Tool.implicitDiff.run(["tune"] + half + ["--resume", "--penalty-factors", factors])
    #expect(other.code == 65 && other.errors.contains("the data are others"), "\(other.errors)")
  }

  @Test(
    arguments: [
      (["--criterion", "bic", "--optimizer", "lbfgs"], 64, "has no gradient"),
      (["--criterion", "bic", "--model", "huber"], 64, "least-squares, logistic and poisson"),
      (["--criterion", "aic", "--penalty", "group-lasso", "--groups", "g.npy"], 64, "single features"),
      (["--weights", "w"], 64, "is a column"), (["--offsets", "w"], 64, "is a column"),
      (["--weights", "BAD"], 65, "entry 2 is -1"), (["--weights", "ZERO"], 65, "are 0"),
      (["--weights", "SHORT"], 65, "expected 265"), (["--offsets", "ONES"], 65, "--validation-offsets"),
      (["--penalty-factors", "ZERO10"], 65, "zeros alone"), (["--penalty-factors", "SHORT"], 65, "expected 10"),
      (["--ridge-factors", "ONES"], 64, "elastic-net"), (["--lower", "1"], 64, "at most 0"),
      (["--upper", "x"], 64, "at least 0"), (["--adaptive", "0"], 64, "not a positive number"),
      (["--adaptive", "1", "--penalty", "nonnegative-lasso"], 64, "go with lasso"),
      (["--lower", "NEGATIVE"], 65, "expected 10"),
      (["--validation-weights", "ONES"], 64, "goes with --weights"),
      (["--criterion", "sure", "--noise", "1", "--weights", "ONES"], 64, "without --weights"),
    ] as [([String], Int32, String)])
  func whatCannotBeIsRefused(_ options: [String], _ code: Int32, _ fragment: String) throws {
    let arrays: [String: Vector<Double>] = [
      "BAD": Vector((0..<265).map { $0 == 2 ? -1 : 1 }), "ZERO": .zeros(265), "SHORT": .zeros(3),
      "ONES": Vector(repeating: 1, count: 265), "ZERO10": .zeros(10), "NEGATIVE": Vector(repeating: -1, count: 9),
    ]
    for (name, values) in arrays { try NPY.write(values, to: directory.file(name + ".npy")) }
    let arguments = options.map { arrays[$0] == nil ? $0 : directory.file($0 + ".npy") }
    let result = try Tool.implicitDiff.run(["tune", Self.diabetes] + arguments)
    #expect(result.code == code && result.errorLines.count == 1, "\(result.code): \(result.errors)")
    #expect(result.errors.contains(fragment), "\(result.errors)")
  }

  @Test func countsAreRefusedWhereThereAreNone() throws {
    let folder = directory.file("counts")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try NPY.write(Matrix<Double>(rows: 6, columns: 2) { i, j in Double(i * i + j) }, to: folder + "/X.npy")
    func expect(_ y: Vector<Double>, _ fragment: String, _ options: [String] = []) throws {
      try NPY.write(y, to: folder + "/y.npy")
      let result = try Tool.implicitDiff.run(["tune", folder, "--model", "poisson", "--intercept"] + options)
      #expect(result.code == 65 && result.errorLines.count == 1, "\(result.code): \(result.errors)")
      #expect(result.errors.contains(fragment), "\(result.errors)")
    }
    try expect([1, 2, -1, 0, 1, 3], "target 2 is -1")
    try expect([0, 0, 0, 0, 0, 0], "all training targets are 0", ["--folds", "2"])
    try expect([0, 0, 5, 0, 0, 0], "counts are all 0", ["--folds", "6"])
  }
}
