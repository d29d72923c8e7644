import LinAlg
import NonsmoothMaps

/// What one step of the proximal-gradient iteration at w says of the exact minimizer, whatever the penalty.
///
/// With u = w − s∇f(w), w⁺ = prox_{s g}(u), r = (w − w⁺)/s and s ≤ 1/L, the step contracts by 1 − s γ: everywhere where F is strongly
/// convex, and along the range T of D on a piece where f is on T. So ‖w − w*‖ ≤ ‖r‖/γ, and u* = w* − s∇f(w*) is no farther from u than w* from
/// w: a piece that reaches farther holds both. docs/Theory.md, "Any piece".
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
  }

  /// The rate is 1 − s (μ + m)/(1 + s m) for moduli μ of f and m of g.
  private func rate(_ μ: Element) -> Element {
    (μ + penaltyConvexity) / (1 + step * penaltyConvexity) * (1 - 8 * .ulpOfOne)
  }

  /// By a modulus of f that holds everywhere, in which case w* needs no piece; nil where there is none.
  func knownState() -> State? {
    let γ = rate(gradient.strongConvexity)
    guard γ > 0 else { return nil }
    return state(error: residual / γ, contraction: γ, isGlobal: true)
  }

  /// By the least eigenvalue of the Hessian H along T, found by factorizations; nil where none above zero is.
  func foundState(_ hessian: any SupportedHessian<Element>) -> State? {
    guard piece.rangeIsConstant else { return nil }
    if proximal.rank == 0 {
      // On this piece prox is a single point.
      return state(error: step * residual, contraction: 1 / step, isGlobal: false)
    }
    guard let μ = leastEigenvalue(hessian), μ > gradient.strongConvexity else { return nil }
    // The modulus between w and w* is at least μ − L_H e: e (M − L_H e) = ρ with M = μ + m, ρ = ‖r‖ (1 + s m) has its smaller root where 4 ρ L_H ≤ M².
    let (L, M) = (gradient.hessianLipschitzConstant, μ + penaltyConvexity)
    let ρ = residual * (1 + step * penaltyConvexity) * (1 + 8 * .ulpOfOne)
    let discriminant = 1 - 4 * (ρ / M) * (L / M) * (1 + 8 * .ulpOfOne)
    guard discriminant >= 0 else { return nil }
    let e = 2 * (ρ / M) / (1 + discriminant.squareRoot())
    let γ = rate(μ - L * e * (1 + 8 * .ulpOfOne))
    return γ > 0 ? state(error: e, contraction: γ, isGlobal: false) : nil
  }

  private func state(error: Element, contraction: Element, isGlobal: Bool) -> State {
    // What underflows is at least accounted for by the smallest normal number.
    let e = max(error * (1 + 16 * .ulpOfOne), .leastNormalMagnitude)
    let distance = (e + argumentRounding) * (1 + 4 * .ulpOfOne)
    let isIdentified = distance < piece.radius
    return State(
      error: e, contraction: contraction, argumentError: distance,
      isProven: e.isFinite && (isGlobal ? piece.radius > 0 : isIdentified), isIdentified: isIdentified)
  }

  private func leastEigenvalue(_ hessian: any SupportedHessian<Element>) -> Element? {
    let (r, k) = (proximal.rank, proximal.active.count)
    guard k <= 1500 else { return nil }
    if proximal.isProjection && !proximal.isMask {
      let system = SymmetricSystem(parts: FormParts(UnitStepForm(proximal, hessian)))
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

/// R and H as a form with step 1: of a projector its system is RᵀHR.
private final class UnitStepForm<Element: Scalar>: SymmetricForm {
  let range: any ProximalLinearization<Element>
  let supportedHessian: any SupportedHessian<Element>
  var step: Element { 1 }
  var parametersLieInRange: Bool { range.parametersLieInRange }

  init(_ range: any ProximalLinearization<Element>, _ hessian: any SupportedHessian<Element>) {
    self.range = range
    supportedHessian = hessian
  }
}
