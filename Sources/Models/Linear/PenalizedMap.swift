public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// The proximal-gradient map of a penalized linear model, `f(w) + Σⱼ λ_{i(j)} |wⱼ| + (λ_r/2) ‖w‖²` for a ``SmoothLoss`` f: a ``LinearModel`` with a
/// ridge and the 1-norm. With one strength λ = (λ1, λ2); with several (`SharedStrengths`) they come first, the ridge's last.
public typealias PenalizedMap<Loss: SmoothLoss> = ProximalGradientMap<LinearModel<Loss>, L1Norm<Loss.Element>>

/// The elastic net `‖X w − y‖²/(2n) + λ1 ‖w‖₁ + (λ2/2) ‖w‖²`, λ = (λ1, λ2); with other `SharedStrengths` the weighted lasso.
public typealias ElasticNetMap<Element: Scalar> = PenalizedMap<QuadraticLoss<Element>>

/// Sparse logistic regression: the mean logistic loss with the elastic net's penalty.
public typealias SparseLogisticMap<Element: Scalar> = PenalizedMap<LogisticLoss<Element>>

extension ProximalGradientMap {
  /// - Precondition: where strengths are given by feature, as many as the loss has features.
  public convenience init<Loss: SmoothLoss>(
    loss: Loss, strengths: SharedStrengths = .single, step: Step = .optimal, kink: KinkRule = .zero
  ) where F == LinearModel<Loss>, G == L1Norm<Loss.Element> {
    strengths.requireCoordinates(loss.featureCount)
    self.init(LinearModel(loss), L1Norm(strengths), step: step, kink: kink)
  }

  /// - Parameters:
  ///   - features: X, n × p, dense or sparse.
  ///   - targets: y, n entries.
  public convenience init<E>(
    features: any DesignMatrix<E>, targets: Vector<E>, strengths: SharedStrengths = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where F == LinearModel<QuadraticLoss<E>>, G == L1Norm<E> {
    self.init(loss: QuadraticLoss(features: features, targets: targets), strengths: strengths, step: step, kink: kink)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init<E>(
    features: Matrix<E>, targets: Vector<E>, strengths: SharedStrengths = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where F == LinearModel<QuadraticLoss<E>>, G == L1Norm<E> {
    self.init(loss: QuadraticLoss(features: features, targets: targets), strengths: strengths, step: step, kink: kink)
  }

  /// - Parameters:
  ///   - features: X, n × p, dense or sparse.
  ///   - labels: y, n entries −1 or 1.
  public convenience init<E>(
    features: any DesignMatrix<E>, labels: Vector<E>, strengths: SharedStrengths = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where F == LinearModel<LogisticLoss<E>>, G == L1Norm<E> {
    self.init(loss: LogisticLoss(features: features, targets: labels), strengths: strengths, step: step, kink: kink)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init<E>(
    features: Matrix<E>, labels: Vector<E>, strengths: SharedStrengths = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where F == LinearModel<LogisticLoss<E>>, G == L1Norm<E> {
    self.init(loss: LogisticLoss(features: features, targets: labels), strengths: strengths, step: step, kink: kink)
  }
}
