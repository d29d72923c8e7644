import LinAlg
import NonsmoothMaps

/// What one step of the proximal-gradient iteration at w says of the exact minimizer, whatever the penalty.
///
/// With u = w − s∇f(w), w⁺ = prox_{s g}(u), r = (w − w⁺)/s and s ≤ 1/L, the step contracts by 1 − s γ: everywhere where F is strongly
/// convex, and along the range T of D on a piece where f is on T. So ‖w − w*‖ ≤ ‖r‖/γ, and u* = w* − s∇f(w*) is no farther from u than w* from
/// w: a piece that reaches farther holds both. docs/Theory.md, "Error bound on any piece".
struct PieceInference<Element: Scalar> {
  /// s, a power of two at most 1/L, so that products with it round nothing.
  let step: Element
  /// u as computed, and the derivative there.
  let argument: Vector<Element>
  let proximal: any ProximalLinearization<Element>
  let piece: PieceBound<Element>
  let gradient: RoundedGradient<Element>
  /// The coordinates in which w may differ from the solution if that is on the piece, and those that an adjoint needs.
  let moving: IndexSubset
  /// L.
  let largestCurvature: Element
  /// A bound on ‖r‖.
  let residual: Element
  /// A bound on the rounding error of u.
  let argumentRounding: Element
  /// Of g.
  let penaltyConvexity: Element
  /// Whether w surely lies in w⁺ + T.
  let isOnPiece: Bool

  /// What is proven.
  struct State {
    /// e.
    var error: Element
    /// γ.
    var contraction: Element
    /// A bound on the distance of u* from u as computed.
    var argumentError: Element
    var isProven: Bool
    var isIdentified: Bool
    /// A lower bound on the eigenvalues of I − RᵀR + s RᵀHR at w, which D takes part in; nil where it is not known.
    var system: Element?
  }

  /// The rate is 1 − s (μ + m)/(1 + s m) for moduli μ of f and m of g.
  private func rate(_ μ: Element) -> Element {
    (μ + penaltyConvexity) / (1 + step * penaltyConvexity) * (1 - 8 * .ulpOfOne)
  }

  /// By a modulus of f that is known, in which case w* needs no piece where all of w may move; nil where there is none.
  func knownState() -> State? {
    let γ = rate(gradient.strongConvexity)
    guard γ > 0 else { return nil }
    let isGlobal = moving.count == moving.universe
    // The modulus is one along the coordinates that may move, those of a piece.
    guard isGlobal || piece.rangeIsConstant else { return nil }
    return state(error: residual / γ + (isGlobal ? 0 : away), contraction: γ, isGlobal: isGlobal)
  }

  /// A bound on the distance from w to w⁺ + T.
  private var away: Element { isOnPiece ? 0 : step * residual }

  /// By the least eigenvalue of the Hessian H along T, found by factorizations; nil where none above zero is.
  func foundState(_ hessian: any SupportedHessian<Element>) -> State? {
    guard piece.rangeIsConstant else { return nil }
    if proximal.rank == 0 {
      // On this piece prox is a single point.
      return state(error: step * residual, contraction: 1 / step, isGlobal: false)
    }
    guard let μ = leastEigenvalue(hessian), μ > gradient.strongConvexity else { return nil }
    // From w⁺ on the steps stay in w⁺ + T and contract; w is ‖w − w⁺‖ away from there, or in it. The modulus in the ball of radius e about w is at
    // least μ − L_H e: with M = μ + m − L_H ‖w − w⁺‖ and ρ = ‖r‖ (1 + s m), e' (M − L_H e') = ρ has its smaller root where 4 ρ L_H ≤ M².
    let (L, up) = (gradient.hessianLipschitzConstant, 1 + 8 * Element.ulpOfOne)
    let modulus: Element = (μ + penaltyConvexity) / up
    let M: Element = modulus - L * away * up
    let ρ: Element = residual * (1 + step * penaltyConvexity) * up
    let steepness: Element = (ρ / M) * (L / M) * up
    guard M > 0, 4 * steepness <= 1 else { return nil }
    let root: Element = (1 - 4 * steepness).squareRoot()
    let e: Element = 2 * (ρ / M) / (1 + root) * up + away
    let γ = rate(μ - L * e * (1 + 8 * .ulpOfOne))
    return γ > 0 ? state(error: e, contraction: γ, isGlobal: false) : nil
  }

