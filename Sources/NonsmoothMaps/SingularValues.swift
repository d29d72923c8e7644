public import LinAlg

/// g of the singular values of an m × n matrix, which is given column by column, for a g that does not change under permutations and changes of
/// signs: the nuclear norm from ``L1Norm``, the
/// ball of the spectral norm from ``LInfinityBall``, the spectral norm from ``LInfinityNorm``.
///
/// With U = U₁ diag(σ) Vᵀ and x = prox_{s g}(σ) the value is U₁ diag(x) Vᵀ. Of a direction G, B = U₁ᵀGV is multiplied by (xᵢ − xⱼ)/(σᵢ − σⱼ) in its
/// symmetric part and by
/// (xᵢ + xⱼ)/(σᵢ + σⱼ) in its skew part, off the diagonal; the diagonal by g's own D; and what of G lies outside the columns of U₁ (or of V) by
/// xⱼ/σⱼ. All three take their limits
/// where they are 0/0. ∂/∂λ is U₁ diag(B_g) Vᵀ. The margin is g's at the singular values, which move no further than the matrix. At a kink the
/// ``KinkRule`` chooses g's element. Cost: a
/// singular value decomposition, and O(mn min(m, n)) per product with D.
///
/// C. Ding, D. Sun, J. Sun, K.-C. Toh: Spectral operators of matrices. Math. Program. 168 (2018).
public struct SingularValues<G: SignInvariant>: ProximalMap {
  public typealias Element = G.Element
  public let base: G
  public let rows: Int
  public let columns: Int

  /// - Precondition: at least one row and column; g has no numbers of single coordinates.
  public init(_ base: G, rows: Int, columns: Int) {
    precondition(rows >= 1 && columns >= 1, "SingularValues: a matrix of \(rows) × \(columns)")
    precondition(base.isInvariant, "SingularValues: \(G.self) with numbers for single coordinates")
    self.base = base
    self.rows = rows
    self.columns = columns
  }

  public var parameterCount: Int { base.parameterCount }
  public func admits(count p: Int) -> Bool { p == rows * columns }
  public var isConvex: Bool { base.isConvex }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public var stepLimitParameter: Int { base.stepLimitParameter }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: λ) }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    base.expansion(step: s, parameters: λ)
  }

  private func matrix(_ w: Vector<Element>) -> Matrix<Element> {
    precondition(w.count == rows * columns, "SingularValues: \(rows) × \(columns) for \(w.count) coordinates")
    return Matrix(columnsOf: w, rows: rows)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    guard let σ = try? SVD.singularValues(of: matrix(w)) else { return .nan }
    return base.value(near: σ, rounding: 8 * Element(rows + columns) * .ulpOfOne * w.norm, parameters: λ)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    guard let svd = try? SVD(matrix(u)) else { return u.fill(.nan) }
    var x = Vector(copying: svd.values)
    base.apply(step: s, parameters: λ, to: &x)
    if x == svd.values { return }
    var right = svd.vTransposed
    right.scaleRows(by: x)
    u.withColumns(rows: rows) { $0.assignProduct(svd.u, right) }
  }

  public func makeLinearization(count p: Int) -> RotatedLinearization<G.Linearization> {
    precondition(p == rows * columns, "SingularValues: \(rows) × \(columns) for \(p) coordinates")
    let k = min(rows, columns)
    return RotatedLinearization(
      base.makeLinearization(count: k), count: k, weights: .zeros(p - k),
      rotation: SingularVectorRotation(nil, rows: rows, columns: columns))
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: RotatedLinearization<G.Linearization>
  ) {
    let k = min(rows, columns)
    let svd = try? SVD(matrix(u))
    let σ = svd?.values ?? Vector(repeating: .nan, count: k)
    base.linearize(at: σ, step: s, parameters: λ, kink: kink, into: L.base)
    if let svd { L.rotation = SingularVectorRotation(svd, rows: rows, columns: columns) }
    var x = Vector(copying: σ)
    base.apply(step: s, parameters: λ, to: &x)
    DividedDifference(L.base, count: k, isConvex: isConvex)
      .fillAll(σ, x, others: max(rows, columns) - k, into: &L.weights)
    L.close()
  }

  /// That of g at the singular values, those of the size of rounding errors counted as zeros.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    guard let σ = try? SVD.singularValues(of: matrix(w)) else { return 0 }
    let rounding = 8 * Element(rows + columns) * .ulpOfOne * σ.maxNorm
    return base.signature(at: Vector(σ.map { $0 <= rounding ? 0 : $0 }), parameters: λ)
  }
}

