import ImplicitDiff
public import LinAlg

/// f(w) = ‖X w − y‖² / (2n), X n × p: the smooth part of the elastic net and of every lasso.
///
/// Its Hessian XᵀX/n is applied through X (two passes over n p numbers) until that has cost as much as forming the Gram
/// matrix would have, and through the Gram matrix from then on: whatever the number of products turns out to be, the
/// total is at most twice that of the better choice. Gram matrices of more than `gramLimit` features are never formed.
public final class QuadraticLoss<Element: Scalar> {
  /// X, n × p, dense or sparse.
  public let features: any DesignMatrix<Element>
  /// y, n entries.
  public let targets: Vector<Element>
  /// Xᵀy / n.
  let correlation: Vector<Element>
  private var residuals: Vector<Element>
  private var blockResiduals: Matrix<Element>?
  private let columnGram = ColumnGram<Element>()
  private let fused = FusedGram<Element>()
  /// X where it is dense and a panel of its rows fits the cache: then one pass over it makes a product.
  private let dense: Matrix<Element>?
  private var gram: Matrix<Element>?
  private var productsThroughFeatures = 0
  private var knownSpectrum: (smallest: Element, largest: Element)?

  /// 4096 features make a Gram matrix of 128 MiB in Double.
  static var gramLimit: Int { 4096 }

  /// - Precondition: as many targets as rows, and at least one row.
  public init(features: any DesignMatrix<Element>, targets: Vector<Element>) {
    precondition(
      features.rows == targets.count && features.rows > 0,
      "QuadraticLoss: \(features.rows) × \(features.columns) features with \(targets.count) targets")
    self.features = features
    self.targets = targets
    dense = (features as? DenseDesign<Element>).flatMap { FusedGram.pays(for: $0.matrix) ? $0.matrix : nil }
    residuals = .zeros(features.rows)
    var correlation = Vector<Element>.zeros(features.columns)
    features.multiplyTransposed(targets, alpha: 1 / Element(features.rows), beta: 0, into: &correlation)
    self.correlation = correlation
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init(features: Matrix<Element>, targets: Vector<Element>) {
    self.init(features: DenseDesign(features), targets: targets)
  }

  /// ‖column‖² of every column, computed on first use.
  private(set) lazy var squaredColumnNorms: Vector<Element> = {
    var norms = Vector<Element>.zeros(featureCount)
    features.squaredColumnNorms(into: &norms)
    return norms
  }()

  /// n.
  public var sampleCount: Int { features.rows }
  /// p.
  public var featureCount: Int { features.columns }

  /// Whether products go through the Gram matrix by now.
  public var usesGramMatrix: Bool { gram != nil }

  /// The extreme eigenvalues of XᵀX/n, computed on first use: by LAPACK on the smaller of XᵀX and XXᵀ, or where both are
  /// large by Lanczos, whose error bounds are added so that a step chosen by them contracts.
  public var spectrum: (smallest: Element, largest: Element) {
    if let knownSpectrum { return knownSpectrum }
    let found = features.gramSpectrum(scale: 1 / Element(sampleCount))
    let spectrum =
      found.products == 0
      ? (found.smallest, found.largest)
      : (max(0, found.smallest - found.smallestErrorBound), found.largest + found.largestErrorBound)
    knownSpectrum = spectrum
    return spectrum
  }

  /// y ← XᵀX x / n.
  func applyHessian(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if gramPays() {
      y.assignSymmetricProduct(gram!, x)
      return
    }
    if let dense {
      fused.assign(to: &y, columns: nil, of: dense, x, alpha: 1 / Element(sampleCount))
      return
    }
    features.multiply(x, alpha: 1, beta: 0, into: &residuals)
    features.multiplyTransposed(residuals, alpha: 1 / Element(sampleCount), beta: 0, into: &y)
  }

  /// Y ← XᵀX X̃ / n for a block X̃ of columns.
  func applyHessian(block x: Matrix<Element>, into y: inout Matrix<Element>) {
    if gramPays(columns: x.columns) {
      y.assignProduct(gram!, x)
      return
    }
    if let dense = features as? DenseDesign<Element> {
      fused.assign(to: &y, of: dense.matrix, block: x, alpha: 1 / Element(sampleCount))
      return
    }
    if blockResiduals?.columns != x.columns { blockResiduals = .zeros(sampleCount, x.columns) }
    features.multiply(block: x, into: &blockResiduals!)
    features.multiplyTransposed(block: blockResiduals!, alpha: 1 / Element(sampleCount), into: &y)
  }

  /// g ← ∇f(w) = (XᵀX w − Xᵀy)/n.
  public func gradient(at w: Vector<Element>, into g: inout Vector<Element>) {
    applyHessian(w, into: &g)
    g.add(-1, correlation)
  }

  /// f(w).
  public func value(at w: Vector<Element>) -> Element {
    features.multiply(w, alpha: 1, beta: 0, into: &residuals)
    residuals.add(-1, targets)
    return residuals.dot(residuals) / (2 * Element(sampleCount))
  }

  /// H ← X_SᵀX_S / n, both triangles.
  func assembleHessian(on support: IndexSubset, into H: inout Matrix<Element>) {
    if let gram {
      H.gatherSubmatrix(support, from: gram)
      return
    }
    features.gram(columns: support, alpha: 1 / Element(sampleCount), into: &H, workspace: columnGram)
  }

  /// Whether the Gram matrix is there, forming it when it has become due.
  ///
  /// Dense, forming it takes n p² operations at matrix-matrix speed, a product through X 4 n p at memory speed, which is
  /// some sixteen times slower an operation: the costs meet after p/64 products. A sparse matrix is used as it is.
  private func gramPays(columns: Int = 1) -> Bool {
    if gram != nil { return true }
    guard let dense = features as? DenseDesign<Element>, featureCount <= min(Self.gramLimit, 2 * sampleCount) else {
      return false
    }
    productsThroughFeatures += columns
    guard productsThroughFeatures > featureCount / 64 else { return false }
    var fresh = Matrix<Element>.zeros(featureCount, featureCount)
    fresh.assignGram(dense.matrix, alpha: 1 / Element(sampleCount))
    gram = fresh
    return true
  }
}

/// (XᵀX/n + shift I) on a support: the chosen columns are read where they lie, twice a product.
final class RestrictedQuadratic<Element: Scalar>: LinearOperator {
  private let features: any DesignMatrix<Element>
  private let support: IndexSubset
  private let shift: Element
  private var residuals: Vector<Element>
  private let fused = FusedGram<Element>()
  private let dense: Matrix<Element>?

