public import LinAlg

/// Solves w = G(E[T̂_ξ(w, λ)], λ) by minibatches: `w ← G_{η_i}((1 − η_i) w + η_i T̂_ξ(w, λ))`, for a proximal-gradient map
/// the proximal stochastic gradient method with steps η_i s.
public struct StochasticFixedPointSolver<Element: Scalar>: Sendable {
  public var iterations: Int
  public var batchSize: Int
  public var steps: StepSizes<Element>
  public var sampling: Sampling
  /// From this iteration on the iterates are averaged with equal weights and the average is returned; nil returns the
  /// last iterate. An average is not sparse: its support is the union of the iterates'.
  public var averagesFrom: Int?
  public var seed: UInt64
  /// The residual ‖Φ(w) − w‖ at the end, relative to ‖w‖, at which the run counts as converged. With 0, the default, a run is not
  /// judged: it ends at the iteration limit, with its residual, and ``FixedPointSolution/get()`` throws.
  public var tolerance: Element

  public init(
    iterations: Int, batchSize: Int, steps: StepSizes<Element>, sampling: Sampling = .withReplacement,
    averagesFrom: Int? = nil, seed: UInt64 = 0, tolerance: Element = 0
  ) {
    self.iterations = iterations
    self.batchSize = batchSize
    self.steps = steps
    self.sampling = sampling
    self.averagesFrom = averagesFrom
    self.seed = seed
    self.tolerance = tolerance
  }

  /// Iterates from `start` (p entries, zeros where nil).
  ///
  /// - Precondition: 1 ≤ batchSize ≤ n, no negative number of iterations or tolerance, positive finite step sizes.
  /// - Returns: the last iterate, or the average, with its residual, which is measured by one pass over all samples at the
  ///   end: minibatches cannot tell it. `outcome` is `.converged` where it meets the tolerance, `.iterationLimit` otherwise.
  public func solve<Map: CompositeStochasticMap<Element>>(
    _ map: Map, parameters λ: Vector<Element>, from start: Vector<Element>? = nil
  ) -> FixedPointSolution<Element> {
    precondition(
      iterations >= 0 && tolerance >= 0 && steps.arePositive,
      "StochasticFixedPointSolver: \(iterations) iterations, tolerance \(tolerance), steps \(steps)")
    let clock = ContinuousClock.now
    let oracle = map.makeOracle()
    var w = start.map { Vector(copying: $0) } ?? .zeros(map.stateCount)
    var u = Vector<Element>.zeros(map.stateCount)
    var average = Vector<Element>.zeros(averagesFrom == nil ? 0 : map.stateCount)
    var averaged = 0
    var sampler = MinibatchSampler(
      sampleCount: map.sampleCount, batchSize: batchSize, sampling: sampling, seed: seed, stream: 0)
    var patterns = SupportTracker(initial: map.signature(at: w, parameters: λ))
    var outcome = Outcome<Element>.iterationLimit
    var done = 0
    while done < iterations {
      let η = steps.step(done)
      oracle.prepare(at: w, parameters: λ)
      u.combine(1 - η, w, 0)
      oracle.addValue(sampler.next(), scale: η, to: &u)
      map.applyOuter(u, parameters: λ, relaxation: η, into: &w)
      done += 1
      patterns.record(map.signature(at: w, parameters: λ))
      if let averagesFrom, done >= averagesFrom {
        averaged += 1
        average.combine(1 / Element(averaged), w, 1 - 1 / Element(averaged))
      }
      if done & (done + 1) == 0, w.firstNonFinite != nil {
        outcome = .notFinite(iteration: done)
        break
      }
    }
    // A threshold that is not a number sets entries to zero instead of carrying itself on.
    if w.firstNonFinite != nil || λ.firstNonFinite != nil { outcome = .notFinite(iteration: done) }
    let estimate = averaged > 0 ? average : w
    let residual = map.residual(at: estimate, parameters: λ)
    if !residual.isFinite && outcome == .iterationLimit { outcome = .notFinite(iteration: done) }
    var rule = SettlingRule(tolerance: tolerance, map: map, parameters: λ, start: estimate)
    if outcome == .iterationLimit && tolerance > 0 && rule.isSettled(step: residual, image: estimate) {
      outcome = .converged
    }
    return FixedPointSolution(
      estimate: estimate, outcome: outcome, iterations: done, residual: residual, measuredFactor: nil,
      identification: patterns.identification, iterates: [], seconds: clock.secondsSince())
  }
}
