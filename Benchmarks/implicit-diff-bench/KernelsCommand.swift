import ArgumentParser
import CommandSupport
import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TextTable

struct KernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Each kernel against this machine's limit: its memory bandwidth or its matrix product.",
    discussion: """
      The limits are measured in the same run on one thread: the bandwidth by a dot product over 256 MiB, the arithmetic \
      by OpenBLAS's product of two 1024 × 1024 matrices. Kernels on large data split their work over the processors, so \
      that they can pass these limits. Bytes are those that have to move at least (a matrix read once).
      """)

  @Option(help: ArgumentHelp("Write kernels.json into this folder.", valueName: "DIR")) var out: String?
  @Flag(help: "Shorter measurements.") var quick = false

  struct Row: Encodable {
    var kernel: String
    var shape: String
    var microseconds: Double
    var gigabytesPerSecond: Double?
    var gigaflops: Double?
    /// Of the limit that binds: bandwidth where bytes alone are given, arithmetic where operations are, the slower of the two
    /// where both are; or of what the kernel's name says.
    var share: Double

    /// At most 80 columns wide.
    static func table(_ rows: [Row]) -> String {
      TextTable<Row> { r in
        [
          Column(title: "kernel", value: r.kernel),
          Column(title: "shape", value: r.shape.replacingOccurrences(of: " × ", with: "×")),
          Column(title: "µs", value: Format.compact(r.microseconds), align: .right),
          Column(title: "GB/s", value: Format.compact(r.gigabytesPerSecond), align: .right),
          Column(title: "GFLOP/s", value: Format.compact(r.gigaflops), align: .right),
          Column(title: "of limit", value: "\(Int((100 * r.share).rounded())) %", align: .right),
        ]
      }.string(for: rows) ?? ""
    }
  }

  func run() throws {
    if let out { try Console.prepareFolder(out, for: ["kernels.json"]) }
    let progress = ProgressLine("timing the kernels")
    defer { progress.end() }
    let bandwidth = MemoryBandwidth(threads: 1).bytesPerSecond
    let peak = matrixProductRate(1024, 1024, 1024)
    progress.clear()
    try Console.print(
      "BLAS kernel \(BLAS.kernel), one thread: memory \(Format.number(bandwidth * 1e-9)) GB/s, product \(Format.number(peak * 1e-9)) GFLOP/s"
    )
    progress.update("timing the kernels")
    let rows = Kernels(bandwidth: bandwidth, peak: peak, budget: quick ? 0.1 : 0.5).all()
    progress.end()
    try Console.print(Row.table(rows))
    if let out { try Console.write(json: rows, to: out + "/kernels.json") }
  }

  private func matrixProductRate(_ m: Int, _ n: Int, _ k: Int) -> Double {
    let A = Matrix<Double>(repeating: 1, rows: m, columns: k)
    let B = Matrix<Double>(repeating: 1, rows: k, columns: n)
    var C = Matrix<Double>.zeros(m, n)
    let seconds = Timing(budget: 0.3, most: 20) { C.assignProduct(A, B) }.least
    return 2 * Double(m * n * k) / seconds
  }
}

/// The measurements behind ``KernelsCommand``.
struct Kernels {
  let bandwidth: Double
  let peak: Double
  let budget: Double

  private func memory(_ kernel: String, _ shape: String, bytes: Int, _ work: () -> Void) -> KernelsCommand.Row {
    let t = Timing(budget: budget, most: 10_000, work).median
    let rate = Double(bytes) / t
    return KernelsCommand.Row(
      kernel: kernel, shape: shape, microseconds: t * 1e6, gigabytesPerSecond: rate * 1e-9, gigaflops: nil,
      share: rate / bandwidth)
  }

  private func arithmetic(_ kernel: String, _ shape: String, operations: Int, _ work: () -> Void) -> KernelsCommand.Row
  {
    let t = Timing(budget: budget, most: 10_000, work).median
    let rate = Double(operations) / t
    return KernelsCommand.Row(
      kernel: kernel, shape: shape, microseconds: t * 1e6, gigabytesPerSecond: nil, gigaflops: rate * 1e-9,
      share: rate / peak)
  }

