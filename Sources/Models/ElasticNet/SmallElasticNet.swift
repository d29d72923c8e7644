import LinAlg

/// An elastic net on its Gram matrix: min ½ wᵀGw − cᵀw + λ1 ‖w‖₁ + (λ2/2) ‖w‖², k unknowns.
struct SmallElasticNet<Element: Scalar> {
  private var G = Matrix<Element>.zeros(0, 0)
  private var c = Vector<Element>.zeros(0)
  /// c − G w.
  private var g = Vector<Element>.zeros(0)
  private let cholesky = CholeskyWorkspace<Element>(capacity: 0)
  private(set) var w = Vector<Element>.zeros(0)
  private(set) var epochs = 0
  private(set) var newtonSteps = 0
  /// Whether the last solve ended with the optimality conditions met to rounding.
  private(set) var isSolved = false

  mutating func load(_ loss: QuadraticLoss<Element>, _ working: IndexSubset, _ full: Vector<Element>) {
    let k = working.count
    if G.rows != k {
      G = .zeros(k, k)
      c = .zeros(k)
      g = .zeros(k)
      w = .zeros(k)
    }
    loss.assembleHessian(on: working, into: &G)
    c.gather(working, from: loss.correlation)
    w.gather(working, from: full)
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
  mutating func solve(_ λ1: Element, _ λ2: Element, gap: Element) {
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
        k, G.base, G.stride, λ1, λ2, rounds == 1 ? 5 : 10, tolerance, w.mutableBase(), g.mutableBase())
      epochs += done
      guard newtonStep(λ1, λ2) else { continue }
      isSolved = meetsConditions(λ1)
    }
  }

  /// Solves for the present signs; false where a sign stands in the way (the step then ends there) or the support's system
  /// is singular.
  private mutating func newtonStep(_ λ1: Element, _ λ2: Element) -> Bool {
    let support = IndexSubset(nonzerosOf: w)
    let s = support.count
    if s == 0 { return true }
    newtonSteps += 1
    let G = self.G
    do throws(FactorizationError) {
      try cholesky.factor(count: s) { H in
        H.gatherSubmatrix(support, from: G)
        H.addToDiagonal(λ2)
      }
    } catch { return false }
    if cholesky.pivotRatio <= Element(s) * .ulpOfOne { return false }
    var target = Vector<Element>(count: s) { c[support[$0]] - (w[support[$0]] > 0 ? λ1 : -λ1) }
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

  /// |c − G w| ≤ λ1 off the support, to rounding (on it the Newton step has solved the equations).
  private func meetsConditions(_ λ1: Element) -> Bool {
    let limit = λ1 * (1 + 32 * .ulpOfOne)
    for j in 0..<w.count where w[j] == 0 && g[j].magnitude > limit { return false }
    return true
  }
}
