public import LinAlg

/// H = XᵀDX/n, D = diag(d) with d ≥ 0, or the identity where no weights were set: the Hessian of a ``DesignLoss``.
///
/// H is applied through X (one or two passes over its entries) until that has cost as much as forming the Gram matrix
/// would have, and through the Gram matrix from then on: whatever the number of products turns out to be, the total is at
/// most twice that of the better choice. Gram matrices of more than `gramLimit` features, and of sparse matrices, are never
/// formed. Used by one task at a time.
public final class DesignHessian<Element: Scalar> {
  /// X, n × p.
  public let features: any DesignMatrix<Element>
  /// d, n entries; nil stands for ones.
  public private(set) var weights: Vector<Element>?
  private var image: Vector<Element>
  private var blockImage: Matrix<Element>?
  private let columnGram = ColumnGram<Element>()
  private let singleGram = SingleColumnGram<Element>()
  private let singleColumns = SingleColumns<Element>()
  private let fused = FusedGram<Element>()
  /// X where it is dense and a panel of its rows fits the cache: then one pass over it makes a product.
  private let dense: Matrix<Element>?
  private var gram: Matrix<Element>?
  /// Whether `gram` is that of the present weights.
  private var gramIsCurrent = false
  private var productsThroughFeatures = 0
  private let squaredColumnNorms: () -> Vector<Element>

  /// 4096 features make a Gram matrix of 128 MiB in Double.
  static var gramLimit: Int { 4096 }

  /// - Parameter squaredColumnNorms: those of X, asked for only where a diagonal is.
  init(_ features: any DesignMatrix<Element>, squaredColumnNorms: @escaping () -> Vector<Element>) {
    self.features = features
    self.squaredColumnNorms = squaredColumnNorms
    dense = features.denseColumns.flatMap { FusedGram.pays(for: $0) ? $0 : nil }
    image = .zeros(features.rows)
  }

  /// d ← what `fill` writes (n entries).
  package func setWeights(_ fill: (inout Vector<Element>) -> Void) {
    if weights == nil { weights = .zeros(features.rows) }
    fill(&weights!)
    gramIsCurrent = false
    productsThroughFeatures = 0
  }

  private var scale: Element { 1 / Element(features.rows) }

  /// Whether products go through the Gram matrix by now.
  public var usesGramMatrix: Bool { gramIsCurrent }

  /// y ← H x.
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if gramPays() {
      y.assignSymmetricProduct(gram!, x)
      return
    }
    if let dense {
      fused.assign(to: &y, columns: nil, of: dense, x, weights: weights, alpha: scale)
      return
    }
    features.multiply(x, alpha: 1, beta: 0, into: &image)
    if let weights { image.scale(by: weights) }
    features.multiplyTransposed(image, alpha: scale, beta: 0, into: &y)
  }

  /// Y ← H X̃ for a block X̃ of columns.
  public func apply(block x: Matrix<Element>, into y: inout Matrix<Element>) {
    if gramPays(columns: x.columns) {
      y.assignProduct(gram!, x)
      return
    }
    if let matrix = features.denseColumns {
      fused.assign(to: &y, of: matrix, block: x, weights: weights, alpha: scale)
      return
    }
    if blockImage?.columns != x.columns { blockImage = .zeros(features.rows, x.columns) }
    features.multiply(block: x, into: &blockImage!)
    if let weights { blockImage!.scaleRows(by: weights) }
    features.multiplyTransposed(block: blockImage!, alpha: scale, into: &y)
  }

  /// M ← H_SS, both triangles.
  func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    if gramIsCurrent {
      M.gatherSubmatrix(S, from: gram!)
      return
    }
    features.gram(columns: S, weights: weights, alpha: scale, into: &M, workspace: columnGram)
  }

  /// Whether H_SS can be assembled in single precision: X is dense and the Gram matrix not there already.
  var assemblesSingle: Bool { !gramIsCurrent && features.denseColumns != nil }

  /// The lower triangle of M ← H_SS in single precision.
  func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    guard let matrix = features.denseColumns else { preconditionFailure("DesignHessian: not dense") }
    singleGram.assign(to: &M, columns: S, of: matrix, weights: weights, alpha: Float(scale))
  }

  /// H_SS + shift I as an operator in single precision: where X is dense, the Gram matrix is not there already and the copy takes at
  /// most `largestSingleCopy` bytes.
  func single(on S: IndexSubset, shift: Float) -> (any LinearOperator<Float>)? {
    guard !gramIsCurrent, let matrix = features.denseColumns,
      4 * features.rows * S.count <= Self.largestSingleCopy
    else { return nil }
    singleColumns.load(columns: S, of: matrix, weights: weights, alpha: Float(scale), shift: shift)
    return singleColumns
  }

  /// 1 GiB.
  private static var largestSingleCopy: Int { 1 << 30 }

  /// Multiplications that ``assemble(on:into:)`` costs for that many of the columns.
  func assemblyCost(columns s: Double) -> Double {
    gramIsCurrent ? s * s : storedEntries(columns: s) * (s / 2 + (weights == nil ? 0 : 1))
  }

  /// Stored entries of so many columns, as if all held equally many.
  func storedEntries(columns s: Double) -> Double {
    Double(features.storedCount) * s / Double(max(1, features.columns))
  }

  /// d ← the diagonal of H_SS.
  func diagonal(on S: IndexSubset, into d: inout Vector<Element>) {
    if weights == nil {
      d.gather(S, from: squaredColumnNorms())
    } else {
      features.squaredColumnNorms(S, weights: weights, into: &d)
    }
    d.scale(by: scale)
  }

  /// Whether the Gram matrix is there, forming it when it has become due.
  ///
  /// Dense, forming it takes n p² operations at matrix-matrix speed, a product through X 4 n p at memory speed, which is
  /// some sixteen times slower an operation: the costs meet after p/64 products, a block of sixteen vectors counting
  /// as one. With weights, which last for one linearization, at least eight products come first. A sparse matrix is used as it is.
  private func gramPays(columns: Int = 1) -> Bool {
    if gramIsCurrent { return true }
    let p = features.columns
    guard let matrix = features.denseColumns, p <= min(Self.gramLimit, 2 * features.rows) else {
      return false
    }
    productsThroughFeatures += max(1, columns / 16)
    guard productsThroughFeatures > max(p / 64, weights == nil ? 0 : 8) else { return false }
    if gram == nil { gram = .zeros(p, p) }
    if weights == nil {
      gram!.assignGram(matrix, alpha: scale)
    } else {
      let all = IndexSubset(Array(0..<p), universe: p)
      features.gram(columns: all, weights: weights, alpha: scale, into: &gram!, workspace: columnGram)
    }
    gramIsCurrent = true
    return true
  }
}
