internal import LinAlg
internal import Models

/// y ← y + c Xᵀ diag(d) X x, as the design multiplies it best: a large dense one is read once, and through its Gram matrix where that has paid.
final class GramProduct<Element: Scalar> {
  let features: any DesignMatrix<Element>
  /// c; with weights 1/n, since they hold n c d.
  private(set) var coefficient: Element = 1
  private(set) var hasWeights = false
  /// Whether c d has no entry below 0, so that assembly can take square roots.
  private(set) var isNonnegative = true
  private let fused = FusedGram<Element>()
  /// X where one pass makes a product: where that pays, and X is not wider than tall. The panels of a wide one have few rows, and two products are faster
  /// (1.6 times at 500 × 2000).
  private let dense: Matrix<Element>?
  /// Xᵀ diag(n c d) X/n as linear models multiply and assemble it; without weights Xᵀ X/n.
  let hessian: DesignHessian<Element>
  /// Whether products are its own too: where X is dense and not so wide that its Gram matrix is out of the question, or multiplies by Xᵀ X in its own way.
  private let usesHessian: Bool
  private var image: Vector<Element>
  private var blockImage: Matrix<Element>?
  private var square: Matrix<Element>?

  /// - Parameter shared: that of X without weights, which others use too.
  init(_ features: any DesignMatrix<Element>, shared: DesignHessian<Element>? = nil) {
    self.features = features
    hessian = shared ?? Self.makeHessian(features)
    usesHessian =
      hessian.own != nil || (features.denseColumns != nil && features.columns <= 2 * features.rows)
    dense = features.denseColumns.flatMap { FusedGram.pays(for: $0) && $0.columns <= $0.rows ? $0 : nil }
    image = .zeros(0)
  }

  static func makeHessian(_ features: any DesignMatrix<Element>) -> DesignHessian<Element> {
    DesignHessian(features) {
      var norms = Vector<Element>.zeros(features.columns)
      features.squaredColumnNorms(into: &norms)
      return norms
    }
  }

  /// n c d, n entries; nil for c alone.
  private var weights: Vector<Element>? { hasWeights ? hessian.weights : nil }
  /// c in units of 1/n.
  private var factor: Element { hasWeights ? 1 : Element(features.rows) * coefficient }
  /// Whether ``hessian`` is the whole, to the rounding of c.
  var isHessian: Bool { isNonnegative && (hasWeights || (factor - 1).magnitude <= 4 * .ulpOfOne) }

  func set(coefficient c: Element, weights d: Vector<Element>?) {
    guard let d else {
      coefficient = c
      isNonnegative = c >= 0
      return
    }
    hasWeights = true
    coefficient = 1 / Element(features.rows)
    let factor = Element(features.rows) * c
    var least: Element = 0
    hessian.setWeights { least = Kernels.scaleAndLeast(factor, d, into: &$0) }
    isNonnegative = least >= 0
  }

  /// y ← c Xᵀ diag(d) X x.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func assign(_ x: Vector<Element>, to y: inout Vector<Element>) {
    if usesHessian && (isNonnegative || hessian.own == nil) {
      hessian.apply(x, into: &y)
      if factor != 1 { y.scale(by: factor) }
      return
    }
    if let dense {
      fused.assign(to: &y, columns: nil, of: dense, x, weights: weights, alpha: coefficient)
      return
    }
    fillImage(x)
    features.multiplyTransposed(image, alpha: coefficient, beta: 0, into: &y)
  }

  /// y ← y + c Xᵀ diag(d) X x.
  func add(_ x: Vector<Element>, to y: inout Vector<Element>) {
    fillImage(x)
    features.multiplyTransposed(image, alpha: coefficient, beta: 1, into: &y)
  }

  private func fillImage(_ x: Vector<Element>) {
    if image.count != features.rows { image = .zeros(features.rows) }
    features.multiply(x, alpha: 1, beta: 0, into: &image)
    if let weights { image.scale(by: weights) }
  }

  /// Y ← c Xᵀ diag(d) X V.
  func assign(block V: Matrix<Element>, to Y: inout Matrix<Element>) {
    if let matrix = features.denseColumns, V.layout == .columnMajor, Y.layout == .columnMajor {
      if usesHessian {
        hessian.apply(block: V, into: &Y)
        if factor != 1 { Y.combine(0, V, factor) }
        return
      }
      fused.assign(to: &Y, of: matrix, block: V, weights: weights, alpha: coefficient)
      return
    }
    if blockImage?.columns != V.columns { blockImage = .zeros(features.rows, V.columns) }
    features.multiply(block: V, into: &blockImage!)
    if let weights { blockImage!.scaleRows(by: weights) }
    features.multiplyTransposed(block: blockImage!, alpha: coefficient, into: &Y)
  }

  /// The same for the columns S alone, which are gathered.
  func restricted(to S: IndexSubset) -> GramProduct {
    let part = GramProduct(features.columns(S))
    part.set(coefficient: coefficient, weights: weights)
    return part
  }

  /// M ← M + c X_Sᵀ diag(d) X_S, for weights that are not negative.
  func add(on S: IndexSubset, to M: inout Matrix<Element>) {
    if square?.rows != S.count { square = .zeros(S.count, S.count) }
    hessian.assemble(on: S, into: &square!)
    M.combine(factor, square!, 1)
  }

  var isStored: Bool { features.denseColumns != nil || features.sparseColumns != nil }

  /// δ ← δ + the diagonal on S.
  func addDiagonal(on S: IndexSubset, to δ: inout Vector<Element>) {
    var norms = Vector<Element>.zeros(S.count)
    features.squaredColumnNorms(S, weights: weights, into: &norms)
    δ.add(coefficient, norms)
  }

  /// √(c d) X_S, where it is dense and c d is not negative.
  func root(on S: IndexSubset) -> Matrix<Element>? {
    guard let matrix = features.denseColumns, coefficient >= 0, isNonnegative else { return nil }
    var root = matrix.columns(S)
    let c = coefficient.squareRoot()
    root.scaleRows(
      by: Vector(count: root.rows) { i in c * (weights.map { $0[i].squareRoot() } ?? 1) })
    return root
  }
}
