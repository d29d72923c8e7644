import ImplicitDiff
import LinAlg
import Models
import RandomStreams

/// Draws the problems of ``ChoiceCommand`` and times the methods on them.
struct RandomShapes {
  private var random: RandomStream

  init(seed: UInt64) { random = RandomStream(seed: seed) }

  /// Between the two, evenly in the logarithm.
  private mutating func between(_ a: Double, _ b: Double) -> Double {
    Double.exp(Double.log(a) + random.nextUniform() * (Double.log(b) - Double.log(a)))
  }

  mutating func next() throws -> ChoiceCommand.Row {
    let isSparse = random.nextUniform() < 0.3
    let isSingle = random.nextUniform() < 0.25
    let ridge = between(1e-5, 1e-1)
    let row: ChoiceCommand.Row
    if isSparse {
      let (n, density) = (Int(between(500, 20_000)), between(5e-4, 1e-2))
      let s = Int(between(30, 3000))
      let entries = max(1, Int(density * Double(n)))
      row =
        isSingle
        ? try measure(sparse(n, 2 * s, entries) as SparseMatrix<Float>, s, "sparse Float", 0, Float(ridge))
        : try measure(sparse(n, 2 * s, entries) as SparseMatrix<Double>, s, "sparse Double", 0, ridge)
    } else {
      let n = Int(between(60, 8000))
      let s = Int(between(20, min(1800, 4 * Double(n))))
      let correlation = random.nextUniform() < 0.5 ? 0 : random.nextUniform() * 0.95
      let X = dense(n, s + s / 2, correlation)
      row =
        isSingle
        ? try measure(DenseDesign(Matrix<Float>(converting: X)), s, "Float", correlation, Float(ridge))
        : try measure(DenseDesign(X), s, "Double", correlation, ridge)
    }
    return row
  }

  /// Gaussian columns, each an autoregression on the one before: conditions of up to ((1 + c)/(1 − c))².
  private mutating func dense(_ n: Int, _ p: Int, _ c: Double) -> Matrix<Double> {
    var X = Matrix<Double>(rows: n, columns: p) { _, _ in random.nextNormal() }
    let rest = (1 - c * c).squareRoot()
    if c > 0 { for j in 1..<p { for i in 0..<n { X[i, j] = c * X[i, j - 1] + rest * X[i, j] } } }
    return X
  }

  private mutating func sparse<Element: Scalar>(_ n: Int, _ p: Int, _ entries: Int) -> SparseMatrix<Element> {
    var (pointers, indices, values): ([Int], [Int32], [Element]) = ([0], [], [])
    for _ in 0..<p {
      var rows = Set<Int>()
      while rows.count < entries { rows.insert(random.nextIndex(below: n)) }
      for i in rows.sorted() {
        indices.append(Int32(i))
        values.append(Element(random.nextNormal() * (Double(n) / Double(entries)).squareRoot()))
      }
      pointers.append(values.count)
    }
    return try! SparseMatrix(rows: n, columns: p, columnPointers: pointers, rowIndices: indices, values: values)
  }

  /// Every other column's coefficient, as far as the support goes, is not zero.
  private func measure<Element: Scalar>(
    _ X: any DesignMatrix<Element>, _ s: Int, _ kind: String, _ correlation: Double, _ ridge: Element
  ) throws -> ChoiceCommand.Row {
    typealias Map = ElasticNetMap<Element>
    let p = X.columns
    let map = Map(
      loss: QuadraticLoss(features: X, targets: Vector(count: X.rows) { Element($0 % 7) - 3 }), step: .fixed(1e-3))
    var w = Vector<Element>.zeros(p)
    for k in 0..<s { w[k * p / s] = Element(k % 3) + 1 }
    let problem = FixedPointProblem(map, parameters: [1e-3, ridge], state: w, stateIsSolution: true)
    var stream = RandomStream(seed: 5)
    let y = Vector<Element>(count: p) { _ in Element(stream.nextNormal()) }
    let solvers: [AID<Map>.Solver] = [.direct, .conjugateGradient, .minres, .automatic]
    let strategies = solvers.map { AID<Map>($0) }
    let workspaces = strategies.map { $0.makeWorkspace(for: map) }
    var result = Vector<Element>.zeros(2)
    var best = [Double](repeating: .infinity, count: solvers.count)
    var reports: [DerivativeReport<Element>?] = Array(repeating: nil, count: solvers.count)
    let clock = ContinuousClock.now
    // In turns, so that what else the machine does meets all alike.
    for round in 0..<200 {
      for k in solvers.indices {
        // One that is far behind is not waited for.
        if round >= 2, best[k] > 3 * best.min()!, k != 3 { continue }
        reports[k] = try strategies[k].vjp(problem, into: &result, workspace: workspaces[k]) { _, _, out in
          out.copy(from: y)
        }
        if round > 0 { best[k] = min(best[k], reports[k]!.seconds) }
      }
      if round >= 3, ContinuousClock.now - clock > .milliseconds(400) { break }
    }
    func milliseconds(_ k: Int) -> Double? { reports[k]!.outcome == .converged ? best[k] * 1e3 : nil }
    return ChoiceCommand.Row(
      samples: X.rows, support: s, kind: kind, correlation: correlation, ridge: Double(ridge),
      direct: milliseconds(0), conjugateGradient: milliseconds(1), minres: milliseconds(2), auto: best[3] * 1e3,
      chosen: reports[3]!.method, products: reports[3]!.products)
  }
}
