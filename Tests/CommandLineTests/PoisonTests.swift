import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

@Suite struct PoisonTests {
  let folder = ReferenceCase.root + "/poisoning-digits"
  let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  /// The validation losses that the attack prints, step by step.
  private func losses(_ output: String) -> [Double] {
    output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count > 2, Int(words[0]) != nil, words[1].contains(".") else { return nil }
      return Double(words[1])
    }
  }

  @Test func theAttackRaisesTheLossWithinItsBudget() throws {
    let noise = directory.file("noise.npy")
    let images = directory.file("images.npy")
    let result = try Tool.implicitDiff.run([
      "poison", folder, "--budget", "0.5", "--steps", "3", "--noise", noise, "--images", images,
    ])
    #expect(result.code == 0, "\(result.errors)")
    let values = losses(result.output)
    #expect(values.count == 4)
    // Each step of projected ascent with a shift this small raises the loss.
    for (a, b) in zip(values, values.dropFirst()) { #expect(b > a) }
    let shift = try NPY.matrix(at: noise, as: Double.self)
    let poisoned = try NPY.indices(at: folder + "/poisoned.npy")
    #expect(shift.rows == poisoned.count && shift.columns == 64)
    for i in 0..<shift.rows { #expect(shift.row(i).norm <= 0.5 * (1 + 64 * Double.ulpOfOne)) }
    let clean = try NPY.matrix(at: folder + "/X_train.npy", as: Double.self)
    let pictures = try NPY.matrix(at: images, as: Double.self)
    for (k, i) in poisoned.enumerated() {
      for j in 0..<64 { #expect(abs(pictures[k, j] - clean[i, j] - shift[k, j]) <= 4 * Double.ulpOfOne) }
    }
  }

  /// With this budget the third step overshoots. What is saved, trained on anew without any shift, has the loss of the second.
  @Test func theWorstStepIsSavedAndNamed() throws {
    let images = directory.file("images.npy")
    let result = try Tool.implicitDiff.run([
      "poison", folder, "--budget", "10", "--steps", "3", "--images", images,
    ])
    #expect(result.code == 0, "\(result.errors)")
    let values = losses(result.output)
    let worst = try #require(values.max())
    #expect(values.count == 4 && values[2] == worst && values[3] < worst)
    #expect(result.output.contains("the worst is step 2, validation loss \(String(format: "%.6f", worst))"))
    let poisoned = try NPY.indices(at: folder + "/poisoned.npy")
    let X = try NPY.matrix(at: folder + "/X_train.npy", as: Double.self)
    let rows = try NPY.matrix(at: images, as: Double.self)
    let again = directory.file("again")
    try FileManager.default.createDirectory(atPath: again, withIntermediateDirectories: true)
    try NPY.write(
      Matrix<Double>(rows: X.rows, columns: X.columns) { i, j in
        poisoned.firstIndex(of: i).map { rows[$0, j] } ?? X[i, j]
      }, to: again + "/X_train.npy")
    for name in ["y_train.npy", "X_val.npy", "y_val.npy"] {
      try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: again + "/" + name)
    }
    let clean = try Tool.implicitDiff.run(["poison", again, "--budget", "0", "--steps", "1"])
    // Six decimals are printed, and the inner solves are accurate to more.
    #expect(abs(try #require(losses(clean.output).first) - worst) <= 2e-6)
    #expect(clean.output.contains("the worst is step 0"))
  }

  /// Rows shifted by 1e160 have squares beyond all numbers: the second model cannot be trained.
  @Test func whatWasFoundBeforeAFailureIsSaved() throws {
    let noise = directory.file("noise.npy")
    let result = try Tool.implicitDiff.run([
      "poison", folder, "--budget", "1e160", "--steps", "3", "--noise", noise,
    ])
    #expect(result.code == 70)
    #expect(result.errorLines.count == 2 && result.errors.contains("the worst until then is step 0, which is saved"))
    #expect(try NPY.matrix(at: noise, as: Double.self).frobeniusNorm == 0)
  }

  /// A link to nothing is not the same as no file: the rows would silently be others.
  @Test func aBrokenLinkToThePoisonedRowsIsRefused() throws {
    for name in ["X_train.npy", "y_train.npy", "X_val.npy", "y_val.npy"] {
      try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: directory.file(name))
    }
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("poisoned.npy"), withDestinationPath: directory.file("nowhere.npy"))
    let arguments = ["poison", directory.path, "--budget", "1", "--steps", "1"]
    var result = try Tool.implicitDiff.run(arguments)
    #expect(result.code == 65 && result.errors.contains("poisoned.npy: is a link to what is not there"))
    try FileManager.default.removeItem(atPath: directory.file("poisoned.npy"))
    // A link to itself cannot be opened.
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("poisoned.npy"), withDestinationPath: directory.file("poisoned.npy"))
    result = try Tool.implicitDiff.run(arguments)
    #expect(result.code == 65 && result.errors.contains("poisoned.npy: cannot be opened"))
  }

  @Test(arguments: [
    (["--budget", "-1", "--steps", "1"], "--budget"), (["--budget", "1", "--steps", "0"], "--steps"),
    (["--budget", "1", "--steps", "1", "--fraction", "0"], "--fraction"),
    (["--budget", "1", "--steps", "1", "--lambda2", "nan"], "--lambda2"),
  ])
  func badUsageExits64(_ options: [String], _ fragment: String) throws {
    let result = try Tool.implicitDiff.run(["poison", folder] + options)
    #expect(result.code == 64)
    #expect(result.errors.contains(fragment))
  }

  @Test func badLabelsExit65() throws {
    for part in ["train", "val"] {
      try NPY.write(Matrix<Double>([[1, 2], [3, 4], [5, 7]]), to: directory.file("X_\(part).npy"))
      try NPY.write([0, 1, 2], to: directory.file("y_\(part).npy"))
    }
    func run() throws -> Tool.Result {
      try Tool.implicitDiff.run(["poison", directory.path, "--budget", "0.1", "--steps", "1"])
    }
    #expect(try run().code == 0)
    try NPY.write([0, -1, 2], to: directory.file("y_train.npy"))
    var result = try run()
    #expect(result.code == 65 && result.errors.contains("y_train.npy") && result.errors.contains("-1"))
    try NPY.write([0, Int.max, 2], to: directory.file("y_train.npy"))
    result = try run()
    #expect(result.code == 65 && result.errors.contains("y_train.npy") && result.errors.contains("\(Int.max)"))
    try NPY.write([0, 1], to: directory.file("y_train.npy"))
    result = try run()
    #expect(result.code == 65 && result.errors.contains("y_train.npy"))
    try NPY.write([0, 1, 2], to: directory.file("y_train.npy"))
    try NPY.write([0, 7], to: directory.file("poisoned.npy"))
    result = try run()
    #expect(result.code == 65 && result.errors.contains("poisoned.npy"))
    #expect(result.errorLines.count == 1)
  }
}

