/// Which element of the conservative Jacobian a map takes where it has a kink.
///
/// The rule is the same for forward and adjoint products, so both differentiate the same element. Away from kinks all
/// rules agree.
public enum KinkRule: Sendable, Hashable, CaseIterable {
  /// The derivative of the piece that is constant: the coordinate counts as off the support.
  case zero
  /// The derivative of the piece that moves: the coordinate counts as on the support.
  case one
  /// The mean of the two; the element of `zero` where the mean is not of the form that the penalty's derivatives have, as for projectors onto faces (the
  /// penalty says so).
  case midpoint

  /// The derivative taken at the kink of a scalar map whose one-sided derivatives there are 0 and 1.
  public var derivative: Double {
    switch self {
    case .zero: 0
    case .one: 1
    case .midpoint: 0.5
    }
  }
}
