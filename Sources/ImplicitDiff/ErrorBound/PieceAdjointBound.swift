import LinAlg
import NonsmoothMaps

/// How far the hypergradient A2ᵀ v can be from the exact one, v having been computed by whatever means: measured against the equations of a
/// ``PieceInference``'s step.
///
/// s D v =: s q does not depend on the step, so q is carried over to that step and projected on the range of D there; v = y + (I − s H) q. With η the
/// error of this v for the exact y and H, and ζ = q − D* v, the exact q* = D* v*, v* = y* + (I − s H*) q* have
///
///     q − q* = ζ + D* (η + (I − s H*)(q − q*)),    ‖q − q*‖ ≤ (‖ζ‖ + ‖η‖)/(s γ),    ‖v − v*‖ ≤ ‖η‖ + ‖q − q*‖.
struct PieceAdjointBound<Element: Scalar> {
  /// ‖ζ‖ as computed.
  let residual: Element
  let hypergradientNorm: Element
  private let inference: PieceInference<Element>
  /// Of the objective; nil where it knows none.
  private let errors: (state: Element, parameters: Element)?
  private let stateLipschitz: Element?
  private let parameterLipschitz: Element?
  /// Norms of y, q, s H q, v, ∇_λ E, B and ∂_λ∇f.
  private let y: Element
  private let q: Element
  private let image: Element
  private let v: Element
  private let outer: Element
  private let penaltyNorm: Element
  private let mixedNorm: Element
  /// The distance between A2ᵀ v as it was computed and by this step, and its size.
  private let difference: Element
  private let size: Element
  private let count: Element
  /// Whether w* does not depend on λ on this piece.
  private let isConstant: Bool

  init<F: CertifiableFunction, G: CertifiablePenalty>(
    _ map: ProximalGradientMap<F, G>, _ L: ProximalGradientLinearization<F, G>, _ inference: PieceInference<Element>,
    at w: Vector<Element>, parameters λ: Vector<Element>, adjoint: Vector<Element>,
    objective: some OuterObjective<Element>
  ) where F.Element == Element {
    self.inference = inference
    let (D, s, p) = (inference.proximal, inference.step, w.count)
    let (m, k) = (map.penaltyParameterCount, D.active.count)
    let inRange = D.parametersLieInRange
    // Only what A2ᵀ v depends on.
    var keep = Vector<Element>(repeating: inRange ? 0 : 1, count: p)
    for i in 0..<k { keep[D.active[i]] = 1 }

    var state = Vector<Element>.zeros(p)
    var ofParameters = Vector<Element>.zeros(λ.count)
    objective.gradient(
      at: w, parameters: λ, support: inRange ? inference.moving : nil, state: &state, parameters: &ofParameters)
    errors = objective.gradientRoundingErrors(at: w, parameters: λ, support: inference.moving)
    stateLipschitz = objective.gradientLipschitzConstant(on: inference.moving)
    parameterLipschitz = objective.parameterGradientLipschitzConstant
    state.scale(by: keep)

    // q = P_T (D v) s_L/s.
    var wide = Vector<Element>.zeros(p)
    L.proximal.apply(adjoint, into: &wide)
    wide.scale(by: L.step / s)
    var compact = Vector<Element>.zeros(k)
    var reduced = Vector<Element>.zeros(D.rank)
    compact.gather(D.active, from: wide)
    D.project(compact, into: &reduced)
    D.expand(reduced, into: &compact)
    wide.scatter(D.active, from: compact)

    // v = y + q − s H q, H applied to a vector of size 1.
    var product = Vector<Element>.zeros(p)
    let unit = wide.powerOfTwo
    L.hessian.apply((1 / unit) * wide, into: &product)
    product.scale(by: s)
    product.scale(by: unit)
    product.scale(by: keep)
    var v = Vector(copying: state)
    v.add(1, wide)
    v.add(-1, product)
    var image = Vector<Element>.zeros(p)
    D.apply(v, into: &image)

    // A2ᵀ v by this step and as it was computed.
    var own = Vector<Element>.zeros(λ.count)
    if m > 0 {
      var part = Vector<Element>.zeros(m)
      D.addParametersAdjoint(v, scale: 1, to: &part)
      own[segment: 0..<m] = part
    }
    if m < λ.count {
      var part = Vector<Element>.zeros(λ.count - m)
      // s q, a product that rounds nothing, first: s and ∂_λ∇f may both be small.
      map.smooth.addMixedDerivativeAdjoint(
        s * wide, at: w, parameters: map.smoothParameters(λ), hessian: L.hessian, scale: -1, to: &part)
      own[segment: m..<λ.count] = part
    }
    var given = Vector<Element>.zeros(λ.count)
    L.parameters.applyAdjoint(adjoint, into: &given)
    difference = given.distance(to: own)
    size = max(given.norm, own.norm)
    given.add(1, ofParameters)
    hypergradientNorm = given.norm
    outer = ofParameters.norm

    count = Element(8 * (p + 16))
    isConstant = D.rank == 0 && inRange
    residual = wide.distance(to: image)
    (y, q, self.image, self.v) = (state.norm, wide.norm, product.norm, v.norm)
    penaltyNorm = D.parametersFrobeniusNorm ?? Self.norm(of: D, parameterCount: m)
    mixedNorm = Self.mixedNorm(map.smooth, L.hessian, at: w, parameters: map.smoothParameters(λ))
  }

