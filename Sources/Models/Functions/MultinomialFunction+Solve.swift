public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension MultinomialFunction: PenalizedMinimizer {
  /// By descent along one class after the other. With the coefficients of all other classes held, those of one are a logistic regression of that class
  /// against the rest with offsets −log Σ e^z over the others, which working sets solve; once the signs settle, Newton's method on all of them ends
  /// it. For weighted 1-norms, which fall apart into those of the classes.
  ///
  /// Source: J. Friedman, T. Hastie, R. Tibshirani, *Regularization Paths for Generalized Linear Models via Coordinate Descent*, J. Stat. Softw. 33 (2010).
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?,
    iterationLimit: Int, progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    guard let weighted = penalty as? any WeightedL1Penalty<Element> else { return nil }
    let clock = ContinuousClock.now
    let m = penalty.parameterCount
    var strengths = Vector<Element>.zeros(stateCount)
    let ofPenalty = weighted.fillStrengths(&strengths, parameters: λ[segment: 0..<m])
    let ρ = ridge.value(λ[segment: m..<λ.count])
    let ridges = Vector(count: stateCount) { ofPenalty + ρ * (ridgeFactors?[$0] ?? 1) }
    let map = ProximalGradientMap(self, penalty)
    var descent = ClassDescent(self, strengths, ridges, from: start)
    var signs: UInt64?
    for sweep in 1...max(1, min(iterationLimit, Self.sweepLimit)) {
      guard descent.sweep() else { return nil }
      var w = descent.state
      gauges.centred(&w)
      let now = w.signPattern
      // A power of two now and then: signs of entries that go to zero may change for long.
      if now == signs || sweep & (sweep - 1) == 0, sweep > 1, let found = map.newtonPoint(near: w, parameters: λ) {
        return PenalizedMinimum(
          state: found, method: "class-descent", iterations: descent.passes, dualityGap: nil,
          seconds: clock.secondsSince())
      }
      signs = now
    }
    return nil
  }

  /// More sweeps than this mean that the classes depend on each other so much that the iteration is as good.
  private static var sweepLimit: Int { 200 }
}

/// A solution as far as it is, class by class.
private struct ClassDescent<Element: Scalar> {
  private let design: any DesignMatrix<Element>
  private let labels: [Int]
  /// w, strengths, ridges and scores of every class.
  private var classes:
    [(w: Vector<Element>, strengths: Vector<Element>, ridges: Vector<Element>, scores: Vector<Element>)]
  private(set) var passes = 0

  init(
    _ function: MultinomialFunction<Element>, _ strengths: Vector<Element>, _ ridges: Vector<Element>,
    from start: Vector<Element>?
  ) {
    let (p, c) = (function.loss.featureCount, function.loss.classCount)
    design = function.design
    labels = function.loss.labels
    let w = start ?? .zeros(p * c)
    let n = labels.count
    classes = []
    for k in 0..<c {
      let range = k * p..<(k + 1) * p
      let own = Vector(copying: w[segment: range])
      var scores = Vector<Element>.zeros(n)
      design.multiply(own, alpha: 1, beta: 0, into: &scores)
      classes.append((own, Vector(copying: strengths[segment: range]), Vector(copying: ridges[segment: range]), scores))
    }
  }

  var state: Vector<Element> { Vector(classes.flatMap { Array($0.w) }) }

  /// Solves every class once; false where one could not be.
  mutating func sweep() -> Bool {
    for k in classes.indices {
      let y = Vector<Element>(count: labels.count) { labels[$0] == k ? 1 : -1 }
      let loss = LogisticLoss<Element>(features: design, targets: y, samples: SampleTerms(offsets: offsets(of: k)))
      let uniform = classes[k].ridges.allSatisfy { $0 == classes[k].ridges[0] }
      let found = WorkingSetSolver<Element>(tolerance: Element(1e-6)).solve(
        loss, strengths: classes[k].strengths, ridge: classes[k].ridges[0], ridges: uniform ? nil : classes[k].ridges,
        from: classes[k].w)
      passes += found.passes
      // As far as it came is as good: other classes move it again.
      guard found.estimate.firstNonFinite == nil else { return false }
      classes[k].w = found.estimate
      design.multiply(found.estimate, alpha: 1, beta: 0, into: &classes[k].scores)
    }
    return true
  }

  /// −log Σ e^z over the other classes.
  private func offsets(of k: Int) -> Vector<Element> {
    Vector(count: labels.count) { i in
      var largest = -Element.infinity
      for l in classes.indices where l != k { largest = max(largest, classes[l].scores[i]) }
      var sum: Element = 0
      for l in classes.indices where l != k { sum += Element.exp(classes[l].scores[i] - largest) }
      return -(largest + Element.log(sum))
    }
  }
}
