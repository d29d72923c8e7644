public import ImplicitDiff
public import LinAlg

/// E(w) = cᵀX w for a given c: the outer objective whose hypergradient is a derivative of fitted scores along a direction.
public final class LinearObjective<Element: Scalar>: OuterObjective {
  /// Xᵀc, p entries.
  public let coefficients: Vector<Element>
  /// A bound on its rounding error in the Euclidean norm.
  private let error: Element

  /// - Precondition: c has an entry per row of X.
  public init(features X: any DesignMatrix<Element>, direction c: Vector<Element>) {
    precondition(X.rows == c.count, "LinearObjective: \(c.count) entries for \(X.rows) rows")
    var product = Vector<Element>.zeros(X.columns)
    X.multiplyTransposed(c, alpha: 1, beta: 0, into: &product)
    coefficients = product
    var norms = product
    X.squaredColumnNorms(into: &norms)
    // A sum of m terms errs by m half-ulps of their absolute values, which ‖x_j‖ ‖c‖ bounds; an ulp each is taken. The norms are rounded themselves.
    let terms = Element(X.columnTerms + 8)
    error =
      terms * .ulpOfOne * norms.oneNorm.squareRoot() * (1 + terms * .ulpOfOne) * c.norm
      + Element(X.rows) * .leastNormalMagnitude
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { coefficients.dot(w) }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>, parameters parameterGradient: inout Vector<Element>
  ) {
    stateGradient.copy(from: coefficients)
    parameterGradient.fill(0)
  }

  public func gradientLipschitzConstant(on support: IndexSubset) -> Element? { 0 }
  public var parameterGradientLipschitzConstant: Element? { 0 }

  public func gradientRoundingErrors(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset
  ) -> (state: Element, parameters: Element)? { (error, 0) }
}
