import ImplicitDiff
import LinAlg
import Models

/// Products with blocks of vectors.
extension Kernels {
  /// XᵀX V for blocks of several widths: BLAS's two products beside what the package does.
  func gramBlocks() -> [KernelsCommand.Row] {
    var rows: [KernelsCommand.Row] = []
    for (n, p) in [(60_000, 784), (20_000, 1000), (100_000, 100)] {
      let X = Matrix<Double>(repeating: 0.5, rows: n, columns: p)
      let fused = FusedGram<Double>()
      for q in [1, 2, 4, 8, 16, 32] {
        let V = Matrix<Double>(repeating: 1, rows: p, columns: q)
        var Y = Matrix<Double>.zeros(p, q)
        var R = Matrix<Double>.zeros(n, q)
        let shape = "\(n) × \(p) × \(q)"
        for threads in 1...min(2, BLAS.processors) {
          rows.append(
            both("XᵀX V, 2 dgemm, threads \(threads)", shape, bytes: 8 * n * p, operations: 4 * n * p * q) {
              BLAS.withThreads(threads) {
                R.assignProduct(X, V)
                Y.assignProduct(X.transposed, R)
              }
            })
        }
        rows.append(
          both("XᵀX V, the package", shape, bytes: 8 * n * p, operations: 4 * n * p * q) {
            fused.assign(to: &Y, of: X, block: V)
          })
      }
    }
    return rows
  }

  /// A1 V for the elastic net, through its Gram matrix or through X: the share is of OpenBLAS's products at the same shape
  /// alone, without what makes A1 of them.
  func tangents() -> [KernelsCommand.Row] {
    var rows: [KernelsCommand.Row] = []
    for (n, p, q) in [(2000, 1000, 32), (2000, 2000, 64), (2000, 6000, 32)] {
      let X = Matrix<Double>(rows: n, columns: p) { Double(($0 * 7 + $1 * 13) % 11) - 5 }
      let map = ElasticNetMap(
        features: X, targets: Vector(count: n) { Double($0 % 3) }, step: .fixed(1 / (25 * Double(p))))
      let linearization = map.makeLinearization()
      var value = Vector<Double>.zeros(p)
      map.linearize(
        at: Vector(repeating: 1, count: p), parameters: [1e-3, 0.1], into: linearization, value: &value)
      let V = Matrix<Double>(rows: p, columns: q) { Double(($0 + $1) % 5) - 2 }
      var Y = Matrix<Double>.zeros(p, q)
      // As many products as make the Gram matrix due, where it is to be.
      let byGram = p <= 4096
      if byGram { for _ in 0...(p / 64) { linearization.state.apply(block: V, into: &Y) } }
      precondition(map.smooth.loss.usesGramMatrix == byGram, "the products of \(p) features do not go as this row says")
      let H = byGram ? map.smooth.loss.features.gram() : Matrix<Double>.zeros(0, 0)
      var R = Matrix<Double>.zeros(byGram ? 0 : n, byGram ? 0 : q)
      let work: () -> Void = { linearization.state.apply(block: V, into: &Y) }
      let alone = Timing(budget: budget, most: 10_000) {
        if byGram {
          Y.assignProduct(H, V)
        } else {
          R.assignProduct(X, V)
          Y.assignProduct(X.transposed, R)
        }
      }.median
      let t = Timing(budget: budget, most: 10_000, work).median
      let operations = Double(byGram ? 2 * p * p * q : 4 * n * p * q)
      rows.append(
        KernelsCommand.Row(
          kernel: "A1 V by \(byGram ? "Gram" : "X"), of its dgemm",
          shape: byGram ? "\(p) × \(p) × \(q)" : "\(n) × \(p) × \(q)", microseconds: t * 1e6, gigabytesPerSecond: nil,
          gigaflops: operations / t * 1e-9, share: alone / t))
    }
    return rows
  }
}

extension DesignMatrix {
  /// XᵀX.
  fileprivate func gram() -> Matrix<Element> {
    var G = Matrix<Element>.zeros(columns, columns)
    gram(
      columns: IndexSubset(Array(0..<columns), universe: columns), weights: nil, alpha: 1, into: &G,
      workspace: ColumnGram())
    return G
  }
}
