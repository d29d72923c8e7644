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

/// The command line on compressed columns.
@Suite struct SparseFolderTests {
  @Test func sparseFoldersGiveTheExactAnswer() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let directory = try TemporaryDirectory()
    func write(_ X: Matrix<Double>, _ name: String) throws {
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
      try NPY.write(Vector<Double>(values), to: directory.file(name + ".data.npy"))
      try NPY.write(indices, to: directory.file(name + ".indices.npy"))
      try NPY.write(pointers, to: directory.file(name + ".indptr.npy"))
    }
    try write(reference.data.trainFeatures, "X_train")
    try write(reference.data.validationFeatures, "X_val")
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
