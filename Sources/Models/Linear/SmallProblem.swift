import LinAlg

/// What a problem that is not solved to rounding is solved to.
struct RoughGoal<Element: Scalar> {
  /// How far optimality conditions may be violated, relative to the strengths. That leaves a gap of at most twice as much, relative to the objective.
  var precision: Element
  /// f(0) of a quadratic loss, by which the gap itself is known; nil where it is not. A quarter of what those violations may leave is asked for then, which
  /// is met long before they are.
  var objectiveAtZero: Element?
}

/// A quadratic with the penalty of a working set: min ½ wᵀGw − cᵀw + Σ tⱼ |wⱼ| + (ρ/2) ‖w‖², k unknowns. A ridge that
/// is not the same for all is part of G.
struct SmallProblem<Element: Scalar> {
  private var G = Matrix<Element>.zeros(0, 0)
  private var c = Vector<Element>.zeros(0)
  /// c − G w.
  private var g = Vector<Element>.zeros(0)
  private var ridge: Element = 0
  private let cholesky = CholeskyWorkspace<Element>(capacity: 0)
  /// Where G is the matrix of kept products, and which features the unknowns are then, in any order.
  private var products: GrowingGram<Element>?
  private(set) var columns = IndexSubset.none
  /// The factor on large supports of these products, from one working set to the next.
  let factor = SupportFactor<Element>()
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
    products = nil
    fill(&G, &c)
    refreshGradient()
    epochs = 0
    newtonSteps = 0
    isSolved = false
  }

  /// Sets the problem on all columns of `products`, G being their matrix where it lies; p entries each of w to start from, strengths and linear term.
  mutating func load(
    _ products: GrowingGram<Element>, start: Vector<Element>, strengths: Vector<Element>, linear: Vector<Element>,
    ridge: Element
  ) {
    self.products = products
    self.ridge = ridge
    columns = IndexSubset(unordered: products.columns, universe: start.count)
    G = products.matrix
    func chosen(_ x: Vector<Element>) -> Vector<Element> {
      var y = Vector<Element>.zeros(columns.count)
      y.gather(columns, from: x)
      return y
    }
    (w, self.strengths, c, g) = (chosen(start), chosen(strengths), chosen(linear), .zeros(columns.count))
    unpenalized = self.strengths.indicesOfZeros()
    refreshGradient()
    (epochs, newtonSteps, isSolved) = (0, 0, false)
  }

  /// Gives the matrix of kept products back.
  mutating func letGo() {
    products = nil
    G = .zeros(0, 0)
  }

  private mutating func refreshGradient() {
    g.copy(from: c)
    addProduct(w, -1, to: &g)
  }

  /// y ← y + α G x: of kept products through the columns where x is not zero, their matrix being larger than the problem.
  private func addProduct(_ x: Vector<Element>, _ α: Element, to y: inout Vector<Element>) {
    if products == nil {
      y.assignSymmetricProduct(G, x, alpha: α, beta: 1)
      return
    }
    let support = IndexSubset(nonzerosOf: x)
    var values = Vector<Element>.zeros(support.count)
    values.gather(support, from: x)
    values.scale(by: α)
    y.addProduct(columns: support, of: G, values)
  }

  /// Coordinate descent and Newton steps in turn until solved, or until 100 rounds.
  ///
  /// - Parameter goal: what to end at; nil for rounding.
  mutating func solve(gap: Element, goal: RoughGoal<Element>? = nil) {
    let k = w.count
    if k == 0 {
      isSolved = true
      return
    }
    // A move below this decreases the objective by less than a hundredth of the gap over all coordinates.
    let tolerance = (gap / (50 * Element(k))).squareRoot()
    if let goal {
      solve(within: goal, tolerance)
      return
    }
    // An epoch takes k² operations, a Newton step k³/3 that are some ten times faster: as many epochs as cost one or two of them.
    let size = products == nil ? k : w.nonzeroCount
    var rounds = 0
    while rounds < 100 && !isSolved {
      rounds += 1
      descend(epochs: rounds == 1 ? max(5, size / 40) : max(10, size / 20), tolerance)
      guard newtonStep(refining: true) == true else { continue }
      isSolved = meetsConditions()
    }
  }

  /// The same to a few digits: only what is to leave zero is descended on, as Newton's steps move the rest, unless these get nowhere.
  private mutating func solve(within goal: RoughGoal<Element>, _ tolerance: Element) {
    for round in 0..<100 {
      if meets(goal) { return }
      let entering = zerosBeyond(goal.precision)
      if round % 8 == 7 {
        descend(epochs: 5, tolerance)
      } else if !entering.isEmpty {
        descend(epochs: 3, tolerance, on: entering)
        if meets(goal) { return }
      }
      if newtonStep(refining: false) == nil { descend(epochs: 10, tolerance) }
    }
  }

  /// Whether the duality gap is small enough, or no condition is violated by too much.
  private func meets(_ goal: RoughGoal<Element>) -> Bool {
    if meetsConditions(within: goal.precision) { return true }
    guard let atZero = goal.objectiveAtZero else { return false }
    // With r = y − X w: ‖y‖²/n = 2 f(0), Xᵀy/n = c, ‖r‖²/(2n) = f(0) − (c + g)·w/2 and yᵀr/n = 2 f(0) − c·w. See ``WorkingSetRun``.
    var (alongC, alongG, squares, norm, excess) = (Element(0), Element(0), Element(0), Element(0), Element(0))
    let (w, g, c, t) = (w.base, g.base, c.base, strengths.base)
    for j in 0..<strengths.count {
      excess = max(excess, (g[j] - ridge * w[j]).magnitude / t[j])
      alongC += c[j] * w[j]
      alongG += g[j] * w[j]
      squares += w[j] * w[j]
      norm += t[j] * w[j].magnitude
    }
    let (loss, scale) = (atZero - (alongC + alongG) / 2, 1 / max(1, excess))
    let objective = loss + norm + ridge * squares / 2
    let dual = scale * (2 * atZero - alongC) - scale * scale * (loss + ridge * squares / 2)
    return objective - dual <= goal.precision / 2 * objective
  }

  private mutating func descend(epochs count: Int, _ tolerance: Element, on chosen: [Int]? = nil) {
    let k = w.count
    let (w, g) = (w.mutableBase(), g.mutableBase())
    guard let chosen else {
      epochs += Element._gramDescent(
        k, k, nil, G.base, G.stride, strengths.base, ridge, count, tolerance, w, g)
      return
    }
    epochs += chosen.withUnsafeBufferPointer {
      Element._gramDescent(
        k, chosen.count, $0.baseAddress!, G.base, G.stride, strengths.base, ridge, count, tolerance, w, g)
    }
  }

  /// The places at zero whose slopes exceed their strengths by more than `precision` of them.
  private func zerosBeyond(_ precision: Element) -> [Int] {
    let (w, g, t) = (w.base, g.base, strengths.base)
    return (0..<strengths.count).filter { w[$0] == 0 && !(g[$0].magnitude <= (1 + precision) * t[$0]) }
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

  /// Solves for the present signs; false where signs stand in the way, nil where the support's system is singular. Several signs in the way
  /// become zeros if that decreases the objective; otherwise the step ends at the first.
  ///
  /// - Parameter refining: solves for what a factor that was updated leaves as well.
  private mutating func newtonStep(refining: Bool) -> Bool? {
    let support = IndexSubset(nonzerosOf: w, and: unpenalized)
    let s = support.count
    if s == 0 { return true }
    newtonSteps += 1
    guard let solver = factored(support) else { return nil }
    let t = strengths
    var target = Vector<Element>(count: s) { c[support[$0]] - (w[support[$0]] > 0 ? t[support[$0]] : -t[support[$0]]) }
    solve(&target, by: solver)
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
    if refining && blocking.isEmpty, case .updated = solver {
      for k in 0..<s {
        let j = support[k]
        target[k] = g[j] - ridge * w[j] - (w[j] > 0 ? t[j] : -t[j])
      }
      solve(&target, by: solver)
      for k in 0..<s where (w[support[k]] + target[k]) * w[support[k]] > 0 { w[support[k]] += target[k] }
      refreshGradient()
    }
    return blocking.isEmpty
  }

  /// What solves Newton's equations on a support.
  private enum Solver {
    case fresh
    /// By the factor that lasts, on these features.
    case updated(IndexSubset)
  }

  /// Unknowns from which on a factor is updated: a smaller one is made faster than its changes are found.
  private static var updatedCount: Int { 96 }

  /// nil where the system is singular.
  private func factored(_ support: IndexSubset) -> Solver? {
    let s = support.count
    if let products, s >= Self.updatedCount {
      let features = IndexSubset(unordered: support.elements.map { columns[$0] }, universe: columns.universe)
      return factor.update(to: features, of: products, ridge: ridge) ? .updated(features) : nil
    }
    let (G, ridge) = (self.G, self.ridge)
    do throws(FactorizationError) {
      try cholesky.factor(count: s) { H in
        H.gatherSubmatrix(support, from: G)
        H.addToDiagonal(ridge)
      }
    } catch { return nil }
    return cholesky.pivotRatio > Element(s) * .ulpOfOne ? .fresh : nil
  }

  private func solve(_ b: inout Vector<Element>, by solver: Solver) {
    switch solver {
    case .fresh: cholesky.solve(&b)
    case .updated(let features): factor.solve(&b, on: features)
    }
  }

  /// w ← the given values on the support where they have the smaller objective, and whether they have. Cost k².
  private mutating func moveIfBetter(to values: Vector<Element>, on support: IndexSubset) -> Bool {
    var δ = Vector<Element>.zeros(w.count)
    δ.scatter(support, from: values)
    δ.add(-1, w)
    var image = Vector<Element>.zeros(w.count)
    addProduct(δ, 1, to: &image)
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