  /// ‖B‖_F, column by column.
  private static func norm(of D: any ProximalLinearization<Element>, parameterCount m: Int) -> Element {
    var norm: Element = 0
    for i in 0..<m {
      var column = Vector<Element>.zeros(D.active.universe)
      D.addParameters(Vector(count: m) { $0 == i ? 1 : 0 }, to: &column)
      norm = .hypot(norm, column.norm)
    }
    return norm
  }

  /// ‖∂_λ∇f‖_F.
  private static func mixedNorm<F: CertifiableFunction<Element>>(
    _ f: F, _ H: F.Hessian, at w: Vector<Element>, parameters λ: Vector<Element>
  ) -> Element {
    if let norm = f.mixedDerivativeFrobeniusNorm(at: w, parameters: λ) { return norm }
    var norm: Element = 0
    for i in 0..<λ.count {
      var column = Vector<Element>.zeros(w.count)
      f.addMixedDerivative(
        Vector(count: λ.count) { $0 == i ? 1 : 0 }, at: w, parameters: λ, hessian: H, scale: 1, to: &column)
      norm = .hypot(norm, column.norm)
    }
    return norm
  }

  /// A bound on the error of ∇f as computed.
  func bound(given state: PieceInference<Element>.State) throws(NoBound<Element>) -> Element {
    guard state.isIdentified else {
      throw .pieceNotIdentified(distance: inference.piece.radius, error: state.argumentError)
    }
    guard let errors, let stateLipschitz, let parameterLipschitz else { throw .objectiveHasNoConstants }
    if isConstant {
      // w does not depend on λ here, so ∇f is ∇_λE.
      let bound = difference + parameterLipschitz * state.error + errors.parameters + 4 * .ulpOfOne * (size + outer)
      guard bound.isFinite else { throw .outOfRange }
      return max(bound * (1 + 64 * .ulpOfOne), .leastNormalMagnitude)
    }
    let f = inference.gradient
    // Infinite for a loss whose ℓ″ jumps, or by overflow of a product of three norms.
    guard f.hessianLipschitzConstant.isFinite else {
      let size = f.activeWeight * f.activeWeight * f.activeWeight
      throw size.isFinite ? .hessianMayJump : .outOfRange
    }
    let (s, e, ulp) = (inference.step, state.error, Element.ulpOfOne)
    // An ulp of the cotangent must be a number too.
    guard y == 0 || (ulp * y).isNormal else { throw .outOfRange }
    let sums = 1 + count * ulp  // norms are themselves rounded
    let (q, v, B) = (q * sums, v * sums, penaltyNorm * sums)
    let curvature = inference.piece.curvature(state.argumentError)
    // Of v: the error of y, that of H and its product, three operations on each entry.
    let η =
      errors.state + stateLipschitz * e + s * (f.hessianLipschitzConstant * e + f.hessianRounding) * q
      + 4 * ulp * (y + q + image)
    // Of D v, and of q where rounding took it off the range.
    let outside = inference.proximal.isMask ? 0 : 3 * count * ulp * q
    let ζ = residual * sums + (inference.piece.derivativeRounding + curvature.derivative * state.argumentError) * v
    // Or with D taking part: q − q* − ζ lies in the range of D*, and is R*K*⁻¹R*ᵀ(η + (I − sH*)ζ) for K* = I − R*ᵀR* + s R*ᵀH*R*.
    let change: Element = curvature.derivative * state.argumentError + s * f.hessianLipschitzConstant * e
    let least: Element = ((state.system ?? 0) - change) * (1 - 8 * ulp)
    let sources: Element = ζ + η + outside
    let bySystem: Element = least > 0 ? ζ + outside + sources / least : Element.infinity
    let qError = min(sources / (s * state.contraction), bySystem)
    let vError = η + qError
    let turn = curvature.parameters * state.argumentError
    let ofPenalty = (turn + inference.piece.parametersRounding + count * ulp * B) * v + (B + turn) * vError
    // s q first: s and ∂_λ∇f may both be small.
    let mixed = mixedNorm * sums
    let drift = f.mixedDerivativeLipschitzConstant * e + f.mixedDerivativeRounding
    let ofSmooth = drift * (s * q) + count * ulp * (mixed * (s * q)) + mixed * (s * qError) + drift * (s * qError)
    let bound =
      difference * sums + ofPenalty + ofSmooth + parameterLipschitz * e + errors.parameters
      + 4 * ulp * (size + outer)
    let rounded = bound * (1 + 64 * ulp)
    // Of terms that underflowed none may have been the largest.
    guard rounded.isFinite, (ulp * rounded).isNormal else { throw .outOfRange }
    return rounded
  }
}
