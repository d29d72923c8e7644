/// Why no ``NSIDPlan`` can be promised; it is thrown as ``DifferentiationError/plan(_:)``.
public enum NSIDPlanError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A number given makes no sense; the text names it and its range.
  case invalidArgument(String)
  /// No contraction factor below 1 is known: this is the map's bound, nil where it has none.
  case contractionUnknown(bound: Double?)
  /// A NaN or an infinity in what the text names.
  case notFinite(String)
  /// The products of single samples do not average to the product of all: this is the relative difference. T̂ is then no
  /// mean over samples, as in ``SampledOuterMap``, and minibatches are biased.
  case notAMean(difference: Double)
  /// The hypergradient is too small beside the terms that cancel in it: ‖∇f‖ or ‖A2ᵀ v‖ is `norm`, and the terms are as
  /// large as `terms` = ‖A2‖ ‖v‖. Its relative error is the error of v times the quotient.
  case hypergradientTooSmall(norm: Double, terms: Double, accuracy: Double)
  /// The adjoint v cannot be had to this accuracy: the rounding errors alone come to `rounding`, relative to it, or the
  /// steps that it takes cannot be counted.
  case accuracyOutOfReach(accuracy: Double, rounding: Double)

  public var description: String {
    switch self {
    case .invalidArgument(let text): text
    case .contractionUnknown(let bound):
      "the map has no contraction factor known to be below 1 (bound: \(bound.map { "\($0)" } ?? "none")): choose the steps by hand"
    case .notFinite(let what): "a NaN or an infinity in \(what)"
    case .notAMean(let difference):
      "products of single samples differ from that of all samples by \(difference) in the mean: the map's oracle is not a mean over samples"
    case .hypergradientTooSmall(let norm, let terms, let accuracy):
      "the hypergradient, of norm \(norm), is what is left of terms of size \(terms): a relative accuracy of \(accuracy) in it is out of reach of minibatches; plan for the adjoint, or use AID"
    case .accuracyOutOfReach(let accuracy, let rounding):
      "a relative accuracy of \(accuracy) in v is out of reach: rounding errors come to \(rounding) and the steps exceed what can be counted or the solution could not be found to compare with"
    }
  }
}