/// The three arrays of compressed columns.
private func writeCompressedColumns(_ X: Matrix<Double>, _ prefix: String) throws {
  var values: [Double] = []
  var indices: [Int] = []
  var pointers = [0]
  for j in 0..<X.columns {
    for i in 0..<X.rows where X[i, j] != 0 {
      values.append(X[i, j])
      indices.append(i)
    }
    pointers.append(values.count)
  }
  try NPY.write(Vector<Double>(values), to: prefix + ".data.npy")
  try NPY.write(indices, to: prefix + ".indices.npy")
  try NPY.write(pointers, to: prefix + ".indptr.npy")
}

/// The attack on compressed columns.
@Suite struct SparsePoisonTests {
  let folder = ReferenceCase.root + "/poisoning-digits"
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    for part in ["train", "val"] {
      try writeCompressedColumns(
        NPY.matrix(at: folder + "/X_\(part).npy", as: Double.self), directory.file("X_\(part)"))
    }
    for name in ["y_train.npy", "y_val.npy", "poisoned.npy"] {
      try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: directory.file(name))
    }
  }

  private func run(_ folder: String, _ more: [String] = []) throws -> Tool.Result {
    try Tool.implicitDiff.run(["poison", folder, "--budget", "0.5", "--steps", "3"] + more)
  }

  /// Two steps of the same ascent: what differs is rounding and the step size, which the inner tolerance hides.
  @Test func theAttackIsThatOnDenseFeatures() throws {
    func attack(_ folder: String, _ name: String) throws -> (Matrix<Double>, Matrix<Double>, [[Substring]]) {
      let (noise, images) = (directory.file(name + "-noise.npy"), directory.file(name + "-images.npy"))
      let result = try run(folder, ["--noise", noise, "--images", images])
      #expect(result.code == 0, "\(result.errors)")
      // Step, loss and accuracies; iterations depend on the step size.
      let lines = result.output.split(separator: "\n").map { Array($0.split(separator: " ").prefix(4)) }
      return (try NPY.matrix(at: noise, as: Double.self), try NPY.matrix(at: images, as: Double.self), lines)
    }
    let dense = try attack(folder, "dense")
    let sparse = try attack(directory.path, "sparse")
    #expect(dense.2 == sparse.2)
    #expect((dense.0 - sparse.0).frobeniusNorm <= 1e-6 * dense.0.frobeniusNorm)
    #expect((dense.1 - sparse.1).frobeniusNorm <= 1e-6 * dense.0.frobeniusNorm)
  }

  /// Each with the file that the message names.
  @Test func wrongArraysExit65() throws {
    func expectRefusal(_ file: String, _ fragment: String, _ write: (String) throws -> Void) throws {
      let kept = try Data(contentsOf: URL(filePath: directory.file(file)))
      try write(directory.file(file))
      let result = try run(directory.path)
      #expect(result.code == 65 && result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(file) && result.errors.contains(fragment), "\(result.errors)")
      #expect(result.output.isEmpty)
      try kept.write(to: URL(filePath: directory.file(file)))
    }
    let indices = try NPY.indices(at: directory.file("X_train.indices.npy"))
    let pointers = try NPY.indices(at: directory.file("X_train.indptr.npy"))
    let values = Array(try NPY.vector(at: directory.file("X_train.data.npy"), as: Double.self))
    try expectRefusal("X_train.indices.npy", "must increase") { try NPY.write(Array(indices.reversed()), to: $0) }
    try expectRefusal("X_train.indices.npy", "within the matrix") {
      try NPY.write(indices.dropLast() + [100_000], to: $0)
    }
    try expectRefusal("X_train.indices.npy", "outside") { try NPY.write(indices.dropLast() + [1 << 40], to: $0) }
    try expectRefusal("X_train.indptr.npy", "must start at 0") {
      try NPY.write([1] + pointers.dropFirst(), to: $0)
    }
    try expectRefusal("X_train.indptr.npy", "last pointer") { try NPY.write(pointers.dropLast(2), to: $0) }
    try expectRefusal("X_train.data.npy", "nan") { try NPY.write(Vector(values.dropLast() + [.nan]), to: $0) }
    try expectRefusal("X_val.indptr.npy", "columns") { path in
      // The last column of the digits' validation rows, empty, taken away.
      let all = try NPY.indices(at: path)
      try NPY.write(all + [all.last!], to: path)
    }
    try expectRefusal("y_train.npy", "-3") { try NPY.write([-3] + Array(repeating: 1, count: 299), to: $0) }
  }

  @Test(arguments: ["X_train.indices.npy", "X_train.indptr.npy", "X_val.data.npy", "y_val.npy"])
  func missingArraysExit66(_ file: String) throws {
    try FileManager.default.removeItem(atPath: directory.file(file))
    let result = try run(directory.path)
    #expect(result.code == 66 && result.errors.contains(file) && result.errors.contains("no such file"))
  }
}

/// The command line on compressed columns.
@Suite struct SparseFolderTests {
  @Test func sparseFoldersGiveTheExactAnswer() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let directory = try TemporaryDirectory()
    try writeCompressedColumns(reference.data.trainFeatures, directory.file("X_train"))
    try writeCompressedColumns(reference.data.validationFeatures, directory.file("X_val"))
    try NPY.write(reference.data.trainTargets, to: directory.file("y_train.npy"))
    try NPY.write(reference.data.validationTargets, to: directory.file("y_val.npy"))
    let result = try Tool.implicitDiff.run([
      "hypergradient", directory.path, "--lambda1", "2", "--lambda2", "0.1", "--json", "-",
    ])
    #expect(result.code == 0, "\(result.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(relativeError(Vector(report.hypergradient), Vector(reference.answer.hypergradient)) <= 1e-9)
    #expect(report.support_size == reference.answer.support.count)
  }
}
