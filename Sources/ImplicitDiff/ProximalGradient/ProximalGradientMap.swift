public import LinAlg
public import NonsmoothMaps

/// The proximal-gradient map of `f(w, λ) + g(w, λ)`: `Φ(w, λ) = prox_{s g}(w − s ∇f(w, λ))`, for any ``SmoothFunction`` f and any
/// ``ProximalMap`` g. λ holds the parameters of g, then those of f.
///
/// Its fixed point is the minimizer for every step s > 0; in the derivative s counts as a constant, because the fixed point does not depend
/// on it. At a kink of the proximal map the ``KinkRule`` decides.
public final class ProximalGradientMap<F: SmoothFunction, G: ProximalMap>: FixedPointMap where F.Element == G.Element {
  public typealias Element = F.Element

  /// How the step size s is chosen.
  public enum Step: Sendable, Equatable {
    /// s = 2/(L + μ), L and μ bounds on the eigenvalues of ∇²f: the smallest contraction factor, (L − μ)/(L + μ). Without strong
    /// convexity it is 1/L, and 1 where f bounds its curvature by nothing: then Φ may not contract, which its outcome says.
    case optimal
    /// Given; the map contracts only below 2/L.
    case fixed(Element)
  }

  public let smooth: F
  public let penalty: G
  public let step: Step
  public let kink: KinkRule
  public let stateCount: Int
  public let parameterCount: Int
  /// Of g; the rest of λ belongs to f.
  let penaltyParameterCount: Int
  private var gradient: Vector<Element>
  private var argument: Vector<Element>
  private var nonzeros: IndexSubset
  /// Naming the type as a value has the runtime complete it. Otherwise two tasks that make the first map of a kind at once can end in a crash: that
  /// `Element` is a `Scalar` is looked up through this type, of a subclass before its superclass's part is there (Swift 6.3).
  private let linearizationType: Any.Type

  /// - Precondition: the penalty is one of as many coordinates as the function has unknowns.
  public init(_ smooth: F, _ penalty: G, step: Step = .optimal, kink: KinkRule = .zero) {
    linearizationType = G.Linearization.self
    precondition(
      penalty.admits(count: smooth.stateCount),
      "ProximalGradientMap: \(G.self) is made for another number of coordinates than the \(smooth.stateCount) of \(F.self)"
    )
    self.smooth = smooth
    self.penalty = penalty
    self.step = step
    self.kink = kink
    stateCount = smooth.stateCount
    penaltyParameterCount = penalty.parameterCount
    parameterCount = penaltyParameterCount + smooth.parameterCount
    gradient = .zeros(smooth.stateCount)
    argument = .zeros(smooth.stateCount)
    nonzeros = IndexSubset(universe: smooth.stateCount)
  }

  /// The part of λ that belongs to g.
  func penaltyParameters(_ λ: Vector<Element>) -> Vector<Element> {
    penaltyParameterCount == parameterCount ? λ : λ[segment: 0..<penaltyParameterCount]
  }

