import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

@Suite struct TuneTests {
  let directory = try! TemporaryDirectory()
  static let diabetes = ReferenceCase.root + "/elastic-net-diabetes"
  static let cancer = ReferenceCase.root + "/logistic-breast-cancer"

  /// The report of `tune --json`, as a program that reads it would declare it.
  struct TuneReport: Decodable {
    struct Record: Decodable, Equatable {
      var parameters: [Double]
      var value: Double?
      var log_gradient: [Double]?
      var gradient_error_bound: Double?
      var selected: Int
      var failure: String?
    }
    struct Stop: Decodable {
      var reason: String
      var explanation: String
      var converged: Bool
    }
    struct Seconds: Decodable {
      var reading: Double
      var tuning: Double
      var total: Double
    }
    var version: Int
    var model: String
    var penalty: String
    var criterion: String
    var folds: Int?
    var optimizer: String
    var samples: Int
    var features: Int
    var names: [String]
    var best: Record?
    var stop: Stop
    var steps: Int
    var evaluations: Int
    var at_bounds: [String]
    var trace: [Record]
    var seconds: Seconds
  }

  private func tune(_ arguments: [String]) throws -> TuneReport {
    let result = try Tool.implicitDiff.run(["tune"] + arguments + ["--json", "-"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    return try JSONDecoder().decode(TuneReport.self, from: Data(result.output.utf8))
  }

  @Test(arguments: [
    [diabetes], [cancer, "--model", "logistic"], [diabetes, "--criterion", "cv", "--folds", "5"],
    [cancer, "--model", "logistic", "--criterion", "cv", "--folds", "4"], [diabetes, "--model", "huber"],
    [diabetes, "--penalty", "nonnegative-lasso"], [diabetes, "--intercept", "--standardize"],
    [cancer, "--model", "logistic", "--intercept"],
  ])
  func theGradientFindsAtLeastWhatAGridOfAHundredPointsFinds(_ arguments: [String]) throws {
    let found = try tune(arguments)
    let grid = try tune(arguments + ["--optimizer", "grid", "--points", "100"])
    let (value, best) = (try #require(found.best?.value), try #require(grid.best?.value))
    // A curve with several valleys may have its lowest elsewhere: these have one.
    #expect(value <= best * (1 + 1e-6), "\(value) against \(best), \(found.stop)")
    #expect(found.stop.converged && grid.evaluations == 100 && found.evaluations < 60)
    #expect(found.trace.count == found.evaluations && found.names == ["lambda1"])
  }

  /// Units of the features are only units, also beside an intercept's column of ones: a power of two changes no digit of the value.
  @Test(arguments: [-40, 40])
  func theUnitsOfTheFeaturesDoNotMatter(_ exponent: Int) throws {
    let folder = directory.file("data")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["X_train", "X_val"] {
      let X = try NPY.matrix(at: Self.diabetes + "/\(name).npy", as: Double.self)
      let unit = Double(sign: .plus, exponent: exponent, significand: 1)
      try NPY.write(
        Matrix<Double>(rows: X.rows, columns: X.columns) { unit * X[$0, $1] }, to: folder + "/\(name).npy")
    }
    for name in ["y_train", "y_val"] {
      try FileManager.default.copyItem(atPath: Self.diabetes + "/\(name).npy", toPath: folder + "/\(name).npy")
    }
    let options = ["--intercept", "--optimizer", "grid", "--points", "10"]
    let (scaled, own) = (try tune([folder] + options), try tune([Self.diabetes] + options))
    #expect(scaled.trace.count == own.trace.count)
    for (a, b) in zip(scaled.trace, own.trace) {
      let (value, expected) = (try #require(a.value), try #require(b.value))
      // Solves end at a residual of 1e-12 or so of the targets.
      #expect(abs(value - expected) <= 1e-8 * expected && a.failure == nil && a.log_gradient != nil, "\(a)")
    }
  }

  @Test func aModelIsSavedInTheUnitsOfTheData() throws {
    let folder = directory.file("model")
    let report = try tune([Self.diabetes, "--intercept", "--standardize", "--out", folder])
    let w = try NPY.vector(at: folder + "/coefficients.npy", as: Double.self)
    struct Model: Decodable {
      var version: Int
      var intercept: Double
      var parameters: [String: Double]
      var selected: [String: Double]
    }
    let model = try JSONDecoder().decode(
      Model.self, from: Data(contentsOf: URL(filePath: folder + "/model.json")))
    #expect(model.version == 1 && model.parameters["lambda1"] == report.best?.parameters[0])
    #expect(model.selected.count == w.nonzeroCount && w.nonzeroCount == report.best?.selected)
    // The value of the report is that of the model on the held-out rows as they are in the files.
    let data = try HeldOutData<Double>(directory: Self.diabetes)
    var r = data.validationFeatures * w - data.validationTargets
    r.add(constant: model.intercept)
    let value = r.dot(r) / (2 * Double(r.count))
    #expect(abs(value - report.best!.value!) <= 1e-10 * value)
  }

  /// An intercept is one unknown more than there are features, except where centring fits it.
  @Test(arguments: [
    ["--penalty", "elastic-net", "--criterion", "cv", "--folds", "3"], ["--intercept", "--standardize"],
    ["--penalty", "nonnegative-lasso", "--intercept"],
  ])
  func aSearchGoesOnFromItsCheckpoint(_ options: [String]) throws {
    let file = directory.file("checkpoint")
    let arguments = [Self.diabetes] + options
    let whole = try tune(arguments)
    let first = try tune(arguments + ["--checkpoint", file, "--max-evaluations", "3"])
    #expect(first.stop.reason == "evaluations" && first.evaluations == 3 && !first.stop.converged)
    let rest = try tune(arguments + ["--checkpoint", file, "--resume"])
    #expect(rest.trace == whole.trace && rest.best == whole.best)
    // A finished search that is resumed is the finished search.
    #expect(try tune(arguments + ["--checkpoint", file, "--resume"]).trace == whole.trace)
  }

  /// Killed again and again at moments that nobody chose, a search ends with the numbers of one that was left alone.
  @Test func nothingIsLostByKilling() throws {
    let file = directory.file("checkpoint")
    let arguments = [
      Self.diabetes, "--penalty", "elastic-net", "--optimizer", "grid", "--points", "12", "--checkpoint", file,
    ]
    let whole = try tune(arguments)
    try FileManager.default.removeItem(atPath: file)
    var kills = 0
    for round in 0..<10 {
      // From before the first evaluation to near the end.
      let delay = 0.01 + 0.02 * Double(round)
      let line = "\"$0\" \"$@\" >/dev/null & sleep \(delay); kill -9 $! 2>/dev/null; wait $!; exit 0"
      let result = try Tool.implicitDiff.shell(line, ["tune"] + arguments + ["--resume"])
      kills += result.code == 0 ? 1 : 0
      let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      #expect(left.allSatisfy { $0.hasPrefix("checkpoint") || $0.hasSuffix(".tmp") || $0.hasPrefix(".") }, "\(left)")
    }
    #expect(kills == 10)
    #expect(
      try tune(arguments + ["--resume"].filter { _ in FileManager.default.fileExists(atPath: file) }).trace
        == whole.trace)
  }

  @Test(arguments: [("INT", Int32(130)), ("TERM", 143)])
  func signalsEndWithTheBestPointSaved(_ name: String, _ code: Int32) throws {
    let folder = directory.file("model")
    // As many points as take minutes: the signal comes first.
    let line = "( sleep 1; kill -\(name) $$ ) & exec \"$0\" \"$@\""
    let result = try Tool.implicitDiff.shell(
      line,
      [
        "tune", Self.diabetes, "--penalty", "elastic-net", "--optimizer", "grid", "--points", "5000", "--out", folder,
        "--json", directory.file("report.json"),
      ])
    #expect(result.code == code, "\(result.code) \(result.errors)")
    let report = try JSONDecoder().decode(
      TuneReport.self, from: Data(contentsOf: URL(filePath: directory.file("report.json"))))
    #expect(report.stop.reason == "cancelled" && report.best != nil)
    #expect(FileManager.default.fileExists(atPath: folder + "/model.json"))
  }

  @Test func anotherCheckpointIsRefused() throws {
    let file = directory.file("checkpoint")
    let arguments = [Self.diabetes, "--checkpoint", file, "--max-evaluations", "2"]
    _ = try tune(arguments)
    func expectRefusal(_ arguments: [String], _ fragments: String...) throws {
      let result = try Tool.implicitDiff.run(["tune"] + arguments + ["--resume"])
      #expect(result.code == 65 && result.errorLines.count == 1, "\(result.code): \(result.errors)")
      for fragment in fragments { #expect(result.errors.contains(fragment), "\(result.errors)") }
    }
    try expectRefusal([Self.diabetes, "--checkpoint", file, "--penalty", "elastic-net"], file, "the penalty is lasso")
    try expectRefusal([Self.cancer, "--checkpoint", file], file, "the number of features is 10, here 30")
    // The same shape, one number changed.
    let other = directory.file("data")
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    for name in ["X_train", "X_val", "y_train", "y_val"] {
      try FileManager.default.copyItem(atPath: Self.diabetes + "/\(name).npy", toPath: other + "/\(name).npy")
    }
    var y = try NPY.vector(at: other + "/y_train.npy", as: Double.self)
    y[3] += 1
    try NPY.write(y, to: other + "/y_train.npy")
    try expectRefusal([other, "--checkpoint", file], file, "the data are others")
    // Whole JSON in which counts do not match.
    let text = String(decoding: try directory.bytes("checkpoint"), as: UTF8.self)
    for (key, damaged) in [("\"log_gradient\":[", "\"log_gradient\":[0,"), ("\"parameters\":[", "\"parameters\":[1,")] {
      let changed = directory.file("changed")
      try Data(text.replacingOccurrences(of: key, with: damaged).utf8).write(to: URL(filePath: changed))
      try expectRefusal([Self.diabetes, "--checkpoint", changed], changed, "is damaged", "1 strengths")
    }
    // Bytes cut off or changed never pass for a checkpoint of something else.
    let bytes = try directory.bytes("checkpoint")
    for cut in [0, 1, bytes.count / 2, bytes.count - 2] {
      _ = try directory.write(Array(bytes[..<cut]), "checkpoint")
      try expectRefusal([Self.diabetes, "--checkpoint", file], file)
    }
  }

  @Test(arguments: [
    (["--folds", "1"], "--folds: 1 is below 2"), (["--ratio", "1"], "--ratio"), (["--points", "1"], "--points"),
    (["--resume"], "--resume needs --checkpoint"), (["--penalty", "group-lasso"], "needs --groups"),
    (["--tolerance", "-1"], "--tolerance"), (["--max-seconds", "nan"], "--max-seconds"),
    (["--out", ""], "the path is empty"),
  ])
  func optionsThatMakeNoSenseAreRefused(_ options: [String], _ fragment: String) throws {
    let result = try Tool.implicitDiff.run(["tune", Self.diabetes] + options)
    #expect(result.code == 64 && result.errorLines.count == 1 && result.errors.contains(fragment), "\(result.errors)")
  }

  /// Neither a file that is read nor an array of a folder that is.
  @Test(arguments: ["y_val.npy", "./X_train.npy", "../data/X_train.npy"])
  func dataAreNotWrittenOver(_ name: String) throws {
    let folder = directory.file("data")
    try FileManager.default.copyItem(atPath: Self.diabetes, toPath: folder)
    let file = folder + "/" + name
    let before = try Data(contentsOf: URL(filePath: file))
    for (data, option) in [(folder, "--json"), (folder + "/", "--checkpoint")] {
      let result = try Tool.implicitDiff.run(["tune", data, option, file])
      #expect(result.code == 64 && result.errors.contains("\(option): "), "\(result.code): \(result.errors)")
    }
    #expect(try Data(contentsOf: URL(filePath: file)) == before)
    let report = try Tool.implicitDiff.run(["tune", folder, "--json", folder + "/report.json"])
    #expect(report.code == 0, "\(report.errors)")
  }

  @Test func dataThatCannotBeTunedSayWhy() throws {
    func expect(_ arguments: [String], _ code: Int32, _ fragments: String...) throws {
      let result = try Tool.implicitDiff.run(["tune"] + arguments)
      #expect(result.code == code && result.errorLines.count == 1, "\(result.code): \(result.errors)")
      for fragment in fragments { #expect(result.errors.contains(fragment), "\(result.errors)") }
    }
    try expect([Self.diabetes, "--model", "logistic"], 65, "expected the labels -1 and 1")
    try expect([Self.diabetes, "--criterion", "cv", "--folds", "266"], 65, "266 folds of 265 rows")
    try expect([Self.diabetes, "--criterion", "sure", "--noise", "1e300"], 65, "--noise 1e+300", "overflows")
    // Means over all rows would let those held out into every fold.
    for criterion in [["cv"], ["sure", "--noise", "50"]] {
      try expect(
        [Self.diabetes, "--penalty", "nonnegative-lasso", "--intercept", "--criterion"] + criterion, 65,
        "--intercept with nonnegative-lasso", "--holdout")
    }
    try expect([directory.file("nowhere")], 66, "nowhere")
    // Targets that nothing explains, and labels of one class.
    let folder = directory.file("flat")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["X_train", "X_val"] {
      try NPY.write(Matrix<Double>(rows: 4, columns: 2) { i, j in Double(i + j) }, to: folder + "/\(name).npy")
    }
    func targets(_ y: Vector<Double>) throws {
      for name in ["y_train", "y_val"] { try NPY.write(y, to: folder + "/\(name).npy") }
    }
    try targets([0, 0, 0, 0])
    try expect([folder], 65, "no feature is correlated with the targets")
    try targets([1, 1, 1, 1])
    try expect([folder, "--model", "logistic"], 65, "expected rows of both classes")
  }
}
