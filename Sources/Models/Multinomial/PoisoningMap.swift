public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// Data poisoning: the proximal-gradient map of multinomial logistic regression with the elastic net,
/// `mean cross-entropy + λ1 ‖W‖₁ + (λ2/2) ‖W‖²`, as a function of a shift Γ of some training rows (``PoisonedMultinomial``). The strengths are fixed.
public typealias PoisoningMap<Element: Scalar> = ProximalGradientMap<
  PoisonedMultinomial<Element>, FixedParameters<L1Norm<Element>>
>

extension ProximalGradientMap {
  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Parameter step: s; nil for 2/(L/2 + 2 λ2), L the largest eigenvalue of XᵀX/n of the clean data: the softmax's Jacobian is at most ½, so the
  ///   Hessian lies between λ2 and L/2 + λ2 up to the shift.
  /// - Precondition: the strengths are not negative; `poisoned` are distinct rows.
  public convenience init<E>(
    features: Matrix<E>, labels: [Int], classCount: Int, poisoned: [Int], λ1: E, λ2: E, step: E? = nil,
    kink: KinkRule = .zero
  ) where F == PoisonedMultinomial<E>, G == FixedParameters<L1Norm<E>> {
    self.init(
      PoisonedMultinomial(features: features, labels: labels, classCount: classCount, poisoned: poisoned, ridge: λ2),
      λ1: λ1, step: step, kink: kink)
  }

  /// Features of any design, dense or sparse.
  ///
  /// - Parameter step: as above.
  /// - Precondition: the strengths are not negative; `poisoned` are distinct rows.
  public convenience init<E>(
    features: any DesignMatrix<E>, labels: [Int], classCount: Int, poisoned: [Int], λ1: E, λ2: E, step: E? = nil,
    kink: KinkRule = .zero
  ) where F == PoisonedMultinomial<E>, G == FixedParameters<L1Norm<E>> {
    self.init(
      PoisonedMultinomial(features: features, labels: labels, classCount: classCount, poisoned: poisoned, ridge: λ2),
      λ1: λ1, step: step, kink: kink)
  }

  private convenience init<E>(_ smooth: PoisonedMultinomial<E>, λ1: E, step: E?, kink: KinkRule)
  where F == PoisonedMultinomial<E>, G == FixedParameters<L1Norm<E>> {
    self.init(smooth, FixedParameters(L1Norm(), [λ1]), step: .fixed(step ?? smooth.cleanStep), kink: kink)
  }
}
