import ImplicitDiff
import LinAlg
import RandomStreams

/// Minimizes ½ ‖Xᵀ(σ ∘ α)‖² − cᵀα + ε ‖α‖₁ over lower ≤ α ≤ upper: by descent along one α after the other, which says in the end which of them are free,
/// and then by the linear system of those. Where bounds are far off descent alone takes thousands of passes for the last digits, and projected gradients,
/// whose steps are as short as the longest direction asks, never say which are free.
///
/// Source: C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan, *A Dual Coordinate Descent Method for Large-scale Linear SVM*, ICML 2008.
struct DualDescent<Element: Scalar> {
  let features: any DesignMatrix<Element>
  /// Dense features row by row; nil for others.
  let rows: Matrix<Element>?
  let signs: Vector<Element>?
  let linear: Vector<Element>
  /// ‖row‖² of every row.
  let squares: Vector<Element>
  let lower: Element
  let upper: Element
  let width: Element

  private var n: Int { linear.count }
  private func sign(_ i: Int) -> Element { signs?[i] ?? 1 }

  /// α to rounding, and the passes it took; nil where `passLimit` came first.
  func solve(from start: Vector<Element>?, passLimit: Int) -> (state: Vector<Element>, passes: Int)? {
    var α = Vector<Element>.zeros(n)
    if let start { for i in 0..<n { α[i] = start[i].isFinite ? min(max(start[i], lower), upper) : 0 } }
    var order = Array(0..<n)
    var stream = RandomStream(seed: 0)
    var stretch = 8
    var passes = 0
    while passes < passLimit {
      // Sums are made anew now and then: descent adds to them.
      var w = coefficients(α)
      for _ in 0..<min(stretch, passLimit - passes) {
        stream.shuffle(&order)
        descend(order, &α, &w)
      }
      passes += stretch
      stretch *= 2
      if let found = finished(α) { return (found, passes) }
    }
    return nil
  }

  private func coefficients(_ α: Vector<Element>) -> Vector<Element> {
    var w = Vector<Element>.zeros(features.columns)
    features.multiplyTransposed(
      Vector(count: n) { sign($0) * α[$0] }, alpha: 1, beta: 0, into: &w)
    return w
  }

  /// The slope of the smooth part at every row.
  private func slopes(_ w: Vector<Element>) -> Vector<Element> {
    var z = Vector<Element>.zeros(n)
    features.multiply(w, alpha: 1, beta: 0, into: &z)
    for i in 0..<n { z[i] = sign(i) * z[i] - linear[i] }
    return z
  }

  /// The minimizer over α_i alone of g (α_i − now) + q (α_i − now)²/2 + ε |α_i| within the bounds.
  @inline(__always)
  private func best(_ now: Element, _ g: Element, _ q: Element) -> Element {
    if q == 0 {
      // A row of zeros: linear.
      return g > width ? lower : g < -width ? upper : width > 0 ? 0 : now
    }
    let (u, t) = (now - g / q, width / q)
    let x = u > t ? u - t : u < -t ? u + t : 0
    return min(max(x, lower), upper)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func descend(_ order: [Int], _ α: inout Vector<Element>, _ w: inout Vector<Element>) {
    guard let rows else { return descendByProducts(order, &α, &w) }
    let p = rows.columns
    let (a, v) = (α.mutableBase(), w.mutableBase())
    for i in order {
      let row = rows.base + i * rows.stride
      var z: Element = 0
      for j in 0..<p { z += row[j] * v[j] }
      let σ = sign(i)
      let x = best(a[i], σ * z - linear[i], squares[i])
      let step = σ * (x - a[i])
      if step == 0 { continue }
      a[i] = x
      for j in 0..<p { v[j] += step * row[j] }
    }
  }

  private func descendByProducts(_ order: [Int], _ α: inout Vector<Element>, _ w: inout Vector<Element>) {
    var score = Vector<Element>.zeros(1)
    for i in order {
      features.multiply(rows: [i], w, into: &score)
      let x = best(α[i], sign(i) * score[0] - linear[i], squares[i])
      if x == α[i] { continue }
      features.addRows([i], [sign(i) * (x - α[i])], scale: 1, to: &w)
      α[i] = x
    }
  }

  /// α with its free entries from their linear system, others left at their bounds; nil where that is not the minimizer.
  private func finished(_ α: Vector<Element>) -> Vector<Element>? {
    let free = (0..<n).filter { α[$0] > lower && α[$0] < upper && (width == 0 || α[$0] != 0) }
    var solved = Vector(copying: α)
    // More could not be told from each other by their rows; a cube of this is a second.
    guard free.count <= 3_000 else { return isMinimizer(α) ? α : nil }
    if !free.isEmpty {
      let part = features.rows(free)
      let local = SupportVectorDual<Element>.rows(
        part, signs: signs.map { s in Vector(count: free.count) { s[free[$0]] } })
      var Q = Matrix<Element>.zeros(free.count, free.count)
      local.makeHessian().assemble(on: IndexSubset(Array(0..<free.count), universe: free.count), into: &Q)
      // Equal rows make it singular: a shift far below its entries, whose error the repetitions take away.
      let shift = 64 * Element(free.count) * .ulpOfOne * free.reduce(0) { max($0, squares[$1]) }
      Q.addToDiagonal(shift)
      guard let factor = try? Cholesky(overwriting: Q) else { return nil }
      for _ in 0..<4 {
        let g = slopes(coefficients(solved))
        var d = Vector<Element>(count: free.count) { k in
          let i = free[k]
          return -(g[i] + (α[i] > 0 ? width : -width))
        }
        factor.solve(&d)
        for (k, i) in free.enumerated() { solved[i] += d[k] }
      }
      for i in free {
        // Beyond its bound, or across zero: not the free ones.
        if !(solved[i] >= lower && solved[i] <= upper) || (width > 0 && solved[i] * α[i] < 0) { return nil }
      }
    }
    return isMinimizer(solved) ? solved : nil
  }

  /// Whether no entry has a slope that leads down, up to the rounding of sums over the rows and over the features.
  private func isMinimizer(_ α: Vector<Element>) -> Bool {
    let g = slopes(coefficients(α))
    let largest = squares.maxNorm.squareRoot()
    let mass = (0..<n).reduce(0) { $0 + α[$1].magnitude * squares[$1].squareRoot() }
    let slack = 16 * .ulpOfOne * (largest * mass + linear.maxNorm)
    for i in 0..<n {
      let down = α[i] > 0 ? g[i] + width : g[i] - width
      let up = α[i] >= 0 ? g[i] + width : g[i] - width
      if α[i] > lower, down > slack { return false }
      if α[i] < upper, up < -slack { return false }
      if !g[i].isFinite { return false }
    }
    return true
  }
}
