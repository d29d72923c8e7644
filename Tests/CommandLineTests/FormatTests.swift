import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// The same data in every format, through the commands.
@Suite struct FormatTests {
  let directory = try! TemporaryDirectory()
  static let diabetes = ReferenceCase.root + "/elastic-net-diabetes"
  static let cancer = ReferenceCase.root + "/logistic-breast-cancer"

  /// The parts of `tune --json` that say whether two searches met the same data.
  struct Report: Decodable {
    struct Record: Decodable, Equatable {
      var parameters: [Double]
      var value: Double?
    }
    var samples: Int
    var features: Int
    var criterion: String
    var classes: [String]?
    var target: String?
    var best: Record?
    var trace: [Record]
  }

  private func tune(_ arguments: [String]) throws -> Report {
    let result = try Tool.implicitDiff.run(["tune"] + arguments + ["--json", "-"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(arguments): \(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  private func write(_ text: String, _ name: String) throws -> String { try directory.write(Array(text.utf8), name) }

  private static func csv(_ X: Matrix<Double>, _ y: [String]) -> String {
    var text = (0..<X.columns).map { "\"x, \($0)\"," }.joined() + "y\n"
    for i in 0..<X.rows { text += (0..<X.columns).map { "\(X[i, $0])," }.joined() + y[i] + "\n" }
    return text
  }

  private static func libsvm(_ X: Matrix<Double>, _ y: Vector<Double>) -> String {
    (0..<X.rows).map { i in
      "\(y[i])" + (0..<X.columns).filter { X[i, $0] != 0 }.map { " \($0 + 1):\(X[i, $0])" }.joined() + "\n"
    }.joined()
  }

  private static func rows(_ X: Matrix<Double>) -> [[Double]] {
    (0..<X.rows).map { i in (0..<X.columns).map { X[i, $0] } }
  }

  @Test func everyFormatGivesTheSameSearch() throws {
    let data = try HeldOutData<Double>(directory: Self.diabetes)
    let expected = try tune([Self.diabetes])
    let (train, validation) = (data.trainFeatures, data.validationFeatures)
    let (y, v) = (data.trainTargets, data.validationTargets)
    // Texts hold every digit, so the numbers are the same, and so is every step of the search.
    let a = try write(Self.csv(train, y.map { "\($0)" }), "a.csv")
    let b = try write(Self.csv(validation, v.map { "\($0)" }), "b.csv")
    let named = try tune([a, "--validation", b])
    #expect(named.trace == expected.trace && named.target == "y" && named.samples == train.rows)
    let npz = try directory.write(
      ZipBytes([
        ("X_train.npy", NPYBytes.matrix(Self.rows(train))), ("y_train.npy", NPYBytes.vector(Array(y))),
        ("X_val.npy", NPYBytes.matrix(Self.rows(validation))), ("y_val.npy", NPYBytes.vector(Array(v))),
      ]).bytes, "a.npz")
    #expect(try tune([npz]).trace == expected.trace)
    #expect(try tune([npz, "--criterion", "cv", "--folds", "3"]).trace == tune([a, "--folds", "3"]).trace)
    // Sparse sums are rounded otherwise. Both searches end within 1e-4 of their first gradient, which the value meets squared.
    let s = try write(Self.libsvm(train, y), "a.svm")
    let t = try write(Self.libsvm(validation, v), "b.svm")
    let sparse = try tune([s, "--validation", t])
    let (value, best) = (try #require(sparse.best?.value), try #require(expected.best?.value))
    #expect(abs(value - best) <= 1e-6 * best)
    #expect(try tune([s, "--features", "12", "--validation", t]).features == 12)
    #expect(try tune([s]).criterion == "cv")
    #expect(try tune([s, "--holdout", "0.2"]).samples == Int((Double(train.rows) * 0.8).rounded()))
    try expectRefusal(["tune", a, "--validation", t], 65, "b.svm: is sparse, and the rows to fit are not")
    let path = try Tool.implicitDiff.run(["path", a, "--validation", b, "--points", "5"])
    #expect(path.code == 0 && path.output.contains("validation"), "\(path.errors)")
  }

  @Test func classesByTheirNames() throws {
    let data = try HeldOutData<Double>(directory: Self.cancer)
    func words(_ y: Vector<Double>) -> [String] { y.map { $0 > 0 ? "malignant" : "\"be\"\"nign\"" } }
    let a = try write(Self.csv(data.trainFeatures, words(data.trainTargets)), "a.csv")
    let b = try write(Self.csv(data.validationFeatures, words(data.validationTargets)), "b.csv")
    let expected = try tune([Self.cancer, "--model", "logistic"])
    let found = try tune([a, "--validation", b, "--model", "logistic", "--out", directory.file("model")])
    #expect(found.trace == expected.trace)
    #expect(found.classes == ["be\"nign", "malignant"] && expected.classes == ["-1", "1"])
    let zeros = try write(Self.csv(data.trainFeatures, data.trainTargets.map { $0 > 0 ? "1" : "0" }), "zeros.csv")
    let text = try Tool.implicitDiff.run([
      "tune", zeros, "--model", "logistic", "--folds", "3", "--max-evaluations", "2",
    ])
    #expect(text.code == 0 && text.output.contains("classes: -1 is '0', 1 is '1'"), "\(text.output)\(text.errors)")
    // A random part, with its share of either class.
    let half = try tune([a, "--model", "logistic", "--holdout", "0.25", "--seed", "3"])
    #expect(half.criterion == "heldout" && abs(half.samples - data.trainFeatures.rows * 3 / 4) <= 1)
    #expect(try half.trace == tune([a, "--model", "logistic", "--holdout", "0.25", "--seed", "3"]).trace)
    #expect(try half.trace != tune([a, "--model", "logistic", "--holdout", "0.25", "--seed", "4"]).trace)
    // What the model says of the rows it was judged by.
    let out = directory.file("p.csv")
    let result = try Tool.implicitDiff.run(["predict", directory.file("model"), b, "--json", "-", "--out", out])
    #expect(result.code == 0, "\(result.errors)")
    struct Predictions: Decodable {
      var scores: [Double]
      var probabilities: [Double]
      var labels: [String]
      var loss: Double
      var accuracy: Double
    }
    let said = try JSONDecoder().decode(Predictions.self, from: Data(result.output.utf8))
    let w = try NPY.vector(at: directory.file("model") + "/coefficients.npy", as: Double.self)
    let scores = data.validationFeatures * w
    let y = data.validationTargets
    // A sum of 30 products, in another order; probabilities are at most as far apart.
    let scale = scores.reduce(1) { max($0, $1.magnitude) }
    #expect(zip(said.scores, scores).allSatisfy { abs($0 - $1) <= 100 * .ulpOfOne * scale })
    #expect(zip(said.probabilities, scores).allSatisfy { abs($0 - 1 / (1 + exp(-$1))) <= 100 * .ulpOfOne * scale })
    #expect(said.labels == scores.map { $0 > 0 ? "malignant" : "be\"nign" })
    #expect(said.accuracy == Double(y.indices.count { (scores[$0] > 0) == (y[$0] > 0) }) / Double(y.count))
    let best = try #require(found.best?.value)
    #expect(abs(said.loss - best) <= 1e-10 * best)
    let lines = String(decoding: try directory.bytes("p.csv"), as: UTF8.self).split(separator: "\n")
    #expect(lines[0] == "score,probability,label" && lines.count == said.scores.count + 1)
    #expect(lines[1].hasPrefix("\(said.scores[0]),"))
  }

  /// Columns of a table are matched by name, whatever their order and whatever else it holds.
  @Test func predictionsOfARegression() throws {
    let train = try write("a,b,y\n1,2,3\n2,1,3.5\n3,5,8\n4,4,8.5\n0,7,7\n6,1,7\n", "train.csv")
    let model = directory.file("model")
    _ = try tune([train, "--folds", "3", "--out", model])
    let rows = try write("note,b,y,a\nhello,2,4,1\n,1,3,2\n", "rows.csv")
    let w = try NPY.vector(at: model + "/coefficients.npy", as: Double.self)
    let expected: Vector<Double> = [w[0] + 2 * w[1], 2 * w[0] + w[1]]
    let out = directory.file("p.npy")
    let result = try Tool.implicitDiff.run(["predict", model, rows, "--out", out])
    #expect(
      result.code == 0 && result.output.contains("R²") && result.output.contains("predictions in"), "\(result.errors)")
    let said = try NPY.vector(at: out, as: Double.self)
    #expect(zip(said, expected).allSatisfy { abs($0 - $1) <= 4 * .ulpOfOne * abs($1) })
    // Without targets, and as an array of features alone.
    let bare = try Tool.implicitDiff.run(["predict", model, try write("b,a\n2,1\n", "bare.csv")])
    #expect(bare.code == 0 && bare.output.contains("predictions:") && !bare.output.contains("loss"), "\(bare.errors)")
    let array = try directory.write(NPYBytes.matrix([[1, 2], [2, 1]]), "X.npy")
    #expect(try Tool.implicitDiff.run(["predict", model, array, "--out", out]).code == 0)
    #expect(try NPY.vector(at: out, as: Double.self) == said)
  }

  private func expectRefusal(
    _ arguments: [String], _ code: Int32, _ fragments: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Tool.implicitDiff.run(arguments)
    #expect(result.code == code, "\(result.errors)", sourceLocation: location)
    #expect(result.output.isEmpty && result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
    for fragment in fragments {
      #expect(result.errors.contains(fragment), "\(result.errors) does not say '\(fragment)'", sourceLocation: location)
    }
  }

  @Test func filesThatAreWrongSayWhere() throws {
    let good = try write("a,b,y\n1,2,3\n2,1,3\n3,5,8\n4,4,8\n", "good.csv")
    try expectRefusal(
      ["tune", try write("a,b,y\n1,2,3\n1,,3\n", "t.csv")], 65, "t.csv: line 3 (row 2), column 'b'", "missing")
    try expectRefusal(
      ["tune", try write("1 1:2\n1 2:3 1:4\n", "t.svm")], 65, "t.svm: line 2: '1:4' comes after index 2")
    try expectRefusal(["tune", try directory.write(Array("PK".utf8), "t.npz")], 65, "t.npz: has 2 bytes")
    try expectRefusal(["tune", try write("a,y\n1,x\n2,y\n", "w.csv")], 65, "'y' holds words ('x')", "--model logistic")
    try expectRefusal(
      ["tune", try write("a,y\n1,x\n2,y\n3,z\n", "w.csv"), "--model", "logistic"], 65, "3 values (x, y, z)")
    try expectRefusal(
      ["tune", try write("a,y\n1,x\n2,x\n", "w.csv"), "--model", "logistic"], 65, "expected rows of both classes")
    try expectRefusal(["tune", good, "--criterion", "heldout"], 65, "no validation rows")
    try expectRefusal(["tune", good, "--target", "z"], 65, "no column 'z'")
    try expectRefusal(["tune", good, "--holdout", "0.1"], 65, "leaves a part without rows")
    try expectRefusal(["tune", Self.diabetes, "--holdout", "0.5"], 65, "validation rows of its own")
    try expectRefusal(
      ["tune", good, "--validation", try write("a,y\n1,2\n", "v.csv")], 65, "v.csv: line 1: there is no column 'b'")
    let labels = try write("a,y\n1,x\n2,y\n3,x\n4,y\n", "w.csv")
    try expectRefusal(
      ["tune", labels, "--model", "logistic", "--validation", try write("y,a\nx,2\nw,1\n", "v.csv")], 65,
      "v.csv: validation target 1 is 'w'")
    let wide = try write("1 1:2 5:1\n", "wide.svm")
    try expectRefusal(
      ["tune", try write("1 1:2\n2 1:1\n", "t.svm"), "--validation", wide], 65, "wide.svm: line 1: '5:1'", "1 features")
    try expectRefusal(["tune", directory.file("none.csv")], 66, "none.csv: there is no such file")
    try expectRefusal(["tune", good, "--validation", directory.file("none.csv")], 66, "none.csv")
    try expectRefusal(["tune", good, "--validation", good, "--holdout", "0.5"], 64, "either --validation or --holdout")
    try expectRefusal(["tune", good, "--holdout", "1"], 64, "--holdout: 1.0")
    try expectRefusal(["tune", good, "--zero-based"], 64, "--zero-based goes with LIBSVM")
    try expectRefusal(["tune", good, "--features", "3"], 64, "--features goes with LIBSVM")
    try expectRefusal(["tune", wide, "--target", "y"], 64, "--target goes with CSV")
  }

  @Test func modelsThatAreWrongSayWhy() throws {
    let data = try write("a,b,y\n1,2,3\n2,1,3.5\n3,5,8\n4,4,8.5\n0,7,7\n6,1,7\n", "train.csv")
    let model = directory.file("model")
    _ = try tune([data, "--folds", "3", "--out", model])
    let json = String(decoding: try directory.bytes("model/model.json"), as: UTF8.self)
    let array = try directory.bytes("model/coefficients.npy")
    func predict(
      _ text: String? = nil, _ code: Int32 = 65, _ fragments: String..., location: SourceLocation = #_sourceLocation
    ) throws {
      _ = try write(text ?? json, "model/model.json")
      let result = try Tool.implicitDiff.run(["predict", model, data])
      #expect(
        result.code == code && result.errorLines.count == (code == 0 ? 0 : 1), "\(result.errors)",
        sourceLocation: location)
      for says in fragments { #expect(result.errors.contains(says), "\(result.errors)", sourceLocation: location) }
    }
    try predict(nil, 0)
    try predict("", 65, "model.json: is no model")
    try predict("{}", 65, "is no model")
    try predict(String(json.dropLast(20)), 65, "is no model")
    try predict(json.replacing("\"version\" : 1", with: "\"version\" : 3"), 65, "has version 3; expected at most 2")
    try predict(json.replacing("\"intercept\"", with: "\"other\""), 65, "'intercept' is missing")
    try predict(json.replacing("\"features\" : 2", with: "\"features\" : 3"), 65, "2 names for 3 features")
    try predict(
      json.replacing("\"features\" : 2", with: "\"features\" : \"2\""), 65, "'features' is not what it should be")
    _ = try directory.write(NPYBytes.vector([1, 2, 3]), "model/coefficients.npy")
    try predict(nil, 65, "coefficients.npy: has 3 entries; expected 2")
    _ = try directory.write(NPYBytes.vector([1, 2]), "model/coefficients.npy")
    try predict(nil, 65, "other coefficients than model.json")
    try FileManager.default.removeItem(atPath: model + "/coefficients.npy")
    try predict(nil, 66, "coefficients.npy: there is no such file")
    _ = try directory.write(array, "model/coefficients.npy")
    try predict(nil, 0)
    try expectRefusal(["predict", directory.file("none"), data], 66, "none/model.json")
    try expectRefusal(["predict", model, directory.file("none.csv")], 66, "none.csv")
    try expectRefusal(
      ["predict", model, try write("a,y\n1,2\n", "v.csv")], 65, "v.csv: line 1: there is no column 'b'; found 'a', 'y'")
    try expectRefusal(
      ["predict", model, try directory.write(NPYBytes.matrix([[1]]), "X.npy")], 65, "1 columns of features; expected 2")
    try expectRefusal(["predict", model, data, "--out", "p.txt"], 64, ".npy or .csv")
    try expectRefusal(["predict", model, data, "--out", directory.file("none/p.csv")], 73, "p.csv")
  }
}