  private func state(error: Element, contraction: Element, isGlobal: Bool) -> State? {
    // What underflows is at least accounted for by the smallest normal number.
    let e = max(error * (1 + 16 * .ulpOfOne), .leastNormalMagnitude)
    // What is known of f holds no farther: a ball that the step maps into itself must lie within.
    guard e <= gradient.radius else { return nil }
    let distance = (e + argumentRounding) * (1 + 4 * .ulpOfOne)
    let isIdentified = distance < piece.radius
    return State(
      error: e, contraction: contraction, argumentError: distance,
      isProven: e.isFinite && (isGlobal ? piece.radius > 0 : isIdentified), isIdentified: isIdentified)
  }

  /// The state with what D itself contracts by, where it is no projector: the segment from u to u* lies within the piece, so that w⁺ − w* = D̄ (I − sH̄)(w − w*) for means D̄ and H̄ of D and
  /// H along it. With x = (I − sH̄)(w − w*) that is x = (I − sH̄)(w − w⁺) + (I − sH̄) D̄ x, whence ‖D̄ x‖ ≤ ‖w − w⁺‖/λ̄ with λ̄ = 1 − λ_max((I − sH̄)^{1/2} D̄ (I − sH̄)^{1/2}), the least
  /// eigenvalue of I − R̄ᵀR̄ + s R̄ᵀH̄R̄, and λ̄ ≥ λ − κ_D e − s L_H e.
  func contracted(_ state: State, _ hessian: any SupportedHessian<Element>) -> State {
    let (r, k) = (proximal.rank, proximal.active.count)
    guard state.isIdentified, !proximal.isProjection, r > 0, k <= 1500 else { return state }
    let system = SymmetricSystem(parts: FormParts(StepForm(proximal, hessian, step: step)))
    let products = Element(18 * (k + 16)) * Element(k).squareRoot() * .ulpOfOne
    let rounding = step * gradient.hessianRounding + 2 * piece.derivativeRounding + products
    guard let λ = leastEigenvalueBound(count: r, rounding: rounding, { system.assemble(into: &$0) }) else {
      return state
    }
    var result = state
    result.system = λ
    let κ = piece.curvature(state.argumentError).derivative
    let change: Element = κ * state.argumentError + step * gradient.hessianLipschitzConstant * state.error
    let least: Element = (λ - change) * (1 - 8 * Element.ulpOfOne)
    guard least > 0 else { return result }
    let scale: Element = 1 + 16 * Element.ulpOfOne
    let e: Element = max(step * residual * (1 + 1 / least) * scale, Element.leastNormalMagnitude)
    if e < result.error {
      result.error = e
      result.argumentError = (e + argumentRounding) * (1 + 4 * .ulpOfOne)
    }
    return result
  }

  private func leastEigenvalue(_ hessian: any SupportedHessian<Element>) -> Element? {
    let (r, k) = (proximal.rank, proximal.active.count)
    guard k <= 1500 else { return nil }
    if proximal.isProjection && !proximal.isMask {
      let system = SymmetricSystem(parts: FormParts(StepForm(proximal, hessian)))
      // H with its error, multiplied from both sides by an orthonormal R: entries of R and sums of k terms are k + 16 ulps off at most, |R| has a norm
      // of at most 3 (a reflection), |H| one of at most √k ‖H‖.
      let products = Element(18 * (k + 16)) * Element(k).squareRoot() * .ulpOfOne * largestCurvature
      return leastEigenvalueBound(count: r, rounding: gradient.hessianRounding + products) {
        system.assemble(into: &$0)
      }
    }
    guard r == k else { return nil }
    return leastEigenvalueBound(count: k, rounding: gradient.hessianRounding) {
      hessian.assemble(on: proximal.active, into: &$0)
    }
  }
}

/// R and H as a form with a step: with step 1 the system of a projector is RᵀHR.
private final class StepForm<Element: Scalar>: SymmetricForm {
  let range: any ProximalLinearization<Element>
  let supportedHessian: any SupportedHessian<Element>
  let step: Element
  var parametersLieInRange: Bool { range.parametersLieInRange }

  init(_ range: any ProximalLinearization<Element>, _ hessian: any SupportedHessian<Element>, step: Element = 1) {
    self.range = range
    supportedHessian = hessian
    self.step = step
  }
}
