import LinAlg

/// A quadratic with the penalty of a working set: min ½ wᵀGw − cᵀw + Σ tⱼ |wⱼ| + (λ_G/2) ‖w‖², k unknowns.
struct SmallProblem<Element: Scalar> {
  private var G = Matrix<Element>.zeros(0, 0)
  private var c = Vector<Element>.zeros(0)
  /// c − G w.
  private var g = Vector<Element>.zeros(0)
  private var ridge: Element = 0
  private let cholesky = CholeskyWorkspace<Element>(capacity: 0)
  /// t, the strengths; set by the caller after ``resize(_:)``.
  var strengths = Vector<Element>.zeros(0)
  /// The start, and the solution.
  var w = Vector<Element>.zeros(0)
  private(set) var epochs = 0
  private(set) var newtonSteps = 0
  /// Whether the last solve ended with the optimality conditions met to rounding.
  var isSolved = false

  mutating func resize(_ k: Int) {
    if G.rows == k { return }
    G = .zeros(k, k)
    c = .zeros(k)
    g = .zeros(k)
    w = .zeros(k)
    strengths = .zeros(k)
  }

  /// Sets G and c, w and the strengths being set.
  mutating func load(ridge: Element, _ fill: (_ G: inout Matrix<Element>, _ c: inout Vector<Element>) -> Void) {
    self.ridge = ridge
    fill(&G, &c)
    refreshGradient()
    epochs = 0
    newtonSteps = 0
    isSolved = false
  }

  private mutating func refreshGradient() {
    g.copy(from: c)
    g.assignSymmetricProduct(G, w, alpha: -1, beta: 1)
  }

  /// Coordinate descent and Newton steps in turn until solved, or until 100 rounds.
  mutating func solve(gap: Element) {
    let k = w.count
    if k == 0 {
      isSolved = true
      return
    }
    // A move below this decreases the objective by less than a hundredth of the gap over all coordinates.
    let tolerance = (gap / (50 * Element(k))).squareRoot()
    var rounds = 0
    while rounds < 100 && !isSolved {
      rounds += 1
      let done = Element._gramDescent(
        k, G.base, G.stride, strengths.base, ridge, rounds == 1 ? 5 : 10, tolerance, w.mutableBase(), g.mutableBase())
      epochs += done
      guard newtonStep() else { continue }
      isSolved = meetsConditions()
    }
  }

  /// Solves for the present signs; false where a sign stands in the way (the step then ends there) or the support's system
  /// is singular.
  private mutating func newtonStep() -> Bool {
    let support = IndexSubset(nonzerosOf: w)
    let s = support.count
    if s == 0 { return true }
    newtonSteps += 1
    let (G, ridge) = (self.G, self.ridge)
    do throws(FactorizationError) {
      try cholesky.factor(count: s) { H in
        H.gatherSubmatrix(support, from: G)
        H.addToDiagonal(ridge)
      }
    } catch { return false }
    if cholesky.pivotRatio <= Element(s) * .ulpOfOne { return false }
    let t = strengths
    var target = Vector<Element>(count: s) { c[support[$0]] - (w[support[$0]] > 0 ? t[support[$0]] : -t[support[$0]]) }
    cholesky.solve(&target)
    var fraction: Element = 1
    var blocking = -1
    for k in 0..<s {
      let old = w[support[k]]
      if target[k] * old <= 0 {
        let reach = old / (old - target[k])
        if reach < fraction || blocking < 0 {
          fraction = reach
          blocking = k
        }
      }
    }
    for k in 0..<s {
      let j = support[k]
      w[j] = blocking < 0 ? target[k] : w[j] + fraction * (target[k] - w[j])
    }
    if blocking >= 0 { w[support[blocking]] = 0 }
    refreshGradient()
    return blocking < 0
  }

  /// |c − G w| ≤ t off the support, to rounding (on it the Newton step has solved the equations).
  private func meetsConditions() -> Bool {
    let slack = 1 + 32 * Element.ulpOfOne
    for j in 0..<w.count where w[j] == 0 && g[j].magnitude > strengths[j] * slack { return false }
    return true
  }
}
