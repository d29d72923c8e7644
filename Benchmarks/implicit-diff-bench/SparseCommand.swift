import ArgumentParser
import CommandSupport
import Foundation
import LinAlg
import RandomStreams
import TextTable

struct SparseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sparse",
    abstract: "Solvers of the adjoint equation on supports of sparse designs.",
    discussion: """
      (X_SᵀX_S/n + λ2 I) u = b, by conjugate gradient without a preconditioner, with the diagonal (Jacobi) and with the \
      incomplete Cholesky factorization (IC), and by Cholesky of the dense matrix: iterations and milliseconds, everything \
      included that the method has to make first. Designs: random positions; bumps of ten samples at successive positions, \
      whose Gram matrix is a band; and bumps of 5 × 5 pixels on a picture. λ2 is relative to the largest diagonal entry \
      of X_SᵀX_S/n.
      """)

  struct Row {
    var design: String
    var support: Int
    var ridge: Double
    var stored: Int
    var met: Double
    var gramEntries: Int
    var shift: Double
    var plain, jacobi, incomplete: (iterations: Int, milliseconds: Double)
    var setup: Double
    var product: Double
    var direct: Double?
    var woodbury: Double?

    private var place: [Column] {
      [
        Column(title: "design", value: design), Column(title: "|S|", value: "\(support)", align: .right),
        Column(title: "λ2", value: Format.compact(ridge), align: .right),
      ]
    }

    /// At most 80 columns wide.
    static func iterationTable(_ rows: [Row]) -> String {
      TextTable<Row> { r in
        r.place + [
          Column(title: "plain", value: "\(r.plain.iterations)", align: .right),
          Column(title: "Jacobi", value: "\(r.jacobi.iterations)", align: .right),
          Column(title: "IC", value: "\(r.incomplete.iterations)", align: .right),
          Column(title: "nnz(X_S)", value: "\(r.stored)", align: .right),
          Column(title: "pairs", value: Format.compact(r.met / Double(r.stored)), align: .right),
          Column(title: "nnz(G)", value: "\(r.gramEntries)", align: .right),
          Column(title: "shift", value: Format.compact(r.shift), align: .right),
        ]
      }.string(for: rows) ?? ""
    }

    /// At most 80 columns wide.
    static func timeTable(_ rows: [Row]) -> String {
      TextTable<Row> { r in
        r.place + [
          Column(title: "plain", value: Format.compact(r.plain.milliseconds), align: .right),
          Column(title: "Jacobi", value: Format.compact(r.jacobi.milliseconds), align: .right),
          Column(title: "IC", value: Format.compact(r.incomplete.milliseconds), align: .right),
          Column(title: "setup", value: Format.compact(r.setup), align: .right),
          Column(title: "product", value: Format.compact(r.product), align: .right),
          Column(title: "dense", value: Format.compact(r.direct), align: .right),
          Column(title: "Woodbury", value: Format.compact(r.woodbury), align: .right),
        ]
      }.string(for: rows) ?? ""
    }
  }

  func run() throws {
    let progress = ProgressLine("drawing the designs")
    defer { progress.end() }
    var rows: [Row] = []
    func add(_ name: String, _ X: SparseMatrix<Double>, supports: [Int], ridges: [Double]) {
      for s in supports {
        for ridge in ridges {
          progress.update("\(name), support \(s)")
          rows.append(measure(name, X, s, ridge))
        }
      }
    }
    let ridges = [1e-1, 1e-3, 1e-5]
    let random = Designs.random(rows: 5000, columns: 20_000, density: 1e-3)
    add("random", random, supports: [100, 500, 1000, 2000], ridges: ridges)
    let small = Designs.random(rows: 500, columns: 20_000, density: 1e-2)
    add("random 500", small, supports: [1000, 4000], ridges: [1e-2])
    add("bumps", Designs.bumps(count: 20_000, width: 10), supports: [1000, 4000, 8000], ridges: ridges)
    add("pixels", Designs.picture(side: 140, width: 5), supports: [1000, 8000], ridges: ridges)
    progress.end()
    try Console.print("iterations, and what the matrices hold\n" + Row.iterationTable(rows))
    try Console.print("\nmilliseconds\n" + Row.timeTable(rows))
  }

  private func measure(_ name: String, _ X: SparseMatrix<Double>, _ s: Int, _ relativeRidge: Double) -> Row {
    let chosen = Designs.subset(s, of: X.columns)
    let scale = 1 / Double(X.rows)
    var norms = Vector<Double>.zeros(X.columns)
    X.squaredColumnNorms(into: &norms)
    let diagonal = Vector(count: s) { norms[chosen[$0]] * scale }
    let ridge = relativeRidge * (0..<s).reduce(0) { max($0, diagonal[$1]) }
    let A = RestrictedGram(X, chosen, scale: scale, shift: ridge)
    var stream = RandomStream(seed: 5)
    let b = Vector<Double>(count: s) { _ in Double(Int(stream.next() >> 44) - (1 << 19)) / Double(1 << 19) }
    var x = Vector<Double>.zeros(s)
    let solver = ConjugateGradient<Double>(count: s)
    let budget = 0.2

    func solve(_ make: () -> (any LinearOperator<Double>)?) -> (iterations: Int, milliseconds: Double) {
      var iterations = 0
      let t = Timing(budget: budget, most: 50) {
        let report = solver.solve(A, b, into: &x, preconditioner: make())
        iterations = report.outcome == .converged ? report.iterations : -report.iterations
      }
      return (iterations, t.median * 1e3)
    }

    let plain = solve { nil }
    let jacobi = solve { DiagonalOperator(inverting: Vector(count: s) { diagonal[$0] + ridge }) }
    let incomplete = solve {
      IncompleteCholesky(SparseSymmetricMatrix(gramOf: X, columns: chosen, alpha: scale, shift: ridge)!)
    }
    let gram = SparseSymmetricMatrix(gramOf: X, columns: chosen, alpha: scale, shift: ridge)!
    let setup = Timing(budget: budget, most: 50) {
      _ = IncompleteCholesky(SparseSymmetricMatrix(gramOf: X, columns: chosen, alpha: scale, shift: ridge)!)
    }.median
    var y = x
    let product = Timing(budget: budget, most: 200) { A.apply(x, into: &y) }.median
    let cholesky = CholeskyWorkspace<Double>(capacity: 0)
    let workspace = ColumnGram<Double>()
    let direct =
      s > 4000
      ? nil
      : Timing(budget: budget, most: 20) {
        try? cholesky.factor(count: s) { H in
          X.gram(columns: chosen, weights: nil, alpha: scale, into: &H, workspace: workspace)
          H.addToDiagonal(ridge)
        }
        x.copy(from: b)
        cholesky.solve(&x)
      }.median * 1e3
    let woodbury =
      X.rows >= s
      ? nil
      : Timing(budget: budget, most: 20) {
        try? cholesky.factor(count: X.rows) { M in
          X.outerGram(columns: chosen, alpha: scale, into: &M)
          M.addToDiagonal(ridge)
        }
      }.median * 1e3
    return Row(
      design: name, support: s, ridge: relativeRidge, stored: X.storedCount(columns: chosen),
      met: X.sparseGramMultiplications(columns: chosen), gramEntries: gram.entryCount,
      shift: IncompleteCholesky(gram)?.shift ?? .nan, plain: plain, jacobi: jacobi, incomplete: incomplete,
      setup: setup * 1e3, product: product * 1e3, direct: direct, woodbury: woodbury)
  }
}

