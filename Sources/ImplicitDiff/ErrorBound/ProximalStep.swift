import LinAlg
import NonsmoothMaps

/// A proximal-gradient step from w of a length that surely does not expand, with what rounding makes of it.
struct ProximalStep<Element: Scalar> {
  let gradient: RoundedGradient<Element>
  let step: Element
  /// u.
  let argument: Vector<Element>
  private let argumentRounding: Element
  private let largestCurvature: Element

  /// - Throws: where a number is not finite, or no step is.
  init(_ gradient: RoundedGradient<Element>, at w: Vector<Element>) throws(NoBound<Element>) {
    self.gradient = gradient
    let (p, ulp) = (Element(w.count), Element.ulpOfOne)
    guard gradient.values.firstNonFinite == nil, w.firstNonFinite == nil else { throw .notFinite }
    if [gradient.errorPerWeight, gradient.changePerRoot, gradient.entryError].contains(.infinity) {
      throw .functionHasNoBound
    }
    let norms = 1 + (p + 8) * ulp
    // ‖∇f(w) − ∇f(w')‖² ≤ ‖ω‖² changePerRoot² (∇f(w) − ∇f(w'))·(w − w') bounds the largest eigenvalue but for the ridge's.
    let root = gradient.weights.norm * gradient.changePerRoot * norms
    largestCurvature = (root * root + gradient.ridgeCurvature) * norms
    // An ulp of it must be a number too, and its inverse.
    guard largestCurvature == 0 || ((ulp * largestCurvature).isNormal && (1 / largestCurvature).isNormal) else {
      throw .outOfRange
    }
    step = largestCurvature == 0 ? 1 : (1 / largestCurvature).binade
    var u = Vector<Element>.zeros(w.count)
    u.assign(1, w, -step, gradient.values)
    argument = u
    let size = gradient.values.norm
    let ofGradient =
      gradient.weights.norm * norms * gradient.errorPerWeight + gradient.entryError * p.squareRoot()
      + 4 * ulp * (gradient.activeMagnitude + size)
    argumentRounding =
      (ulp * (w.norm + 2 * step * size) + step * ofGradient) * norms + p.squareRoot() * .leastNormalMagnitude
    guard argument.firstNonFinite == nil, argumentRounding.isFinite else { throw .outOfRange }
  }

  func inference(
    at w: Vector<Element>, value: Vector<Element>, proximal: any ProximalLinearization<Element>,
    piece: PieceBound<Element>, moving: IndexSubset, penaltyConvexity: Element
  ) throws(NoBound<Element>) -> PieceInference<Element> {
    guard value.firstNonFinite == nil, piece.valueRounding.isFinite, !piece.radius.isNaN else { throw .outOfRange }
    // w − prox(u) for the exact u: as computed, with the errors of the value and of u, which prox does not expand.
    let residual =
      (value.distance(to: w) * (1 + Element(w.count + 8) * .ulpOfOne) + argumentRounding + piece.valueRounding) / step
    guard residual.isFinite else { throw .outOfRange }
    // Where D has full rank on its coordinates, T holds all vectors on them.
    var isOnPiece = proximal.rank == proximal.active.count
    var next = 0
    for j in 0..<w.count {
      if next < proximal.active.count, proximal.active[next] == j {
        next += 1
      } else if value[j] != w[j] {
        isOnPiece = false
      }
    }
    return PieceInference(
      step: step, argument: argument, proximal: proximal, piece: piece, gradient: gradient, moving: moving,
      largestCurvature: largestCurvature, residual: residual, argumentRounding: argumentRounding,
      penaltyConvexity: penaltyConvexity, isOnPiece: isOnPiece)
  }
}

extension PieceInference {
  func solution(_ state: State) -> SolutionBound<Element> {
    var solution = SolutionBound(
      optimalityResidual: residual, strongConvexity: state.contraction, stateError: state.error,
      isIdentified: state.isIdentified, kinkDistance: max(0, piece.radius - argumentRounding),
      hessianLipschitzConstant: gradient.hessianLipschitzConstant, hessianRounding: gradient.hessianRounding,
      mixedDerivativeLipschitzConstant: gradient.mixedDerivativeLipschitzConstant,
      mixedDerivativeRounding: gradient.mixedDerivativeRounding)
    solution.stateErrorIsProven = state.isProven
    return solution
  }
}
