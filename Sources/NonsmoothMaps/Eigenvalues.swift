public import LinAlg

/// g of the eigenvalues of a symmetric matrix, which is given as a ``SymmetricVector``, for a g that does not change under permutations: the cone of
/// positive semidefinite matrices from
/// ``Box/nonNegative``, the spectraplex from ``Simplex``, the sum of the k largest from ``OrderedSum``, −log det from ``LogBarrier``.
///
/// With u = Q diag(μ) Qᵀ and x = prox_{s g}(μ) the value is Q diag(x) Qᵀ, and D H = Q (Ω ∘ QᵀHQ) Qᵀ off the diagonal of QᵀHQ with the divided
/// differences Ωᵢⱼ = (xᵢ − xⱼ)/(μᵢ − μⱼ) (the derivative
/// along eᵢ − eⱼ where μᵢ = μⱼ), g's own D on it. B = Q diag(B_g) Qᵀ. The margin is g's at the eigenvalues, which move no further than the matrix.
/// At a kink the ``KinkRule``
/// chooses g's element. Cost: an eigenvalue decomposition, and four n × n products per product with D.
///
/// A. S. Lewis: Derivatives of spectral functions. Math. Oper. Res. 21 (1996). D. Sun, J. Sun: Semismooth matrix-valued functions. Math. Oper. Res.
/// 27 (2002).
public struct Eigenvalues<G: PermutationInvariant>: ProximalMap {
  public typealias Element = G.Element
  public let base: G

  /// - Precondition: g has no numbers of single coordinates.
  public init(_ base: G) {
    precondition(base.isInvariant, "Eigenvalues: \(G.self) with numbers for single coordinates")
    self.base = base
  }

  public var parameterCount: Int { base.parameterCount }
  public func admits(count p: Int) -> Bool { SymmetricVector.isCount(p) }
  public var isConvex: Bool { base.isConvex }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public var stepLimitParameter: Int { base.stepLimitParameter }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: λ) }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    base.expansion(step: s, parameters: λ)
  }

  /// The eigenvalues are off by rounding errors: a constraint may be violated by as much.
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    guard let μ = try? SymmetricEigen.eigenvalues(of: SymmetricVector.matrix(w)) else { return .nan }
    return base.value(near: μ, rounding: 8 * Element(μ.count + 2) * .ulpOfOne * w.norm, parameters: λ)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    guard let eigen = try? SymmetricEigen(SymmetricVector.matrix(u)) else { return u.fill(.nan) }
    var x = Vector(copying: eigen.values)
    base.apply(step: s, parameters: λ, to: &x)
    if x == eigen.values { return }
    var scaled = eigen.vectors.transposed.packed(as: .columnMajor)
    scaled.scaleRows(by: x)
    SymmetricVector.copy(eigen.vectors * scaled, into: &u)
  }

  public func makeLinearization(count p: Int) -> RotatedLinearization<G.Linearization> {
    let n = SymmetricVector.order(count: p)
    return RotatedLinearization(
      base.makeLinearization(count: n), count: n, weights: .zeros(p - n), rotation: EigenvectorRotation(order: n))
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: RotatedLinearization<G.Linearization>
  ) {
    let n = SymmetricVector.order(count: u.count)
    let eigen = try? SymmetricEigen(SymmetricVector.matrix(u))
    let μ = eigen?.values ?? Vector(repeating: .nan, count: n)
    base.linearize(at: μ, step: s, parameters: λ, kink: kink, into: L.base)
    if let eigen { L.rotation = EigenvectorRotation(eigen.vectors) }
    var x = Vector(copying: μ)
    base.apply(step: s, parameters: λ, to: &x)
    DividedDifference(L.base, count: n, isConvex: isConvex).fillDifferences(μ, x, into: &L.weights)
    L.close()
  }

  /// That of g at the eigenvalues, those of the size of rounding errors counted as zeros.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    guard let μ = try? SymmetricEigen.eigenvalues(of: SymmetricVector.matrix(w)) else { return 0 }
    let rounding = 8 * Element(μ.count + 2) * .ulpOfOne * μ.maxNorm
    return base.signature(at: Vector(μ.map { $0.magnitude <= rounding ? 0 : $0 }), parameters: λ)
  }
}

extension Eigenvalues where G == Box<Double> {
  /// The cone of positive semidefinite matrices.
  public static var positiveSemidefinite: Eigenvalues { Eigenvalues(.nonNegative) }
}

extension Eigenvalues where G == Box<Float> {
  /// The cone of positive semidefinite matrices.
  public static var positiveSemidefinite: Eigenvalues { Eigenvalues(.nonNegative) }
}

/// H → Qᵀ H Q on symmetric vectors.
final class EigenvectorRotation<Element: Scalar>: Rotation {
  private let vectors: Matrix<Element>
  private var matrix: Matrix<Element>
  private var half: Matrix<Element>

  init(_ Q: Matrix<Element>) {
    vectors = Q
    matrix = .zeros(Q.rows, Q.rows)
    half = .zeros(Q.rows, Q.rows)
  }

  convenience init(order n: Int) { self.init(Matrix<Element>.identity(n)) }

  func forward(_ x: Vector<Element>, into y: inout Vector<Element>) { conjugate(x, by: vectors, into: &y) }
  func backward(_ y: Vector<Element>, into x: inout Vector<Element>) { conjugate(y, by: vectors.transposed, into: &x) }

  /// y ← Vᵀ X V.
  private func conjugate(_ x: Vector<Element>, by V: Matrix<Element>, into y: inout Vector<Element>) {
    SymmetricVector.copy(x, into: &matrix)
    half.assignProduct(matrix, V)
    matrix.assignProduct(V.transposed, half)
    SymmetricVector.copy(matrix, into: &y)
  }
}