  func both(_ kernel: String, _ shape: String, bytes: Int, operations: Int, _ work: () -> Void) -> KernelsCommand.Row {
    let t = Timing(budget: budget, most: 10_000, work).median
    let bound = max(Double(bytes) / bandwidth, Double(operations) / peak)
    return KernelsCommand.Row(
      kernel: kernel, shape: shape, microseconds: t * 1e6, gigabytesPerSecond: Double(bytes) / t * 1e-9,
      gigaflops: Double(operations) / t * 1e-9, share: bound / t)
  }

  func all() -> [KernelsCommand.Row] {
    elementwise(4_000_000) + elementwise(1000) + gramProducts() + gramBlocks() + blocks() + tangents() + sparseBlocks()
      + minibatches()
  }

  private func elementwise(_ n: Int) -> [KernelsCommand.Row] {
    let x = Vector<Double>(count: n) { Double($0 % 7) - 3 }
    var y = Vector<Double>.zeros(n)
    var z = Vector<Double>.zeros(n)
    let shape = "\(n)"
    return [
      memory("soft threshold", shape, bytes: 16 * n) { SoftThreshold.apply(x, threshold: 1, into: &y) },
      memory("mask of soft threshold", shape, bytes: 16 * n) {
        SoftThreshold.derivative(at: x, threshold: 1, kink: .zero, into: &y)
      },
      memory("y ← a x + b y", shape, bytes: 24 * n) { y.combine(0.5, x, 0.25) },
      memory("z ← a x + b y", shape, bytes: 24 * n) { z.assign(0.5, x, 0.25, y) },
      memory("squared distance", shape, bytes: 16 * n) { _ = x.distance(to: y) },
    ] + losses(n)
  }

  /// The loops of the losses: arithmetic outweighs memory, so their share of its limit says how far from free they are.
  private func losses(_ n: Int) -> [KernelsCommand.Row] {
    let scores = Vector<Double>(count: n) { Double($0 % 11) - 5 }
    let labels = Vector<Double>(count: n) { $0 % 2 == 0 ? 1 : -1 }
    var residuals = Vector<Double>.zeros(n)
    let classes = 10
    let model = MultinomialLoss<Double>(
      features: Matrix<Double>.zeros(max(1, n / classes), 1), labels: Array(repeating: 0, count: max(1, n / classes)),
      classCount: classes)
    let weights = Vector<Double>.zeros(classes)
    return [
      memory("logistic loss and gradient", "\(n)", bytes: 24 * n) {
        _ = LogisticLoss<Double>.value(scores: scores, targets: labels, residuals: &residuals)
      },
      memory("softmax loss, 10 classes", "\(n / classes) × \(classes)", bytes: 16 * n) {
        _ = model.value(at: weights)
      },
    ]
  }

  private func gramProducts() -> [KernelsCommand.Row] {
    var rows: [KernelsCommand.Row] = []
    for (n, p) in [(60_000, 784), (20_000, 1000), (100_000, 100)] {
      let X = Matrix<Double>(repeating: 0.5, rows: n, columns: p)
      let x = Vector<Double>(repeating: 1, count: p)
      var y = Vector<Double>.zeros(p)
      var r = Vector<Double>.zeros(n)
      let fused = FusedGram<Double>()
      let design = DenseDesign(X)
      let bytes = 8 * n * p
      let shape = "\(n) × \(p)"
      rows.append(
        memory("XᵀX v, two products", shape, bytes: bytes) {
          r.assignProduct(X, x)
          y.assignProduct(X.transposed, r)
        })
      rows.append(
        memory("XᵀX v, fused by columns", shape, bytes: bytes) { fused.assign(to: &y, columns: nil, of: X, x) })
      rows.append(
        memory("XᵀX v, fused by rows", shape, bytes: bytes) {
          design.addRowGrams(rows: nil, x, targets: nil, scale: 1, to: &y)
        })
      let support = IndexSubset(Array(stride(from: 0, to: p, by: max(1, p / 57))), universe: p)
      let xs = Vector<Double>(repeating: 1, count: support.count)
      var ys = xs
      rows.append(
        memory("X_SᵀX_S v, fused", "\(n) × \(support.count)", bytes: 8 * n * support.count) {
          fused.assign(to: &ys, columns: support, of: X, xs)
        })
    }
    return rows
  }