  /// The part of λ that belongs to f.
  func smoothParameters(_ λ: Vector<Element>) -> Vector<Element> {
    penaltyParameterCount == 0 ? λ : λ[segment: penaltyParameterCount..<parameterCount]
  }

  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = penalty.violation(parameters: penaltyParameters(λ)) { return violation }
    if var violation = smooth.violation(parameters: smoothParameters(λ)) {
      violation.index += penaltyParameterCount
      return violation
    }
    if penalty.isConvex { return nil }
    let (s, limit) = (stepSize(parameters: λ), penalty.stepLimit(parameters: penaltyParameters(λ)))
    if s < limit { return nil }
    let index = penalty.stepLimitParameter
    return ParameterViolation(
      index: index, value: index < λ.count ? Double(λ[index]) : 0,
      expected: "parameters whose proximal map is a single point at the step \(s); it is for steps below \(limit)")
  }

  /// That of the penalty.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    penalty.signature(at: w, parameters: penaltyParameters(λ))
  }

  /// f + g.
  public func objective(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    smooth.value(at: w, parameters: smoothParameters(λ)) + penalty.value(at: w, parameters: penaltyParameters(λ))
  }

  /// s for these parameters.
  public func stepSize(parameters λ: Vector<Element>) -> Element {
    switch step {
    case .fixed(let s): return s
    case .optimal:
      let (smallest, largest) = smooth.curvatureBounds(parameters: smoothParameters(λ))
      // Without a bound no step is known to contract; the fixed point and its derivative are the same for any.
      guard largest < .infinity else { return 1 }
      // Without strong convexity 2/L would map the steepest direction onto its mirror image; 1/L does not expand.
      if smallest <= largest * .ulpOfOne { return largest > 0 ? 1 / largest : 1 }
      return 2 / (largest + smallest)
    }
  }

  /// max |1 − s h| over the bounds h on the eigenvalues of ∇²f: proximal maps of convex penalties do not expand. nil where that is no contraction and the
  /// bounds need not be attained.
  public func contractionBound(parameters λ: Vector<Element>) -> Element? {
    let s = stepSize(parameters: λ)
    let (smallest, largest) = smooth.curvatureBounds(parameters: smoothParameters(λ))
    let bound = max((1 - s * largest).magnitude, (1 - s * smallest).magnitude)
    if penalty.isConvex { return bound < 1 || smooth.curvatureBoundsAreAttained ? bound : nil }
    let product = bound * penalty.expansion(step: s, parameters: penaltyParameters(λ))
    return product < 1 ? product : nil
  }

  /// The objective at the solution is at most that at zero: with the model from below of f, g(w*) + (curvature/2) ‖w*‖² ≤ g(0) + excess.
  ///
  /// That bounds ‖w*‖ where g is nowhere below g(0): where zero is a fixed point of g's proximal map. A constraint that excludes zero, a penalty
  /// whose least value lies elsewhere have no bound.
  public func solutionNormBound(parameters λ: Vector<Element>) -> Element? {
    guard penalty.isConvex, let model = smooth.lowerModel(parameters: smoothParameters(λ)) else { return nil }
    let ofPenalty = penaltyParameters(λ)
    var nearest = Vector<Element>.zeros(stateCount)
    penalty.apply(step: 1, parameters: ofPenalty, to: &nearest)
    guard nearest.firstNonFinite == nil, nearest.nonzeroCount == 0 else { return nil }
    let byPenalty = penalty.normBound(excess: model.excess, parameters: ofPenalty) ?? .infinity
    let byCurvature = (2 * model.excess / model.curvature).squareRoot()
    let bound = min(byPenalty, byCurvature.isNaN ? .infinity : byCurvature)
    return bound.isFinite ? bound : nil
  }

  /// The sum of w and −s ∇f(w), whose own terms are summed with independent half-ulp errors.
  public func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let magnitude = smooth.gradientMagnitude(at: w, parameters: smoothParameters(λ))
    return .ulpOfOne * Element(stateCount + 1).squareRoot() * (w.norm + stepSize(parameters: λ) * magnitude)
  }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    let s = stepSize(parameters: λ)
    smooth.gradient(at: w, parameters: smoothParameters(λ), into: &gradient)
    next.assign(1, w, -s, gradient)
    penalty.apply(step: s, parameters: penaltyParameters(λ), to: &next)
  }

  public func makeLinearization() -> ProximalGradientLinearization<F, G> { ProximalGradientLinearization(self) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into L: ProximalGradientLinearization<F, G>,
    value: inout Vector<Element>
  ) {
    L.open(self)
    let s = stepSize(parameters: λ)
    smooth.linearize(at: w, parameters: smoothParameters(λ), into: L.hessian, gradient: &gradient)
    value.assign(1, w, -s, gradient)
    penalty.linearize(at: value, step: s, parameters: penaltyParameters(λ), kink: kink, into: L.proximal)
    L.close(at: w, step: s, parameters: smoothParameters(λ))
    penalty.apply(step: s, parameters: penaltyParameters(λ), to: &value)
  }

  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into L: ProximalGradientLinearization<F, G>
  ) { linearize(atSolution: w, parameters: λ, into: L, contracting: true) }

  /// Where the penalty reads its piece off w, Φ is not evaluated; and where A1 need not contract and D is a projector, the best step is not
  /// looked for, since the derivative does not depend on it: the step is 1, or where v is recovered in full a power of two of the size of 1/‖H‖.
  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into L: ProximalGradientLinearization<F, G>,
    contracting: Bool
  ) {
    L.open(self)
    var s = contracting || step != .optimal ? stepSize(parameters: λ) : 1
    guard kink == .zero,
      penalty.linearize(atSolution: w, step: s, parameters: penaltyParameters(λ), into: L.proximal),
      contracting || L.proximal.isProjection
    else {
      linearize(at: w, parameters: λ, into: L, value: &argument)
      // A proximal map may hide a NaN from the products that are asked for.
      if argument.firstNonFinite != nil { L.invalidate() }
      return
    }
    // Not where D is active: bounds hold coordinates at other values than zero.
    nonzeros.refill(nonzerosOf: w)
    smooth.fillHessian(at: w, parameters: smoothParameters(λ), support: nonzeros, into: L.hessian)
    if !contracting && step == .optimal && !L.parametersLieInRange {
      // v = y + (I − sH) R z has R z of the size of ‖y‖/(s‖H‖) beside y: only a step near 1/‖H‖ keeps the digits of both.
      s = L.balancedStep()
      _ = penalty.linearize(atSolution: w, step: s, parameters: penaltyParameters(λ), into: L.proximal)
    }
    L.close(at: w, step: s, parameters: smoothParameters(λ))
  }
}
