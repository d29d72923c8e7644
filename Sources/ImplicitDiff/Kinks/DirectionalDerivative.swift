public import LinAlg
import NonsmoothMaps

/// What a kink does along a direction of the parameters.
public enum KinkBranch: Sendable, Hashable {
  /// Down, as in "would enter with sign −"; the lower branch of the record.
  case lower
  /// It stays on the kink: what was zero remains zero.
  case stays
  /// Up.
  case upper
}

/// w'(λ; δ) = lim (w(λ + tδ) − w(λ))/t for t ↓ 0: at a kink the derivative of the side that δ leads to.
public struct DirectionalDerivative<Element: Scalar> {
  /// w'(λ; δ), p entries, with its report: iterations are rounds of the active set.
  public var derivative: Derivative<Vector<Element>, Element>
  /// What each weakly active kink does, in the order of ``KinkAnalysis/weaklyActive``.
  public var branches: [KinkBranch]
  /// How the argument of the proximal map moves: d/dt u = w' − s (H w' + ∂_λ∇f δ).
  public var argumentRate: Vector<Element>

  /// w'(λ; δ), if it was found.
  ///
  /// - Throws: ``ConvergenceFailure`` otherwise.
  public func get() throws(ConvergenceFailure) -> Vector<Element> { try derivative.get() }
}

extension KinkAnalysis {
  /// The one-sided derivative of w along δ (m entries).
  ///
  /// Along δ the solution moves as the minimizer of ½ dᵀHd + (∂_λ∇f δ)ᵀd + the penalty's growth over the critical cone: a quadratic program in as
  /// many unknowns as kinks are weakly active, once what moves freely is eliminated. With none it is w'(λ) δ. (J. F. Bonnans, A. Shapiro,
  /// *Perturbation Analysis of Optimization Problems*, Springer 2000, section 5.2.)
  ///
  /// Outcomes: `singular` where H is on the coordinates that enter; `iterationLimit` where the active set did not settle; `outsideDomain` where δ leads out of
  /// the domain at once, as a strength of 0 that falls.
  public func directionalDerivative(along δ: Vector<Element>) -> DirectionalDerivative<Element> {
    let map = problem.map
    precondition(
      δ.count == map.parameterCount, "directionalDerivative: \(δ.count) entries for \(map.parameterCount) parameters")
    let clock = ContinuousClock.now
    var report = DerivativeReport<Element>(outcome: .converged, method: "one-sided")
    let (t, offset, smooth) = forcing(δ)
    let ofPenalty = map.penaltyParameters(δ)
    let (free, atKinks) = system.restrict(t)
    var elimination = Vector(copying: free)
    if free.count > 0 { system.factor.solve(&elimination) }
    let lower = system.cone.kinks.map { $0.lower.map { ($0.curvature, $0.slope(along: ofPenalty)) } }
    let upper = system.cone.kinks.map { $0.upper.map { ($0.curvature, $0.slope(along: ofPenalty)) } }
    var h = Vector(copying: atKinks)
    if free.count > 0 && h.count > 0 { h.assignProduct(system.W.transposed, free, alpha: -1, beta: 1) }
    let quadratic = BranchedQuadratic(
      S: system.S, h: h, lower: lower, upper: upper, tolerance: rounding(t, free, atKinks, lower, upper))
    var x = offset
    var branches = Array(repeating: KinkBranch.stays, count: system.kinkCount)
    var argumentRate = Vector<Element>.zeros(map.stateCount)
    if let violation = departure(along: δ, ofPenalty, lower, upper) {
      report.outcome = .outsideDomain(violation)
      x.fill(.nan)
    } else if t.firstNonFinite != nil {
      report.outcome = .notFinite()
      x.fill(.nan)
    } else {
      do throws(BranchedQuadratic<Element>.Failure) {
        let found = try quadratic.minimum()
        report.iterations = found.rounds
        branches = found.sides.map { $0 < 0 ? .lower : $0 > 0 ? .upper : .stays }
        var y = -1 * elimination
        if y.count > 0 && h.count > 0 { y.assignProduct(system.W, found.y, alpha: -1, beta: 1) }
        system.add(free: y, to: &x)
        for k in 0..<system.kinkCount { system.add(kink: k, found.y[k], to: &x) }
        hessian.apply(x, into: &argumentRate)
        argumentRate.add(1, smooth)
        argumentRate.combine(1, x, -step)
        if x.firstNonFinite != nil { report.outcome = .notFinite() }
      } catch {
        report.outcome = error == .singular ? .singular : .iterationLimit
        x.fill(.nan)
      }
    }
    report.seconds = clock.secondsSince()
    return DirectionalDerivative(
      derivative: Derivative(estimate: x, report: report), branches: branches, argumentRate: argumentRate)
  }

  /// f'(λ; δ) = ∇_λE · δ + ∇_wE · w'(λ; δ): how an outer objective grows along δ, to first order.
  public func slope(
    of objective: some OuterObjective<Element>, along δ: Vector<Element>
  ) -> Derivative<Element, Element> {
    let one = directionalDerivative(along: δ).derivative
    var y = Vector<Element>.zeros(problem.map.stateCount)
    var direct = Vector<Element>.zeros(δ.count)
    objective.gradient(
      at: problem.state, parameters: problem.parameters, support: nil, state: &y, parameters: &direct)
    return Derivative(estimate: direct.dot(δ) + y.dot(one.estimate), report: one.report)
  }

  /// What an entry of h may be off by: each is a sum of |F| + 1 products of terms of the size of those of ∂_λ∇f δ and L δ, whose own
  /// last digits are not known.
  private func rounding(
    _ t: Vector<Element>, _ free: Vector<Element>, _ atKinks: Vector<Element>,
    _ lower: [(Element, Element)?], _ upper: [(Element, Element)?]
  ) -> Vector<Element> {
    let ulp = Element.ulpOfOne * Element(problem.map.stateCount + system.freeCount + 4)
    return Vector(count: system.kinkCount) { k in
      var size = atKinks[k].magnitude + t.maxNorm
      if free.count > 0 { for i in 0..<free.count { size += (system.W[i, k] * free[i]).magnitude } }
      size += max((lower[k]?.1 ?? 0).magnitude, (upper[k]?.1 ?? 0).magnitude)
      return ulp * size
    }
  }

  /// Where the domain ends: a flat piece of no width would become narrower, or the parameters leave it.
  private func departure(
    along direction: Vector<Element>, _ δ: Vector<Element>, _ lower: [(Element, Element)?],
    _ upper: [(Element, Element)?]
  ) -> ParameterViolation? {
    func refusal(_ parameter: Int, _ value: Element) -> ParameterViolation {
      ParameterViolation(
        index: parameter, value: Double(value), expected: "a direction that does not lead out of the domain at once")
    }
    for (k, kink) in system.cone.kinks.enumerated() {
      guard let below = lower[k], let above = upper[k], kink.isFlat, below.1 > above.1,
        let parameter = (kink.lower!.slope + kink.upper!.slope).first(where: { δ[$0.parameter] != 0 })?.parameter
      else { continue }
      return refusal(parameter, δ[parameter])
    }
    // Also where no kink tells of it: a few ulps along δ are outside.
    let (λ, size) = (problem.parameters, direction.maxNorm)
    guard size > 0, size.isFinite else { return nil }
    let ahead = Vector(count: λ.count) {
      λ[$0] + direction[$0] / size * max(4 * .ulpOfOne * λ[$0].magnitude, .leastNormalMagnitude)
    }
    return problem.map.violation(parameters: ahead).map { refusal($0.index, direction[$0.index]) }
  }
}