  private func blocks() -> [KernelsCommand.Row] {
    var rows: [KernelsCommand.Row] = []
    for (p, m) in [(1000, 32), (2000, 64)] {
      let H = Matrix<Double>(repeating: 0.5, rows: p, columns: p)
      let V = Matrix<Double>(repeating: 0.5, rows: p, columns: m)
      var Y = Matrix<Double>.zeros(p, m)
      rows.append(
        arithmetic("dgemm of tangents", "\(p) × \(p) × \(m)", operations: 2 * p * p * m) {
          Y.assignProduct(H, V)
        })
    }
    for (n, s) in [(20_000, 57), (100, 46), (2000, 400)] {
      let X = Matrix<Double>(repeating: 0.5, rows: n, columns: 2 * s)
      let support = IndexSubset(Array(stride(from: 0, to: 2 * s, by: 2)), universe: 2 * s)
      var G = Matrix<Double>.zeros(s, s)
      let gram = ColumnGram<Double>()
      rows.append(
        arithmetic("Gram matrix of a support", "\(n) × \(s)", operations: n * s * s) {
          gram.assign(to: &G, columns: support, of: X)
        })
    }
    return rows
  }

  /// A sparse matrix times c columns: one by one, column-major and row-major.
  private func sparseBlocks() -> [KernelsCommand.Row] {
    let (n, p, perRow) = (20_000, 50_000, 50)
    var random = RandomStream(seed: 1)
    // By columns, so that the rows are about equally long: nnz/p entries each at distinct places.
    let perColumn = n * perRow / p
    let indices = (0..<p).flatMap { _ in
      (0..<perColumn).map { Int32(n / perColumn * $0 + random.nextIndex(below: n / perColumn)) }
    }
    let pointers = (0...p).map { $0 * perColumn }
    let values = (0..<indices.count).map { Double($0 % 7 - 3) }
    guard
      let X = try? SparseMatrix(rows: n, columns: p, columnPointers: pointers, rowIndices: indices, values: values)
    else { return [] }
    var rows: [KernelsCommand.Row] = []
    for c in [5, 16] {
      let V = Matrix<Double>(repeating: 1, rows: p, columns: c)
      let W = V.packed(as: .rowMajor)
      let columns = (0..<c).map { V.column($0) }
      var y = Vector<Double>.zeros(n)
      var Y = Matrix<Double>.zeros(n, c)
      var Z = Y.packed(as: .rowMajor)
      let bytes = 12 * indices.count + 8 * c * (n + p)
      let shape = "\(n) × \(p) × \(c)"
      rows.append(
        memory("sparse, vector by vector", shape, bytes: bytes) {
          for x in columns { X.multiply(x, alpha: 1, beta: 0, into: &y) }
        })
      rows.append(
        memory("sparse block, column-major", shape, bytes: bytes) { X.multiply(block: V, into: &Y) })
      rows.append(memory("sparse block, row-major", shape, bytes: bytes) { X.multiply(block: W, into: &Z) })
    }
    return rows
  }

  private func minibatches() -> [KernelsCommand.Row] {
    let (n, p, b) = (10_000, 784, 100)
    let design = DenseDesign(Matrix<Double>(repeating: 0.5, rows: n, columns: p))
    let v = Vector<Double>(repeating: 1, count: p)
    var z = Vector<Double>.zeros(p)
    let batches = (0..<100).map { k in (0..<b).map { ($0 * 7919 + k * 104_729) % n } }
    var k = 0
    return [
      memory("minibatch of random rows", "\(b) × \(p)", bytes: 8 * b * p) {
        design.addRowGrams(rows: batches[k % 100], v, targets: nil, scale: 1, to: &z)
        k += 1
      }
    ]
  }
}
