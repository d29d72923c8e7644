import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Multinomial models and support vector machines as a user trains them, follows their paths and predicts with them.
@Suite struct FurtherModelTests {
  let directory = try! TemporaryDirectory()
  static let diabetes = ReferenceCase.root + "/elastic-net-diabetes"
  static let cancer = ReferenceCase.root + "/logistic-breast-cancer"

  typealias Report = TuneTests.TuneReport

  private func tune(_ arguments: [String]) throws -> Report {
    let result = try Tool.implicitDiff.run(["tune"] + arguments + ["--json", "-"])
    #expect(result.code == 0, "\(result.code): \(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  struct Predictions: Decodable {
    var scores: [Double]?
    var class_scores: [[Double]]?
    var class_probabilities: [[Double]]?
    var probabilities: [Double]?
    var labels: [String]?
    var loss: Double?
    var accuracy: Double?
    var r_squared: Double?
  }

  private func predict(_ arguments: [String]) throws -> Predictions {
    let result = try Tool.implicitDiff.run(["predict"] + arguments + ["--json", "-"])
    #expect(result.code == 0, "\(result.code): \(result.errors)")
    return try JSONDecoder().decode(Predictions.self, from: Data(result.output.utf8))
  }

  /// Three kinds of points of the plane with a useless column, by the names of their kinds.
  private func flowers(_ name: String, _ rows: Range<Int>) throws -> String {
    let kinds = ["rose", "tulip", "aster"]
    var lines = ["length,width,noise,kind"]
    for i in rows {
      let k = i % 3
      let (a, b) = (1.1 * sin(Double(i) * 1.7), 1.1 * cos(Double(i) * 2.3))
      lines.append("\([2.0, -1, -1][k] + a),\([0, 1.5, -1.5][k] + b),\(sin(Double(i) * 5.1)),\(kinds[k])")
    }
    return try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), name)
  }

  /// Everything is computed once more by loops: the loss of the report, its optimality conditions, probabilities and labels.
  @Test func aMultinomialModelIsTrainedAndPredictsByTheNamesOfClasses() throws {
    let (train, val) = (try flowers("train.csv", 0..<60), try flowers("val.csv", 60..<90))
    let folder = directory.file("model")
    let report = try tune([train, "--validation", val, "--model", "multinomial", "--intercept", "--out", folder])
    let grid = try tune([train, "--validation", val, "--model", "multinomial", "--intercept", "--optimizer", "grid"])
    let (value, best) = (try #require(report.best?.value), try #require(grid.best?.value))
    #expect(value <= best * (1 + 1e-6) && report.stop.converged, "\(value) \(best) \(report.stop)")

    let W = try NPY.matrix(at: folder + "/coefficients.npy", as: Double.self)
    struct Model: Decodable {
      var version: Int
      var classes: [String]
      var intercepts: [String: Double]
      var selected_by_class: [String: [String: Double]]
    }
    let model = try JSONDecoder().decode(Model.self, from: Data(contentsOf: URL(filePath: folder + "/model.json")))
    #expect(model.version == 2 && model.classes == ["aster", "rose", "tulip"] && W.rows == 3 && W.columns == 3)
    for (k, name) in model.classes.enumerated() {
      for (j, column) in ["length", "width", "noise"].enumerated() {
        #expect(model.selected_by_class[name]?[column] ?? 0 == W[k, j])
      }
    }
    func rows(_ path: String) throws -> (X: Matrix<Double>, labels: [String]) {
      let table = try CSVTable(path: path).columns(features: ["length", "width", "noise"], target: "kind")
      guard case .words(let words)? = table.targets else { throw CancellationError() }
      return (table.features, words)
    }
    func probabilities(_ x: [Double]) -> [Double] {
      let scores = (0..<3).map { k in
        (0..<3).reduce(model.intercepts[model.classes[k]]!) { $0 + W[k, $1] * x[$1] }
      }
      let sum = scores.reduce(0) { $0 + exp($1) }
      return scores.map { exp($0) / sum }
    }
    // On the training rows: the gradient is −λ sign on the support, within λ off it, and 0 for the intercepts.
    let λ = try #require(report.best?.parameters[0])
    let (X, y) = try rows(train)
    var gradient = Array(repeating: Array(repeating: 0.0, count: 4), count: 3)
    for i in 0..<60 {
      let x = (0..<3).map { X[i, $0] }
      let P = probabilities(x)
      for k in 0..<3 {
        let r = (P[k] - (y[i] == model.classes[k] ? 1 : 0)) / 60
        for j in 0..<3 { gradient[k][j] += r * x[j] }
        gradient[k][3] += r
      }
    }
    for k in 0..<3 {
      #expect(abs(gradient[k][3]) <= 1e-9)
      for j in 0..<3 {
        let w = W[k, j]
        let residual = w == 0 ? max(0, abs(gradient[k][j]) - λ) : abs(gradient[k][j] + (w > 0 ? λ : -λ))
        // Solves end at residuals of 1e-12 or so.
        #expect(residual <= 1e-9, "\(k), \(j): \(residual)")
      }
    }
    let (Z, v) = try rows(val)
    let found = try predict([folder, val])
    var loss = 0.0
    var right = 0
    for i in 0..<30 {
      let P = probabilities((0..<3).map { Z[i, $0] })
      let best = (0..<3).max { P[$0] < P[$1] }!
      loss -= log(P[model.classes.firstIndex(of: v[i])!]) / 30
      right += model.classes[best] == v[i] ? 1 : 0
      #expect(found.labels?[i] == model.classes[best])
      for k in 0..<3 { #expect(abs(found.class_probabilities![i][k] - P[k]) <= 1e-12) }
    }
    #expect(abs(found.loss! - loss) <= 1e-12 && abs(value - loss) <= 1e-9 && found.accuracy == Double(right) / 30)
    let csv = directory.file("predictions.csv")
    #expect(try Tool.implicitDiff.run(["predict", folder, val, "--out", csv]).code == 0)
    let lines = try String(contentsOfFile: csv, encoding: .utf8).split(separator: "\n")
    #expect(
      lines.count == 31
        && lines[0]
          == "score aster,score rose,score tulip,probability aster,probability rose,probability tulip,label"
    )
    #expect(lines[1].hasSuffix(",\(found.labels![0])"))
  }

  /// A strength for every class, whole features across classes, bounds, and rows over a path.
  @Test(arguments: [
    ["--per-class"], ["--penalty", "elastic-net", "--intercept"], ["--penalty", "group-lasso", "--intercept"],
    ["--lower", "0", "--standardize", "--intercept"], ["--per-feature"], ["--criterion", "cv", "--folds", "4"],
  ])
  func multinomialModelsHaveTheOptionsOfOthers(_ options: [String]) throws {
    let train = try flowers("train.csv", 0..<60)
    let data = options.contains("cv") ? [train] : [train, "--validation", try flowers("val.csv", 60..<90)]
    let report = try tune(data + ["--model", "multinomial"] + options)
    let first = try #require(report.trace.first?.value)
    #expect(report.stop.converged && report.best!.value! < first * (1 + 1e-12), "\(report.stop)")
    let names =
      switch options[0] {
      case "--per-class": ["lambda1[aster]", "lambda1[rose]", "lambda1[tulip]"]
      case "--per-feature": ["lambda1[0]", "lambda1[1]", "lambda1[2]"]
      default: options.contains("elastic-net") ? ["lambda1", "lambda2"] : ["lambda1"]
      }
    #expect(report.names == names)
  }

  /// min ½ w² + C Σ max(0, 1 − yᵢ xᵢ w) over the points ±1 with labels ±1 is min(1, 2C), over a whole path of C; and for targets ±3 min(3 − ε, 2C).
  @Test func pathsOfMachinesHaveClosedForms() throws {
    for (name, model, options) in [
      ("labels.svm", "svm", []), ("targets.svm", "svr", ["--epsilon", "0.5"]),
    ] as [(String, String, [String])] {
      let size = model == "svm" ? 1 : 3
      let data = try directory.write(Array("\(size) 1:1\n-\(size) 1:-1\n".utf8), name)
      let out = directory.file("path-" + model)
      let result = try Tool.implicitDiff.run(
        ["path", data, "--model", model, "--points", "20", "--ratio", "1e-6", "--out", out] + options)
      #expect(result.code == 0, "\(result.errors)")
      let values = try NPY.vector(at: out + "/coefficients.data.npy", as: Double.self)
      let lines = try String(contentsOfFile: out + "/path.csv", encoding: .utf8).split(separator: "\n").dropFirst()
      #expect(values.count == 20 && lines.count == 20)
      for (w, line) in zip(values, lines) {
        let C = try #require(Double(line.split(separator: ",")[0]))
        #expect(abs(w - min(model == "svm" ? 1 : 2.5, 2 * C)) <= 1e-12 * max(1, w), "\(C): \(w)")
      }
    }
  }

  /// A machine is convex: no small move of its coefficients lowers what it minimizes, by loops over the rows.
  @Test(arguments: [("svm", cancer), ("svr", diabetes)])
  func aMachineIsTheMinimizerAndBeatsAGrid(_ model: String, _ data: String) throws {
    let folder = directory.file("model")
    let report = try tune([data, "--model", model, "--out", folder])
    let grid = try tune([data, "--model", model, "--optimizer", "grid", "--points", model == "svm" ? "60" : "8"])
    let (value, best) = (try #require(report.best?.value), try #require(grid.best?.value))
    // Hinges of held-out rows make valleys of their own.
    #expect(value <= best * 1.002 && report.stop.converged, "\(value) \(best) \(report.stop)")
    let w = try NPY.vector(at: folder + "/coefficients.npy", as: Double.self)
    func part(_ name: String) throws -> (Matrix<Double>, Vector<Double>) {
      (
        try NPY.matrix(at: data + "/X_\(name).npy", as: Double.self),
        try NPY.vector(at: data + "/y_\(name).npy", as: Double.self)
      )
    }
    let (X, y) = try part("train")
    let λ = try #require(report.best?.parameters)
    func objective(_ w: Vector<Double>) -> Double {
      let z = X * w
      let loss = y.indices.reduce(0.0) {
        $0 + (model == "svm" ? max(0, 1 - y[$1] * z[$1]) : max(0, abs(y[$1] - z[$1]) - λ[1]))
      }
      return w.dot(w) / 2 + λ[0] * loss
    }
    let least = objective(w)
    for k in 0..<200 {
      let size = [1e-2, 1e-4][k % 2] * w.norm
      let step = Vector(count: w.count) { sin(Double(1 + k * 31 + $0 * 17)) }
      let moved = w + (size / step.norm) * step
      #expect(objective(moved) >= least * (1 - 1e-12), "\(k)")
    }
    let (Z, v) = try part("val")
    let scores = Z * w
    let loss = v.indices.reduce(0.0) {
      let r = v[$1] - scores[$1]
      return $0 + (model == "svm" ? max(0, 1 - v[$1] * scores[$1]) : r * r / 2)
    }
    #expect(abs(value - loss / Double(v.count)) <= 1e-9 * value)
    let found = try predict([folder, data])
    #expect(abs(found.loss! - value) <= 1e-9 * value && found.probabilities == nil)
    #expect(zip(found.scores!, scores).allSatisfy { abs($0 - $1) <= 1e-10 * (1 + abs($1)) })
    #expect((found.accuracy == nil) == (model == "svr") && (found.r_squared == nil) == (model == "svm"))
  }

  /// Ended after a few evaluations and gone on with, a search has the numbers of one without a break.
  @Test(arguments: ["svm", "multinomial"]) func searchesGoOnBitForBit(_ model: String) throws {
    let data =
      model == "svm"
      ? [Self.cancer, "--criterion", "cv", "--folds", "3"] : [try flowers("train.csv", 0..<60), "--criterion", "cv"]
    let checkpoint = directory.file("checkpoint.json")
    let arguments = data + ["--model", model, "--max-evaluations", "4"]
    let whole = try tune(arguments)
    _ = try tune(data + ["--model", model, "--max-evaluations", "2", "--checkpoint", checkpoint])
    let rest = try tune(arguments + ["--checkpoint", checkpoint, "--resume"])
    #expect(rest.trace == whole.trace && rest.trace.count == 4)
  }

  @Test(
    arguments: [
      (["--model", "svm", "--penalty", "lasso"], 64, "--penalty ridge goes with svm and svr"),
      (["--penalty", "ridge"], 64, "--penalty ridge goes with svm and svr"),
      (["--model", "svm", "--epsilon", "1"], 64, "--epsilon goes with svr"),
      (["--model", "svr", "--epsilon", "-1"], 64, "--epsilon: -1"),
      (["--model", "svm", "--per-feature"], 64, "do not go with svm"),
      (["--model", "logistic", "--per-class"], 64, "--per-class goes with multinomial"),
      (["--model", "multinomial", "--penalty", "slope"], 64, "does not go with multinomial"),
      (["--model", "multinomial", "--weights", "w.npy"], 64, "do not go with multinomial"),
      (["--model", "svm"], 65, "training targets take 3 values (aster, rose, tulip)"),
      (["--model", "logistic"], 65, "more are for --model multinomial"),
      (["--model", "svr"], 65, "holds words"),
      (["--model", "multinomial", "--criterion", "aic"], 64, "--criterion aic goes with"),
      (["--model", "multinomial", "--folds", "40"], 65, "class 'aster' has 20 rows"),
    ] as [([String], Int32, String)])
  func whatDoesNotFitIsRefused(_ options: [String], _ code: Int32, _ fragment: String) throws {
    let result = try Tool.implicitDiff.run(["tune", try flowers("train.csv", 0..<60)] + options)
    #expect(result.code == code && result.errors.contains(fragment), "\(result.code): \(result.errors)")
  }

  @Test func classesThatAreNotThereAreNamed() throws {
    func table(_ kinds: [String], _ name: String) throws -> String {
      let lines = ["x,kind"] + kinds.enumerated().map { "\(sin(Double($0) * 3)),\($1)" }
      return try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), name)
    }
    func fail(_ arguments: [String], _ fragment: String) throws {
      let result = try Tool.implicitDiff.run(["tune"] + arguments)
      #expect(result.code == 65 && result.errors.contains(fragment), "\(result.code): \(result.errors)")
    }
    let one = try table(Array(repeating: "a", count: 12), "one.csv")
    for model in ["svm", "multinomial"] {
      try fail([one, "--model", model], "all training targets are a; expected rows of")
    }
    let rare = try table(["c"] + (0..<20).map { $0 % 2 == 0 ? "a" : "b" }, "rare.csv")
    try fail(
      [rare, "--model", "multinomial", "--folds", "2"],
      "class 'c' has 1 row: a fold would be without it; take the row out")
    try fail(
      [
        try table(["a", "b", "a", "b"], "two.csv"), "--validation", try table(["a", "c"], "other.csv"), "--model",
        "multinomial",
      ], "validation target 1 is 'c'; expected the labels a and b")
    let numbers = (0..<1200).map { "\(sin(Double($0)))" }
    try fail([try table(numbers, "numbers.csv"), "--model", "multinomial"], "expected at most 1000 classes")
  }

  /// Files that are not of one model.
  @Test func aDamagedModelIsRefused() throws {
    let train = try flowers("train.csv", 0..<60)
    let folder = directory.file("model")
    _ = try tune([train, "--model", "multinomial", "--out", folder, "--folds", "3"])
    let path = folder + "/coefficients.npy"
    let W = try NPY.matrix(at: path, as: Double.self)
    func fail(_ fragment: String) throws {
      let result = try Tool.implicitDiff.run(["predict", folder, train])
      #expect(result.code == 65 && result.errors.contains(fragment), "\(result.errors)")
    }
    try NPY.write(Matrix<Double>(rows: 3, columns: 2) { W[$0, $1] }, to: path)
    try fail("is 3 × 2; expected 3 × 3")
    try NPY.write(Matrix<Double>(rows: 3, columns: 3) { 2 * W[$0, $1] }, to: path)
    try fail("holds other coefficients than model.json selects")
  }
}
