import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Attacks in other norms, on other models and on labels, and the defence.
@Suite struct AttackTests {
  let directory = try! TemporaryDirectory()
  static let digits = ReferenceCase.root + "/poisoning-digits"
  static let cancer = ReferenceCase.root + "/logistic-breast-cancer"
  static let diabetes = ReferenceCase.root + "/elastic-net-diabetes"

  struct Report: Decodable {
    struct Record: Decodable, Equatable {
      var step: Int
      var value: Double?
      var largestShift: Double
      var shiftedRows: Int
      var shiftedEntries: Int
      var flips: Double
    }
    struct Round: Decodable {
      var strengths: [Double]
      var clean: Double?
      var attacked: Double?
      var retuned: Double?
      var step: Int?
      var trace: [Record]
    }
    var poisoned: Int
    var rounds: [Round]
    var best: Int
  }

  private func poison(_ arguments: [String]) throws -> Report {
    let result = try Tool.implicitDiff.run(["poison"] + arguments + ["--json", "-"])
    #expect(result.code == 0, "\(result.code): \(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  @Test(arguments: [
    ["--norm", "l2"], ["--norm", "linf"], ["--norm", "sparse", "--rows", "7"], ["--norm", "sparse", "--entries", "40"],
  ])
  func attacksInOtherNormsRaiseTheLoss(_ options: [String]) throws {
    func isWithin(_ record: Report.Record) -> Bool {
      switch options.last {
      case "l2": record.largestShift <= 0.5 * (1 + 1e-12)
      case "linf": record.largestShift <= 0.5 * 8 * (1 + 1e-12)
      case "7": record.shiftedRows <= 7
      default: record.shiftedEntries <= 40
      }
    }
    let noise = directory.file("noise.npy")
    let found = try poison([Self.digits, "--budget", "0.5", "--steps", "3", "--noise", noise] + options)
    let round = try #require(found.rounds.first)
    #expect(round.trace.count == 4 && round.trace.allSatisfy(isWithin), "\(round.trace)")
    #expect(round.attacked! > round.clean! && round.clean == round.trace[0].value)
    let shift = try NPY.matrix(at: noise, as: Double.self)
    #expect(shift.rows == found.poisoned && shift.columns == 64)
    let worst = round.trace[round.step!]
    #expect((0..<shift.rows).count { shift.row($0).norm > 0 } == worst.shiftedRows)
  }

  /// The rows and labels that an attack saves, trained on by `tune` at the same strengths, have the loss that it says: whole flips as other labels, parts of
  /// them as weighted rows.
  @Test func whatIsSavedHasTheLossThatIsReported() throws {
    let (images, flips) = (directory.file("rows.npy"), directory.file("flips.npy"))
    let found = try poison([
      Self.cancer, "--model", "logistic", "--budget", "0.5", "--steps", "4", "--fraction", "0.1", "--flips", "5.5",
      "--lambda1", "0.01", "--lambda2", "0.02", "--images", images, "--flipped", flips,
    ])
    let (rows, shares) = (
      try NPY.matrix(at: images, as: Double.self), try NPY.vector(at: flips, as: Double.self)
    )
    #expect(shares.reduce(0, +) <= 5.5 * (1 + 1e-12) && shares.maxNorm > 0.5)
    let X = try NPY.matrix(at: Self.cancer + "/X_train.npy", as: Double.self)
    let y = try NPY.vector(at: Self.cancer + "/y_train.npy", as: Double.self)
    // Which rows they are: the other ones are as they were, so they are found by a run without a budget.
    let clean = directory.file("clean.npy")
    _ = try poison([
      Self.cancer, "--model", "logistic", "--budget", "0", "--steps", "1", "--fraction", "0.1", "--images", clean,
    ])
    let own = try NPY.matrix(at: clean, as: Double.self)
    let places = (0..<own.rows).map { k in
      (0..<X.rows).first { i in (0..<X.columns).allSatisfy { X[i, $0] == own[k, $0] } }!
    }
    let n = X.rows
    let all = Matrix<Double>(rows: n + places.count, columns: X.columns) { i, j in
      let k = i < n ? places.firstIndex(of: i) : i - n
      return k.map { rows[$0, j] } ?? X[i, j]
    }
    let labels = Vector<Double>(count: n + places.count) { $0 < n ? y[$0] : -y[places[$0 - n]] }
    let weights = Vector<Double>(count: n + places.count) { i in
      i < n ? 1 - (places.firstIndex(of: i).map { shares[$0] } ?? 0) : shares[i - n]
    }
    let folder = directory.file("attacked")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try NPY.write(all, to: folder + "/X_train.npy")
    try NPY.write(labels, to: folder + "/y_train.npy")
    for name in ["X_val.npy", "y_val.npy"] {
      try FileManager.default.copyItem(atPath: Self.cancer + "/" + name, toPath: folder + "/" + name)
    }
    let w = directory.file("weights.npy")
    try NPY.write(weights, to: w)
    // A path of an elastic net whose first strength is that which selects nothing: its point of 0.01 by two runs around it would be no truth, so the ridge's
    // path is read at the strength itself.
    let out = directory.file("path")
    let top = try #require(
      try path([folder, "--model", "logistic", "--weights", w, "--penalty", "elastic-net", "--lambda2", "0.02"]).first)
    let points = try path([
      folder, "--model", "logistic", "--weights", w, "--penalty", "elastic-net", "--lambda2", "0.02", "--points", "2",
      "--ratio", "\(0.01 / top.parameters[0])", "--tolerance", "0", "--out", out,
    ])
    let loss = try #require(points.last?.validation)
    #expect(abs(points.last!.parameters[0] - 0.01) <= 1e-15)
    let attacked = try #require(found.rounds[0].attacked)
    #expect(abs(loss - attacked) <= 1e-8 * attacked, "\(loss) \(attacked)")
    #expect(attacked > found.rounds[0].clean! * 1.1)
  }

  private struct Point: Decodable {
    var parameters: [Double]
    var validation: Double?
  }

  private func path(_ arguments: [String]) throws -> [Point] {
    struct Path: Decodable { var points: [Point] }
    let result = try Tool.implicitDiff.run(["path"] + arguments + ["--json", "-"])
    #expect(result.code == 0, "\(result.errors)")
    return try JSONDecoder().decode(Path.self, from: Data(result.output.utf8)).points
  }

  @Test(arguments: [
    [cancer, "--model", "squared-hinge", "--budget", "0.5", "--flips", "3"],
    [diabetes, "--model", "least-squares", "--budget", "0.05", "--norm", "linf", "--lambda1", "2"],
    [diabetes, "--model", "huber", "--budget", "0.05", "--lambda1", "0.01"],
  ])
  func otherModelsAreAttacked(_ arguments: [String]) throws {
    let found = try poison(arguments + ["--steps", "3", "--fraction", "0.2"])
    #expect(found.rounds[0].attacked! > found.rounds[0].clean!)
  }

  @Test func aDefenceTunesTheStrengthsUnderAttack() throws {
    let found = try poison([
      Self.cancer, "--model", "logistic", "--budget", "2", "--steps", "4", "--fraction", "0.2", "--lambda1", "1e-4",
      "--lambda2", "1e-4", "--defend", "3",
    ])
    #expect(found.rounds.count == 3)
    let first = found.rounds[0]
    #expect(first.retuned! < first.attacked! && found.rounds[1].strengths != first.strengths)
    #expect(found.rounds.allSatisfy { found.rounds[found.best].attacked! <= $0.attacked! })
    #expect(found.rounds[found.best].attacked! < first.attacked!)
    let text = try Tool.implicitDiff.run([
      "poison", Self.digits, "--budget", "1", "--steps", "2", "--lambda2", "0.01", "--defend", "2",
    ])
    #expect(text.code == 0 && text.output.contains("the strengths that do best under attack are those of round"))
  }

  @Test func anAttackGoesOnFromItsCheckpoint() throws {
    let file = directory.file("attack.json")
    let arguments = [
      Self.cancer, "--model", "logistic", "--budget", "0.5", "--fraction", "0.2", "--flips", "2", "--steps", "5",
    ]
    let whole = try poison(arguments)
    // Cut off after its third record, as a killed run leaves it.
    _ = try poison(arguments + ["--checkpoint", file])
    var saved = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [String: Any])
    #expect(saved["version"] as? Int == 1)
    let again = try poison(arguments + ["--checkpoint", file, "--resume"])
    #expect(again.rounds[0].trace == whole.rounds[0].trace && again.rounds[0].attacked == whole.rounds[0].attacked)
    var settings = try #require(saved["settings"] as? [String: Any])
    settings["steps"] = 7
    saved["settings"] = settings
    try JSONSerialization.data(withJSONObject: saved).write(to: URL(filePath: file))
    let other = try Tool.implicitDiff.run(["poison"] + arguments + ["--checkpoint", file, "--resume"])
    #expect(other.code == 65 && other.errors.contains("is of another attack"))
  }

  @Test(arguments: [
    (["--norm", "sparse"], "--norm sparse needs one of --rows and --entries"),
    (["--rows", "3"], "--norm sparse needs one of --rows and --entries"),
    (["--flips", "1"], "--flips goes with --model logistic"),
    (["--defend", "1"], "--defend: 1 is below 2"),
    (["--defend", "2", "--lambda2", "0"], "expected --lambda1 and --lambda2 above 0"),
    (["--resume"], "--resume needs --checkpoint"),
    (["--model", "svm"], "--model"),
  ])
  func badUsageExits64(_ options: [String], _ fragment: String) throws {
    let result = try Tool.implicitDiff.run(["poison", Self.digits, "--budget", "1", "--steps", "1"] + options)
    #expect(result.code == 64 && result.errors.contains(fragment), "\(result.errors)")
  }
}
