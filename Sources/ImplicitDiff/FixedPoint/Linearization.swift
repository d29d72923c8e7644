public import LinAlg

/// One element [A1, A2] of the conservative Jacobian of a map Φ at a point: A1 = ∂Φ/∂w (p × p), A2 = ∂Φ/∂λ (p × m).
///
/// Linearize once, apply many: both are operators whose products (of one vector or a block, forward or adjoint)
/// re-trace nothing and allocate nothing.
public protocol Linearization<Element>: AnyObject {
  associatedtype Element
  associatedtype StateOperator: AdjointableOperator<Element>
  associatedtype ParameterOperator: AdjointableOperator<Element>

  /// A1, p × p.
  var state: StateOperator { get }
  /// A2, p × m.
  var parameters: ParameterOperator { get }
  /// What is known of A1 beyond its products; the adjoint solvers choose by it.
  var structure: LinearizationStructure<Element> { get }
  /// A lower bound on the Euclidean distance from w to the nearest point where Φ(·, λ) changes its piece, or nil where
  /// the map cannot tell. Zero at a kink.
  var kinkDistance: Element? { get }
  /// ‖A2‖_F, or a bound on it: the error bound needs it.
  var parametersFrobeniusNorm: Element { get }
  /// Whether there is a derivative at the point: false where the value of a proximal map itself jumps there.
  var isDefined: Bool { get }
}

extension Linearization {
  public var isDefined: Bool { true }
  /// By one product per parameter.
  public var parametersFrobeniusNorm: Element { parameters.dense().frobeniusNorm }
  public var kinkDistance: Element? { nil }
}

/// What is known of a linearization's A1.
public enum LinearizationStructure<Element: Scalar> {
  /// Nothing: A1 may be any matrix, and only solvers for general matrices apply.
  case general
  /// A1 = D (I − s H): a proximal-gradient step, which has a symmetric positive definite form.
  case proximalGradient(any ProximalGradientStructure<Element>)
  /// The same for any D = R Rᵀ, as of a ``ProximalGradientMap``.
  case symmetric(any SymmetricForm<Element>)
}

/// The parts of `A1 = D (I − s H)`, the Jacobian of a proximal-gradient step `prox(w − s ∇f(w))`: H = ∇²f symmetric, and D,
/// the derivative of the proximal map, diagonal here with entries in [0, 1].
///
/// `I − A1ᵀ` is not symmetric. On the support of D, with u = D^{1/2} v, the adjoint equation becomes `K u = D^{1/2} y`,
/// `K = (I − D) + s D^{1/2} H D^{1/2}`, symmetric positive definite; where D is a 0/1 mask, K = s H_SS.
public protocol ProximalGradientStructure<Element>: AnyObject {
  associatedtype Element: Scalar
  /// s, the step size.
  var step: Element { get }
  /// The diagonal of D, p entries.
  var derivative: Vector<Element> { get }
  /// Where D is not zero.
  var support: IndexSubset { get }
  /// Whether every entry of D is 0 or 1.
  var derivativeIsMask: Bool { get }

  /// Whether the columns of A2 lie in the range of D: A2 = D B, as for the strengths of a 1-norm. Then A2ᵀ v depends on D v alone,
  /// which is what the symmetric form solves for. A radius or a bound moves the solution out of that range; then v is
  /// recovered in full, at the cost of one product with A1ᵀ.
  var parametersLieInRange: Bool { get }

  /// H ← H_SS, |S| × |S| column-major, both triangles.
  func assembleHessian(into H: inout Matrix<Element>)

  /// H_SS as shift I + BᵀB where B has few rows and D is a mask; nil where it is not of that form.
  var lowRankHessian: (any LowRankHessian<Element>)? { get }

  /// What assembling H_SS and multiplying by it cost.
  var costs: AdjointCosts { get }

  /// d ← the diagonal of H_SS (|S| entries); false, and d untouched, where it costs too much to know. Conjugate gradient and
  /// MINRES are preconditioned with it.
  func hessianDiagonal(into d: inout Vector<Element>) -> Bool

  /// Whether ``assembleSingleHessian(into:)`` is there, at half the cost of ``assembleHessian(into:)``.
  var hasSingleHessian: Bool { get }
  /// H ← H_SS rounded to single precision, |S| × |S| column-major, the lower triangle.
  func assembleSingleHessian(into H: inout Matrix<Float>)
  /// H_SS as an operator in single precision over a copy of the support's data, where that costs half of a product; nil otherwise.
  /// Valid until the linearization is filled again.
  func makeSingleHessian() -> (any LinearOperator<Float>)?

  /// H_SS as a sparse matrix, where it has few entries; nil otherwise. Conjugate gradient and MINRES are preconditioned with its
  /// incomplete Cholesky factorization where that pays.
  var sparseHessian: SparseSymmetricMatrix<Element>? { get }

  /// H_SS as an operator over the support's data, gathered once. Valid until the linearization is filled again.
  func makeRestrictedHessian() -> any LinearOperator<Element>
}

extension ProximalGradientStructure {
  /// Nothing is assumed.
  public var parametersLieInRange: Bool { false }
  public var lowRankHessian: (any LowRankHessian<Element>)? { nil }
  public func hessianDiagonal(into d: inout Vector<Element>) -> Bool { false }
  public var hasSingleHessian: Bool { false }
  public func assembleSingleHessian(into H: inout Matrix<Float>) {
    preconditionFailure("ProximalGradientStructure: there is no Hessian in single precision here")
  }
  public func makeSingleHessian() -> (any LinearOperator<Float>)? { nil }
  public var sparseHessian: SparseSymmetricMatrix<Element>? { nil }
}
