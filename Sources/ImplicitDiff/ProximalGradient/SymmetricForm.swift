public import LinAlg
public import NonsmoothMaps

/// The parts of `A1 = D (I − s H)` for any D = R Rᵀ: what the symmetric form of the adjoint equation needs. With z = Rᵀ v it reads
///
///     (I − RᵀR + s RᵀHR) z = Rᵀ y
///
/// symmetric positive definite, r × r; where D is a projector it is s RᵀHR, and the step drops out.
public protocol SymmetricForm<Element>: AnyObject {
  associatedtype Element: Scalar
  /// s.
  var step: Element { get }
  /// R, through the derivative of the proximal map.
  var range: any ProximalLinearization<Element> { get }
  /// H.
  var supportedHessian: any SupportedHessian<Element> { get }
  /// Whether the columns of A2 lie in the range of D; otherwise v is recovered in full, at the cost of one product with A1ᵀ.
  var parametersLieInRange: Bool { get }
}

extension SymmetricForm {
  /// What the system costs: of a D that is no mask it is no multiple of H_SS, whose low rank is then of no use.
  var costs: AdjointCosts {
    var costs = supportedHessian.costs(on: range.active)
    if !range.isMask { costs.lowRank = nil }
    return costs
  }
}
