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
  /// What ``singleColumns`` holds, without weights.
  private var singleKey: (support: IndexSubset, shift: Float)?
  /// X where it lies by dense columns and a panel of its rows fits the cache: then one pass over it makes a product.
  private let dense: Matrix<Element>?
  private var gram: Matrix<Element>?
  /// H on the columns of all working sets so far, where there are no weights.
  let growing = GrowingGram<Element>()
  /// Xᵀr/n where the last solve that ended at a duality gap ended; on features that were screened out of it, where one before did.
  var lastSlopes: Vector<Element>?
  /// Solves so far that ended at a duality gap.
  var roughSolves = 0
  /// X in single precision, for passes that a few digits decide.
  private(set) lazy var singleFeatures: Matrix<Float>? = {
    guard Element.self == Double.self, features.hasDenseColumns, let matrix = features.denseColumns,
      matrix.count >= 1 << 21, 4 * matrix.count <= Self.largestSingleCopy
    else { return nil }
    return matrix.single()
  }()
  /// Of residuals that a ``JointSolver`` ended at.
  var knownSlopes: KnownSlopes<Element>?
  /// The memory of working sets' problems from one solve to the next.
  var lentProblem: SmallProblem<Element>?
  var lentQuadratic: GramQuadratic<Element>?
  /// Bounds on the largest eigenvalues of H on blocks of columns that were asked for, without weights.
  var blockCurvatures: [[Int]: Element] = [:]
  /// Whether `gram` is that of the present weights.
  private var gramIsCurrent = false
  private var productsThroughFeatures = 0
  /// Whether it is decided for good that products go through X.
  private var staysWithFeatures = false
  private let squaredColumnNorms: () -> Vector<Element>
  /// H as the storage has it itself.
  package let own: (any WeightedGram<Element>)?

  /// 4096 features make a Gram matrix of 128 MiB in Double.
  static var gramLimit: Int { 4096 }

  /// - Parameter squaredColumnNorms: those of X, asked for only where a diagonal is.
  package init(_ features: any DesignMatrix<Element>, squaredColumnNorms: @escaping () -> Vector<Element>) {
    self.features = features
    self.squaredColumnNorms = squaredColumnNorms
    dense = features.hasDenseColumns ? features.denseColumns.flatMap { FusedGram.pays(for: $0) ? $0 : nil } : nil
    image = .zeros(features.rows)
    own = features.makeGram()
    own?.fill(weights: nil)
  }

  /// d ← what `fill` writes (n entries).
  package func setWeights(_ fill: (inout Vector<Element>) -> Void) {
    if weights == nil { weights = .zeros(features.rows) }
    fill(&weights!)
    own?.fill(weights: weights)
    gramIsCurrent = false
    productsThroughFeatures = 0
  }

  /// Forms the Gram matrix of a few features, whose products are many before long, and decides against it for more.
  func fixProducts() {
    guard features.columns <= 256 else {
      staysWithFeatures = true
      return
    }
    while !gramIsCurrent && gramMayPay() { _ = gramPays() }
    staysWithFeatures = !gramIsCurrent
  }

  private var scale: Element { 1 / Element(features.rows) }

  /// Whether products go through the Gram matrix by now.
  public var usesGramMatrix: Bool { gramIsCurrent }

  /// y ← H x.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let own { return own.apply(x, into: &y) }
    if gramPays() {
      y.assignSymmetricProduct(gram!, x)
      return
    }
    if let dense {
      fused.assign(to: &y, columns: nil, of: dense, x, weights: weights, alpha: scale)
      return
    }
    if features.multiplyGram(columns: nil, x, weights: weights, alpha: scale, into: &y) { return }
    features.multiply(x, alpha: 1, beta: 0, into: &image)
    if let weights { image.scale(by: weights) }
    features.multiplyTransposed(image, alpha: scale, beta: 0, into: &y)
  }

  /// Y ← H X̃ for a block X̃ of columns.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(block x: Matrix<Element>, into y: inout Matrix<Element>) {
    if let own { return own.apply(block: x, into: &y) }
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

  /// M ← H_SS, both triangles, for a working set, which others like it will follow: what is computed is kept where that pays.
  func assemble(onWorkingSet S: IndexSubset, into M: inout Matrix<Element>) {
    _ = keep(S)
    assemble(on: S, into: &M)
  }

  /// Takes a working set into ``growing`` where that pays; whether it is there.
  func keep(_ S: IndexSubset) -> Bool {
    guard features.isDense, keepsProducts(of: S) else { return false }
    let missing = growing.missing(S)
    if growing.count + missing.count > Self.gramLimit {
      growing.reset()
      growing.add(S.elements, of: features, alpha: scale)
    } else {
      growing.add(missing, of: features, alpha: scale)
    }
    return own == nil
  }

  /// Small Gram matrices are made faster than they are found again.
  private func keepsProducts(of S: IndexSubset) -> Bool {
    weights == nil && !gramIsCurrent && S.count <= Self.gramLimit && features.rows * S.count > 32_768
  }

  /// The columns whose products are kept, in the order they came.
  var keptColumns: [[Int]] {
    get { growing.batches }
    set {
      growing.reset()
      guard features.isDense else { return }
      for batch in newValue { growing.add(batch, of: features, alpha: scale) }
    }
  }

  /// M ← H_SS, both triangles.
  package func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    if let own { return own.assemble(on: S, into: &M) }
    if gramIsCurrent {
      M.gatherSubmatrix(S, from: gram!)
      return
    }
    if weights == nil, growing.covers(S) {
      growing.gather(S, into: &M)
      return
    }
    features.gram(columns: S, weights: weights, alpha: scale, into: &M, workspace: columnGram)
  }

  /// Whether H_SS can be assembled in single precision: the storage does, or X is dense and the Gram matrix not there already.
  var assemblesSingle: Bool { own?.assemblesSingle ?? (!gramIsCurrent && features.isDense) }

  /// The lower triangle of M ← H_SS in single precision.
  func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    if let own { return own.assembleSingle(on: S, into: &M) }
    if weights == nil, growing.covers(S) {
      growing.gatherSingle(S, into: &M)
      return
    }
    guard let (matrix, places) = features.dense(columns: S) else { preconditionFailure("DesignHessian: not dense") }
    singleGram.assign(to: &M, columns: places, of: matrix, weights: weights, alpha: Float(scale))
  }

  /// H_SS + shift I as an operator in single precision: where X is dense, the Gram matrix is not there already and the copy takes at
  /// most `largestSingleCopy` bytes.
  func single(on S: IndexSubset, shift: Float) -> (any LinearOperator<Float>)? {
    if let own { return own.single(on: S).map { ShiftedOperator($0, shift: shift) } }
    guard !gramIsCurrent, 4 * features.rows * S.count <= Self.largestSingleCopy,
      let (matrix, places) = features.dense(columns: S)
    else { return nil }
    // Of one support after the other the copy serves as long as it stands.
    if let (known, itsShift) = singleKey, weights == nil, known == S, itsShift == shift { return singleColumns }
    singleColumns.load(columns: places, of: matrix, weights: weights, alpha: Float(scale), shift: shift)
    singleKey = weights == nil ? (S, shift) : nil
    return singleColumns
  }

  /// 1 GiB.
  private static var largestSingleCopy: Int { 1 << 30 }

  /// Multiplications that ``assemble(on:into:)`` costs for that many of the columns.
  func assemblyCost(columns s: Double) -> Double {
    gramIsCurrent || (weights == nil && Double(growing.count) >= s)
      ? s * s : storedEntries(columns: s) * (s / 2 + (weights == nil ? 0 : 1))
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

  private func gramMayPay() -> Bool {
    own == nil && !staysWithFeatures && features.isDense
      && features.columns <= min(Self.gramLimit, 2 * features.rows)
  }

  /// Whether the Gram matrix is there, forming it when it has become due.
  ///
  /// Dense, forming it takes n p² operations at matrix-matrix speed, a product through X 4 n p at memory speed, which is
  /// some sixteen times slower an operation: the costs meet after p/64 products, a block of sixteen vectors counting
  /// as one. With weights, which last for one linearization, at least eight products come first. A sparse matrix is used as it is.
  private func gramPays(columns: Int = 1) -> Bool {
    if gramIsCurrent { return true }
    guard gramMayPay() else { return false }
    let p = features.columns
    productsThroughFeatures += max(1, columns / 16)
    guard productsThroughFeatures > max(p / 64, weights == nil ? 0 : 8) else { return false }
    guard let matrix = features.denseColumns else { return false }
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
