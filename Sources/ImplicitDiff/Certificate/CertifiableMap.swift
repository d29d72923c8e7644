public import LinAlg

/// A map whose smoothness constants on a piece are known, so that the error of a derivative can be bounded.
public protocol CertifiableMap<Element>: FixedPointMap {
  /// L₁ with ‖A1(w) − A1(w')‖ ≤ L₁ ‖w − w'‖ for w, w' on one piece.
  func stateJacobianLipschitzConstant(parameters λ: Vector<Element>) -> Element
  /// L₂ with ‖A2(w) − A2(w')‖ ≤ L₂ ‖w − w'‖ for w, w' on one piece.
  func parameterJacobianLipschitzConstant(parameters λ: Vector<Element>) -> Element
}
