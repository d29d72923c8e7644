import LinAlg

/// Projected limited-memory BFGS with a weak Wolfe line search, in the logarithms of the hyperparameters.
///
/// Entries at a bound with the gradient pointing out of the box are held; the others move along the two-loop direction of the pairs restricted to
/// them, and the path is projected onto the box. The weak Wolfe conditions by bisection are those under which BFGS works on nonsmooth functions:
/// a reduced objective has kinks where the support changes. Source: A. Lewis, M. Overton, *Nonsmooth optimization via quasi-Newton methods*, Math.
/// Program. 141 (2013); D. Bertsekas, *Projected Newton methods*, SIAM J. Control Optim. 20 (1982).
public struct LBFGS: OuterOptimizer {
  /// Pairs of steps and gradient changes kept.
  public var memory: Int

  /// - Precondition: at least one pair.
  public init(memory: Int = 10) {
    precondition(memory >= 1, "LBFGS: a memory of \(memory) pairs")
    self.memory = memory
  }

  public var name: String { "lbfgs" }

  /// No step moves a hyperparameter by more than this factor's logarithm at first: e² ≈ 7.
  private static var longestStep: Double { 2 }

  public func run(_ search: Search) throws(TuningStop) {
    var point = try search.begin(bounding: false)
    // Many hyperparameters are first moved together: from where their common scale is best every one of them can only gain.
    if point.θ.count > 2 {
      let limits = TuningLimits(gradientReduction: 1e-2, valueChange: 1e-4)
      _ = try descend(search, &point, limits, together: true)
    }
    throw try descend(search, &point, search.limits, together: false)
  }

  /// Descends from `point`, which ends at the last step, until a limit on gradient or value is met.
  ///
  /// - Parameter together: whether all hyperparameters move by the same factor.
  private func descend(
    _ search: Search, _ point: inout (θ: Vector<Double>, record: TuningRecord), _ limits: TuningLimits, together: Bool
  ) throws(TuningStop) -> TuningStop {
    var g = slope(point.record, together)
    var pairs = CurvaturePairs(limit: memory)
    var firstNorm: Double?
    var settled = 0
    var values = [point.record.value!]
    while true {
      let free = together ? Array(repeating: true, count: g.count) : search.free(point.θ, g)
      let projected = masked(g, free)
      let norm = projected.norm
      let reference = firstNorm ?? norm
      firstNorm = reference
      if norm <= limits.gradientReduction * reference { return .gradient }

      var d = pairs.direction(projected, free)
      // A first step of half a unit: strengths are known to a factor at best.
      if pairs.isEmpty { d.scale(by: 0.5 / max(d.maxNorm, .leastNormalMagnitude)) }
      if d.maxNorm > Self.longestStep { d.scale(by: Self.longestStep / d.maxNorm) }
      if !(d.dot(projected) < 0) {
        pairs.removeAll()
        d = -projected
        d.scale(by: 0.5 / d.maxNorm)
      }
      var line = LineSearch(search, from: point, along: d, bounding: norm <= reference / 10)
      guard let found = try line.run() else {
        if pairs.isEmpty { return line.stop }
        // The curvature may be that of another piece.
        pairs.removeAll()
        continue
      }
      search.steps += 1
      let change = point.record.value! - found.record.value!
      let scale = limits.valueChange * found.record.value!.magnitude
      settled = change <= scale / 1000 ? settled + 1 : 0
      values.append(found.record.value!)
      let isSlow = values.count > 10 && values[values.count - 11] - found.record.value! <= 10 * scale
      let next = slope(found.record, together)
      pairs.add(step: found.θ - point.θ, change: next - g)
      (point, g) = (found, next)
      if settled == 2 || isSlow { return .value }
    }
  }

  /// The gradient, or its mean in every entry.
  private func slope(_ record: TuningRecord, _ together: Bool) -> Vector<Double> {
    let g = Vector(record.logGradient!)
    return together ? Vector(repeating: g.reduce(0, +) / Double(g.count), count: g.count) : g
  }
}

/// The entries that are free, zeros elsewhere.
private func masked(_ x: Vector<Double>, _ free: [Bool]) -> Vector<Double> {
  Vector(count: x.count) { free[$0] ? x[$0] : 0 }
}

/// The pairs (s, y) that stand for the curvature of the last steps.
private struct CurvaturePairs {
  let limit: Int
  private var pairs: [(s: Vector<Double>, y: Vector<Double>)] = []

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { pairs.isEmpty }
  mutating func removeAll() { pairs.removeAll() }

  mutating func add(step s: Vector<Double>, change y: Vector<Double>) {
    guard s.dot(y) > 0 else { return }
    pairs.append((s, y))
    if pairs.count > limit { pairs.removeFirst() }
  }

  /// −H g on the free entries by the two-loop recursion; pairs whose curvature on them is not positive are passed over.
  func direction(_ g: Vector<Double>, _ free: [Bool]) -> Vector<Double> {
    var q = Vector(copying: g)
    var used: [(s: Vector<Double>, y: Vector<Double>, ρ: Double, α: Double)] = []
    for (s, y) in pairs.reversed() {
      let (s, y) = (masked(s, free), masked(y, free))
      let curvature = s.dot(y)
      guard curvature > Double.ulpOfOne * s.norm * y.norm else { continue }
      let α = s.dot(q) / curvature
      q.add(-α, y)
      used.append((s, y, 1 / curvature, α))
    }
    if let last = used.first { q.scale(by: 1 / (last.ρ * last.y.dot(last.y))) }
    for (s, y, ρ, α) in used.reversed() { q.add(α - ρ * y.dot(q), s) }
    return -q
  }
}