  init(_ features: any DesignMatrix<Element>, _ support: IndexSubset, shift: Element) {
    self.features = features
    self.support = support
    self.shift = shift
    residuals = .zeros(features.rows)
    dense = (features as? DenseDesign<Element>)?.matrix
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let dense {
      fused.assign(to: &y, columns: support, of: dense, x, alpha: 1 / Element(features.rows))
      y.add(shift, x)
      return
    }
    residuals.fill(0)
    features.addProduct(columns: support, x, to: &residuals)
    features.multiplyTransposed(columns: support, residuals, alpha: 1 / Element(features.rows), into: &y)
    y.add(shift, x)
  }
}

/// XᵀX/n + shift I on a support larger than n, as shift I + BᵀB with B = X_S/√n.
final class QuadraticLowRank<Element: Scalar>: LowRankHessian {
  private let chosen: Matrix<Element>
  private let root: Element
  let shift: Element

  /// - Parameter chosen: X_S, n × |S|.
  init(_ chosen: Matrix<Element>, shift: Element) {
    self.chosen = chosen
    self.shift = shift
    root = Element(chosen.rows).squareRoot()
  }

  var rank: Int { chosen.rows }
  var count: Int { chosen.columns }

  func assembleOuter(into M: inout Matrix<Element>) {
    M.assignGram(chosen.transposed, alpha: 1 / Element(chosen.rows))
  }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(chosen, x, alpha: 1 / root) }

  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    x.assignProduct(chosen.transposed, y, alpha: 1 / root)
  }
}