/// G → [diag B; (Bᵢⱼ + Bⱼᵢ)/√2 and (Bᵢⱼ − Bⱼᵢ)/√2 below the diagonal, column by column; C column by column] with B = U₁ᵀGV and C = U₂ᵀGV; of a wide
/// matrix those of its transpose.
final class SingularVectorRotation<Element: Scalar>: Rotation {
  /// Whether the matrix is taken as its transpose, which is tall.
  private let isWide: Bool
  private let m: Int
  private let n: Int
  /// The reflections whose first columns are ± those of U₁, with these signs.
  private let left: QR<Element>?
  private let signs: [Element]
  /// V, n × n.
  private let right: Matrix<Element>
  private var product: Matrix<Element>

  init(_ svd: SVD<Element>?, rows: Int, columns: Int) {
    isWide = rows < columns
    (m, n) = (max(rows, columns), min(rows, columns))
    product = .zeros(m, n)
    let wide = isWide
    left = svd.flatMap { try? QR(wide ? $0.vTransposed.transposed : $0.u) }
    right = svd.map { wide ? $0.u : $0.vTransposed.transposed.packed(as: .columnMajor) } ?? .identity(n)
    if let R = left?.r { signs = (0..<R.rows).map { R[$0, $0] < 0 ? -1 : 1 } } else { signs = [] }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func forward(_ x: Vector<Element>, into y: inout Vector<Element>) {
    let X = Matrix(columnsOf: x, rows: isWide ? n : m)
    product.assignProduct(isWide ? X.transposed : X, right)
    left?.applyQ(block: &product, adjoint: true)
    let (p, target) = (product.mutableBase(), y.mutableBase())
    flip(p)
    let root = Element(0.5).squareRoot()
    for j in 0..<n { target[j] = p[j + m * j] }
    var next = n
    for j in 0..<n {
      for i in j + 1..<max(j + 1, n) {
        let (a, b) = (p[i + m * j], p[j + m * i])
        target[next] = root * (a + b)
        target[next + 1] = root * (a - b)
        next += 2
      }
    }
    for j in 0..<n {
      for i in n..<m {
        target[next] = p[i + m * j]
        next += 1
      }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func backward(_ y: Vector<Element>, into x: inout Vector<Element>) {
    let (p, source) = (product.mutableBase(), y.base)
    let root = Element(0.5).squareRoot()
    for j in 0..<n { p[j + m * j] = source[j] }
    var next = n
    for j in 0..<n {
      for i in j + 1..<max(j + 1, n) {
        p[i + m * j] = root * (source[next] + source[next + 1])
        p[j + m * i] = root * (source[next] - source[next + 1])
        next += 2
      }
    }
    for j in 0..<n {
      for i in n..<m {
        p[i + m * j] = source[next]
        next += 1
      }
    }
    flip(p)
    left?.applyQ(block: &product)
    x.withColumns(rows: isWide ? n : m) {
      if isWide {
        $0.assignProduct(right, product.transposed)
      } else {
        $0.assignProduct(product, right.transposed)
      }
    }
  }

  /// The rows of U₁ᵀ from those of Qᵀ, and back.
  @inline(__always)
  private func flip(_ p: UnsafeMutablePointer<Element>) {
    for (i, sign) in signs.enumerated() where sign < 0 { for j in 0..<n { p[i + m * j] = -p[i + m * j] } }
  }
}
