public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// The error bound of theory without a spectrum: what the ``LinearModel`` of the loss says of its gradient, and the 1-norm of the piece.
extension PenalizedMap: CertifiableMap {
  public func solutionBounds(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization: PenalizedLinearization<Element>
  ) -> SolutionBounds<Element>? {
    let S = linearization.support
    guard linearization.owner === self, linearization.derivativeIsMask, linearization.hasSigns(of: w) else {
      return nil
    }
    let gradient = LinearModel(loss).roundedGradient(at: w, parameters: [groups.ridge(λ)], active: S)
    var strengths = Vector<Element>.zeros(w.count)
    groups.fillStrengths(λ, scale: 1, into: &strengths)
    guard
      let conditions = OptimalityConditions(
        ofSoftThresholding: w, support: S, strengths: strengths, gradient: gradient),
      conditions.residual.isFinite
    else { return nil }
    return SolutionInference(conditions, gradient).bounds(count: S.count) { linearization.assembleHessian(into: &$0) }
  }
}

extension PenalizedLinearization {
  /// Whether w has the signs on the support that were differentiated.
  fileprivate func hasSigns(of w: Vector<Element>) -> Bool {
    // signColumn is −s D sign(u).
    for k in 0..<support.count {
      let j = support[k]
      if !(signColumn[j] * (w[j] > 0 ? 1 : -1) < 0 && w[j] != 0) { return false }
    }
    return true
  }
}