/// α X_SᵀX_S + shift I.
private final class RestrictedGram: LinearOperator {
  let X: SparseMatrix<Double>
  let chosen: IndexSubset
  let scale: Double
  let shift: Double
  private var image: Vector<Double>

  init(_ X: SparseMatrix<Double>, _ chosen: IndexSubset, scale: Double, shift: Double) {
    (self.X, self.chosen, self.scale, self.shift) = (X, chosen, scale, shift)
    image = .zeros(X.rows)
  }

  var rows: Int { chosen.count }
  var columns: Int { chosen.count }

  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) {
    image.fill(0)
    X.addProduct(columns: chosen, x, to: &image)
    X.multiplyTransposed(columns: chosen, image, alpha: scale, into: &y)
    y.add(shift, x)
  }
}

/// Sparse designs of three kinds.
private enum Designs {
  /// Entries at random, values in (−1, 1).
  static func random(rows n: Int, columns p: Int, density: Double) -> SparseMatrix<Double> {
    var stream = RandomStream(seed: 1)
    let entries = max(1, Int((density * Double(n)).rounded()))
    return make(n, p) { _ in
      var rows = Set<Int>()
      while rows.count < entries { rows.insert(Int(stream.next() % UInt64(n))) }
      return rows.sorted().map { ($0, Double(Int(stream.next() >> 44) - (1 << 19)) / Double(1 << 19)) }
    }
  }

  /// Column j is a smooth bump that starts at sample j, of uneven height.
  static func bumps(count: Int, width: Int) -> SparseMatrix<Double> {
    make(count + width, count) { j in
      (0..<width).map { (j + $0, height(j) * bump($0, width)) }
    }
  }

  /// Column (a, b) is a smooth bump of width × width pixels.
  static func picture(side: Int, width: Int) -> SparseMatrix<Double> {
    let wide = side + width
    return make(wide * wide, side * side) { j in
      (0..<width).flatMap { a in
        (0..<width).map { b in
          ((j / side + a) * wide + j % side + b, height(j) * bump(a, width) * bump(b, width))
        }
      }
    }
  }

  /// Every so many columns, spread over the whole: neighbours more often than by chance, as supports have them.
  static func subset(_ s: Int, of p: Int) -> IndexSubset {
    // Runs of up to eight columns.
    var indices: [Int] = []
    let runs = (s + 7) / 8
    for r in 0..<runs { for k in 0..<min(8, s - 8 * r) { indices.append(r * (p / runs) + k) } }
    return IndexSubset(indices, universe: p)
  }

  private static func height(_ j: Int) -> Double { 0.5 + Double(j * 7919 % 101) / 40 }

  private static func bump(_ k: Int, _ width: Int) -> Double {
    let x = (Double(k) + 0.5) / Double(width)
    return 16 * x * x * (1 - x) * (1 - x)
  }

  private static func make(_ n: Int, _ p: Int, _ column: (Int) -> [(Int, Double)]) -> SparseMatrix<Double> {
    var pointers = [0]
    var indices: [Int32] = []
    var values: [Double] = []
    for j in 0..<p {
      for (i, v) in column(j) {
        indices.append(Int32(i))
        values.append(v)
      }
      pointers.append(values.count)
    }
    return try! SparseMatrix(rows: n, columns: p, columnPointers: pointers, rowIndices: indices, values: values)
  }
}
