public import LinAlg

/// f(w) = ‖X w − y‖² / (2n), X n × p: the smooth part of the elastic net and of every lasso.
///
/// Its Hessian XᵀX/n is applied through X (two passes over n p numbers) until that has cost as much as forming the Gram
/// matrix would have, and through the Gram matrix from then on: whatever the number of products turns out to be, the
/// total is at most twice that of the better choice. Gram matrices of more than `gramLimit` features are never formed.
public final class QuadraticLoss<Element: Scalar> {
  /// X, n × p, column-major.
  public let features: Matrix<Element>
  /// y, n entries.
  public let targets: Vector<Element>
  /// Xᵀy / n.
  let correlation: Vector<Element>
  private var residuals: Vector<Element>
  private var blockResiduals: Matrix<Element>?
  private let columnGram = ColumnGram<Element>()
  private var gram: Matrix<Element>?
  private var productsThroughFeatures = 0
  private var knownSpectrum: (smallest: Element, largest: Element)?

  /// 4096 features make a Gram matrix of 128 MiB in Double.
  static var gramLimit: Int { 4096 }

  /// - Precondition: as many targets as rows, and at least one row.
  public init(features: Matrix<Element>, targets: Vector<Element>) {
    precondition(
      features.rows == targets.count && features.rows > 0,
      "QuadraticLoss: \(features.rows) × \(features.columns) features with \(targets.count) targets")
    self.features = features.with(layout: .columnMajor)
    self.targets = targets
    residuals = .zeros(features.rows)
    var correlation = Vector<Element>.zeros(features.columns)
    correlation.assignProduct(self.features.transposed, targets, alpha: 1 / Element(features.rows))
    self.correlation = correlation
  }

  /// X with its rows contiguous, for minibatches; made on first use.
  private(set) lazy var rowMajorFeatures = features.packed(as: .rowMajor)

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
    let found = ExtremalEigenvalues.ofGram(features, scale: 1 / Element(sampleCount))
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
    residuals.assignProduct(features, x)
    y.assignProduct(features.transposed, residuals, alpha: 1 / Element(sampleCount))
  }

  /// Y ← XᵀX X̃ / n for a block X̃ of columns.
  func applyHessian(block x: Matrix<Element>, into y: inout Matrix<Element>) {
    if gramPays(columns: x.columns) {
      y.assignProduct(gram!, x)
      return
    }
    if blockResiduals?.columns != x.columns { blockResiduals = .zeros(sampleCount, x.columns) }
    blockResiduals!.assignProduct(features, x)
    y.assignProduct(features.transposed, blockResiduals!, alpha: 1 / Element(sampleCount))
  }

  /// g ← ∇f(w) = (XᵀX w − Xᵀy)/n.
  public func gradient(at w: Vector<Element>, into g: inout Vector<Element>) {
    applyHessian(w, into: &g)
    g.add(-1, correlation)
  }

  /// f(w).
  public func value(at w: Vector<Element>) -> Element {
    residuals.assignProduct(features, w)
    residuals.add(-1, targets)
    return residuals.dot(residuals) / (2 * Element(sampleCount))
  }

  /// H ← X_SᵀX_S / n, both triangles.
  func assembleHessian(on support: IndexSubset, into H: inout Matrix<Element>) {
    if let gram {
      H.gatherSubmatrix(support, from: gram)
      return
    }
    columnGram.assign(to: &H, columns: support, of: features, alpha: 1 / Element(sampleCount))
  }

  /// Whether the Gram matrix is there, forming it when it has become due.
  ///
  /// Forming it takes n p² operations at matrix-matrix speed, a product through X 4 n p at memory speed, which is some
  /// sixteen times slower an operation: the costs meet after p/64 products.
  private func gramPays(columns: Int = 1) -> Bool {
    if gram != nil { return true }
    guard featureCount <= min(Self.gramLimit, 2 * sampleCount) else { return false }
    productsThroughFeatures += columns
    guard productsThroughFeatures > featureCount / 64 else { return false }
    var fresh = Matrix<Element>.zeros(featureCount, featureCount)
    fresh.assignGram(features, alpha: 1 / Element(sampleCount))
    gram = fresh
    return true
  }
}
