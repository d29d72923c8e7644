public import ImplicitDiff
public import LinAlg

/// f(w, λ) = ½ wᵀQw − (c + C λ)ᵀw with Q symmetric and positive semidefinite: with a box the dual of a support vector machine, with w ≥ 0
/// nonnegative least squares, with a simplex a portfolio.
public final class QuadraticFunction<Element: Scalar>: SmoothFunction {
  private let operation: any LinearOperator<Element>
  let matrix: Matrix<Element>?
  let constant: Vector<Element>
  let slopes: Matrix<Element>?
  private var known: (smallest: Element, largest: Element)?
  private var term: Vector<Element>

  /// - Parameters:
  ///   - Q: p × p.
  ///   - c: p entries.
  ///   - C: p × m, the part of the linear term that is linear in the parameters; nil for no parameters.
  /// - Precondition: Q is symmetric up to p ulps of its largest entry, as a product XᵀX is. That it is semidefinite is not checked: direct
  ///   solvers and conjugate gradient say so where it is not.
  public convenience init(_ Q: Matrix<Element>, linear c: Vector<Element>, parameters C: Matrix<Element>? = nil) {
    precondition(Q.isSquare, "QuadraticFunction: Q must be square, not \(Q.rows) × \(Q.columns)")
    let (p, Q) = (Q.rows, Q.with(layout: .columnMajor))
    var (largest, difference): (Element, Element) = (0, 0)
    for j in 0..<p {
      for i in 0..<j {
        largest = max(largest, Q[i, j].magnitude)
        difference = max(difference, (Q[i, j] - Q[j, i]).magnitude)
      }
      largest = max(largest, Q[j, j].magnitude)
    }
    precondition(
      !(difference > Element(p) * .ulpOfOne * largest),
      "QuadraticFunction: Q must be symmetric; two entries across its diagonal differ by \(difference)")
    self.init(Q, Q, c, C, nil)
  }

  /// - Parameters:
  ///   - Q: p × p, known by its products.
  ///   - c: p entries.
  ///   - C: p × m, the part of the linear term that is linear in the parameters; nil for no parameters.
  ///   - curvatureBounds: bounds on the eigenvalues of Q; nil for those that Lanczos' method finds, its own error bounds counted in.
  /// - Precondition: Q is symmetric and positive semidefinite (not checked).
  public convenience init(
    operator Q: any LinearOperator<Element>, linear c: Vector<Element>, parameters C: Matrix<Element>? = nil,
    curvatureBounds: (smallest: Element, largest: Element)? = nil
  ) {
    precondition(Q.rows == Q.columns, "QuadraticFunction: Q must be square, not \(Q.rows) × \(Q.columns)")
    self.init(Q, nil, c, C, curvatureBounds)
  }

  private init(
    _ Q: any LinearOperator<Element>, _ matrix: Matrix<Element>?, _ c: Vector<Element>, _ C: Matrix<Element>?,
    _ bounds: (smallest: Element, largest: Element)?
  ) {
    precondition(
      Q.rows > 0 && c.count == Q.rows && (C?.rows ?? Q.rows) == Q.rows,
      "QuadraticFunction: Q of \(Q.rows) unknowns with a linear term of \(c.count) and \(C?.rows ?? c.count) entries")
    operation = Q
    self.matrix = matrix
    constant = c
    slopes = C
    known = bounds
    term = .zeros(c.count)
  }

  public var stateCount: Int { constant.count }
  public var parameterCount: Int { slopes?.columns ?? 0 }

  /// term ← c + C λ.
  private func fillTerm(_ λ: Vector<Element>) {
    term.copy(from: constant)
    if let slopes { term.assignProduct(slopes, λ, alpha: 1, beta: 1) }
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var image = Vector<Element>.zeros(w.count)
    operation.apply(w, into: &image)
    fillTerm(λ)
    return w.dot(image) / 2 - term.dot(w)
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    operation.apply(w, into: &g)
    fillTerm(λ)
    g.add(-1, term)
  }

  public func makeHessian() -> QuadraticHessian<Element> { QuadraticHessian(operation, matrix) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: QuadraticHessian<Element>,
    gradient g: inout Vector<Element>
  ) { gradient(at: w, parameters: λ, into: &g) }

  /// Q is the same everywhere.
  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: QuadraticHessian<Element>
  ) {}

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: QuadraticHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { if let slopes { x.assignProduct(slopes, μ, alpha: -α, beta: 1) } }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: QuadraticHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { if let slopes { r.assignProduct(slopes.transposed, v, alpha: -α, beta: 1) } }

  /// The extreme eigenvalues of Q, computed on first use: by LAPACK up to 2000 unknowns of a matrix, otherwise by Lanczos.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    if let known { return known }
    let bounds: (smallest: Element, largest: Element)
    if let matrix, stateCount <= 2000, let values = try? SymmetricEigen.eigenvalues(of: matrix) {
      bounds = (max(0, values[0]), values[stateCount - 1])
    } else {
      let found = ExtremalEigenvalues(of: operation)
      bounds = (max(0, found.smallest - found.smallestErrorBound), found.largest + found.largestErrorBound)
    }
    known = bounds
    return bounds
  }

  /// ‖Q w‖, and ‖c‖ + ‖C λ‖.
  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    curvatureBounds(parameters: λ).largest * w.norm + constant.norm + (slopes.map { $0.frobeniusNorm * λ.norm } ?? 0)
  }
}
