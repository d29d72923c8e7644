internal import RealModule

/// The symmetric operator α Xᵀ diag(d) X + σ I for X (n × p): a least-squares Hessian without its matrix.
///
/// A product costs 4 n p and allocates nothing once a block of its width has been seen; a large column-major X is read
/// once a product (``FusedGram``). The object owns scratch memory:
/// one task uses it at a time.
public final class GramOperator<Element: Scalar>: AdjointableOperator {
  /// X, n × p.
  public let X: Matrix<Element>
  /// α.
  public var scale: Element
  /// d, n entries; nil stands for ones.
  public private(set) var weights: Vector<Element>?
  /// σ.
  public var shift: Element

  private var image: Vector<Element>
  private var blockImage: Matrix<Element>
  private var scaled: Matrix<Element>?
  private var squares: Vector<Element>?
  private let fused = FusedGram<Element>()

  /// α Xᵀ diag(d) X + σ I.
  public init(_ X: Matrix<Element>, scale: Element = 1, weights: Vector<Element>? = nil, shift: Element = 0) {
    self.X = X
    self.scale = scale
    self.weights = weights
    self.shift = shift
    image = .zeros(X.rows)
    blockImage = .zeros(0, 0)
    if let weights { requireCount(weights) }
  }

  /// d ← `weights` (n entries), or ones for nil. The numbers are copied into memory that the operator keeps.
  public func setWeights(_ weights: Vector<Element>?) {
    if let weights { requireCount(weights) }
    guard let weights, self.weights != nil else {
      self.weights = weights
      return
    }
    self.weights!.copy(from: weights)
  }

  private func requireCount(_ weights: Vector<Element>) {
    precondition(weights.count == X.rows, "GramOperator: \(weights.count) weights for \(X.rows) rows")
  }

  public var rows: Int { X.columns }
  public var columns: Int { X.columns }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if FusedGram.pays(for: X) {
      fused.assign(to: &y, columns: nil, of: X, x, weights: weights, alpha: scale)
      if shift != 0 { y.add(shift, x) }
      return
    }
    image.assignProduct(X, x)
    if let weights { image.scale(by: weights) }
    y.copy(from: x)
    y.assignProduct(X.transposed, image, alpha: scale, beta: shift)
  }

  public func apply(block V: Matrix<Element>, into Y: inout Matrix<Element>) {
    if X.layout == .columnMajor && V.layout == .columnMajor && Y.layout == .columnMajor {
      fused.assign(to: &Y, of: X, block: V, weights: weights, alpha: scale)
      if shift != 0 { Y.combine(shift, V, 1) }
      return
    }
    if blockImage.columns != V.columns || blockImage.rows != X.rows {
      blockImage = resized(blockImage, columns: V.columns)
    }
    blockImage.assignProduct(X, V)
    if let weights { blockImage.scaleRows(by: weights) }
    Y.copy(from: V)
    Y.assignProduct(X.transposed, blockImage, alpha: scale, beta: shift)
  }

  /// A matrix n × k over the memory of `old` where that is large enough.
  private func resized(_ old: Matrix<Element>, columns k: Int) -> Matrix<Element> {
    if old.storage.capacity < X.rows * k { return .zeros(X.rows, k) }
    return Matrix(
      storage: old.storage, offset: 0, rows: X.rows, columns: k, leadingDimension: max(1, X.rows), layout: .columnMajor)
  }

  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) { apply(y, into: &x) }
  public func applyAdjoint(block Y: Matrix<Element>, into V: inout Matrix<Element>) { apply(block: Y, into: &V) }

  /// G ← the matrix of the operator (p × p), exactly symmetric. Cost n p², twice that where a weight is negative.
  ///
  /// With weights it keeps a scaled copy of X (n × p) as scratch from the first call on.
  public func dense(into G: inout Matrix<Element>) {
    guard let weights else {
      G.assignGram(X, alpha: scale)
      G.addToDiagonal(shift)
      return
    }
    var Z = takeScaled()
    Z.copy(from: X)
    let (d, roots) = (weights.base, image.mutableBase())
    var hasNegative = false
    for i in 0..<X.rows {
      roots[i] = d[i].squareRoot()
      if d[i] < 0 { hasNegative = true }
    }
    if !hasNegative {
      // diag(√d) X has half the products: the Gram matrix of one factor is symmetric.
      Z.scaleRows(by: image)
      G.assignGram(Z, alpha: scale)
    } else {
      Z.scaleRows(by: weights)
      G.assignProduct(X.transposed, Z, alpha: scale)
      // The two triangles are rounded differently.
      if G.rows > 0 {
        let g = G.mutableBase()
        Element._mirrorLower(G.rows, g, G.stride)
      }
    }
    G.addToDiagonal(shift)
    scaled = Z
  }

  /// The scratch copy, taken out so that its memory has one owner.
  private func takeScaled() -> Matrix<Element> {
    let taken = scaled ?? .zeros(X.rows, X.columns)
    scaled = nil
    return taken
  }

  /// d ← the diagonal of the operator (p entries), as a Jacobi preconditioner needs it. Cost 2 n p.
  public func diagonal(into d: inout Vector<Element>) {
    precondition(d.count == columns, "GramOperator: a diagonal of \(columns) into \(d.count) entries")
    d.fill(shift)
    let (n, p) = (X.rows, X.columns)
    let out = d.mutableBase()
    if X.layout == .columnMajor {
      let w = image.mutableBase()
      for j in 0..<p {
        let column = X.base + j * X.stride
        if let weights { Element._hadamard(n, column, weights.base, w) }
        out[j] += scale * Element._dot(n, column, weights == nil ? column : UnsafePointer(w))
      }
    } else {
      var products = squares ?? .zeros(p)
      squares = nil
      let s = products.mutableBase()
      for i in 0..<n {
        let row = X.base + i * X.stride
        Element._hadamard(p, row, row, s)
        Element._axpy(p, scale * (weights?[i] ?? 1), s, out)
      }
      squares = products
    }
  }
}
