import LinAlg

/// A quadratic with the penalty of a working set: min ½ wᵀGw − cᵀw + Σ tⱼ |wⱼ| + (ρ/2) ‖w‖², k unknowns. A ridge that
/// is not the same for all is part of G.
struct SmallProblem<Element: Scalar> {
  private var G = Matrix<Element>.zeros(0, 0)
  private var c = Vector<Element>.zeros(0)
  /// c − G w.
  private var g = Vector<Element>.zeros(0)
  private var ridge: Element = 0
  private let cholesky = CholeskyWorkspace<Element>(capacity: 0)
  private var strengths = Vector<Element>.zeros(0)
  /// The places of strength 0, increasing: their signs mean nothing.
  private var unpenalized: [Int] = []
  /// The start, and the solution.
  private(set) var w = Vector<Element>.zeros(0)
  private(set) var epochs = 0
  private(set) var newtonSteps = 0
  /// Whether the last solve ended with the optimality conditions met to rounding.
  private(set) var isSolved = false

  /// Sets the problem: G and c by `fill`, which finds them of the right size.
  mutating func load(
    start: Vector<Element>, strengths: Vector<Element>, ridge: Element,
    _ fill: (_ G: inout Matrix<Element>, _ c: inout Vector<Element>) -> Void
  ) {
    let k = start.count
    if G.rows != k {
      G.reshape(k, k)
      c = .zeros(k)
      g = .zeros(k)
    }
    w = Vector(copying: start)
    self.strengths = strengths
    unpenalized = strengths.indicesOfZeros()
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
  ///
  /// - Parameter precision: ends where no condition is violated by more than this, relative to the strengths; nil for rounding.
  mutating func solve(gap: Element, precision: Element? = nil) {
    let k = w.count
    if k == 0 {
      isSolved = true
      return
    }
    // A move below this decreases the objective by less than a hundredth of the gap over all coordinates.
    let tolerance = (gap / (50 * Element(k))).squareRoot()
    // An epoch takes k² operations, a Newton step k³/3 that are some ten times faster: as many epochs as cost one or two of them.
    var rounds = 0
    while rounds < 100 && !isSolved {
      rounds += 1
      var left = rounds == 1 ? max(5, k / 40) : max(10, k / 20)
      // Digits are not asked for: a step soon says whether the signs are right.
      if precision != nil { left = min(left, 10) }
      while left > 0 {
        if let precision, meetsConditions(within: precision) { return }
        let few = precision == nil ? left : min(left, 5)
        left -= few
        let done = Element._gramDescent(
          k, G.base, G.stride, strengths.base, ridge, few, tolerance, w.mutableBase(), g.mutableBase())
        epochs += done
        if done < few { break }
      }
      if let precision, meetsConditions(within: precision) { return }
      guard newtonStep() else { continue }
      isSolved = meetsConditions()
    }
  }

  /// Whether no condition is violated by more than `precision` times its strength.
  private func meetsConditions(within precision: Element) -> Bool {
    for j in 0..<w.count {
      let (t, slope) = (strengths[j], g[j] - ridge * w[j])
      let excess = w[j] == 0 ? slope.magnitude - t : (slope - (w[j] > 0 ? t : -t)).magnitude
      if !(excess <= precision * t) { return false }
    }
    return true
  }

  /// Solves for the present signs; false where signs stand in the way or the support's system is singular. Several signs in the way
  /// become zeros if that decreases the objective; otherwise the step ends at the first.
  private mutating func newtonStep() -> Bool {
    let support = IndexSubset(nonzerosOf: w, and: unpenalized)
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
    var blocking: [Int] = []
    for k in 0..<s {
      let old = w[support[k]]
      if target[k] * old <= 0 && t[support[k]] > 0 {
        let reach = old / (old - target[k])
        // The first sign change goes to the front.
        blocking.append(k)
        if reach < fraction { blocking.swapAt(0, blocking.count - 1) }
        fraction = min(fraction, reach)
      }
    }
    if blocking.count > 1 {
      var clipped = Vector(copying: target)
      for k in blocking { clipped[k] = 0 }
      if moveIfBetter(to: clipped, on: support) { return false }
    }
    for k in 0..<s {
      let j = support[k]
      w[j] = blocking.isEmpty ? target[k] : w[j] + fraction * (target[k] - w[j])
    }
    if let first = blocking.first { w[support[first]] = 0 }
    refreshGradient()
    return blocking.isEmpty
  }

  /// w ← the given values on the support where they have the smaller objective, and whether they have. Cost k².
  private mutating func moveIfBetter(to values: Vector<Element>, on support: IndexSubset) -> Bool {
    var δ = Vector<Element>.zeros(w.count)
    δ.scatter(support, from: values)
    δ.add(-1, w)
    var image = Vector<Element>.zeros(w.count)
    image.assignSymmetricProduct(G, δ)
    var change = δ.dot(image) / 2 - g.dot(δ) + ridge * (w.dot(δ) + δ.dot(δ) / 2)
    for k in 0..<support.count {
      let j = support[k]
      change += strengths[j] * (values[k].magnitude - w[j].magnitude)
    }
    if !(change < 0) { return false }
    w.scatter(support, from: values)
    refreshGradient()
    return true
  }

  /// |c − G w| ≤ t off the support, to rounding (on it and without a penalty the Newton step has solved the equations).
  private func meetsConditions() -> Bool {
    let slack = 1 + 32 * Element.ulpOfOne
    for j in 0..<w.count where w[j] == 0 && strengths[j] > 0 && g[j].magnitude > strengths[j] * slack { return false }
    return true
  }
}
