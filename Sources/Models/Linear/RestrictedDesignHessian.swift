import LinAlg

/// H_SS + shift I. Dense columns are read where they lie, once a product; of other designs the chosen columns are gathered
/// once, by rows too.
final class RestrictedDesignHessian<Element: Scalar>: LinearOperator {
  private let weights: Vector<Element>?
  private let support: IndexSubset
  private let shift: Element
  private let scale: Element
  private var image: Vector<Element>
  private let fused = FusedGram<Element>()
  private let dense: Matrix<Element>?
  private let chosen: (any DesignMatrix<Element>)?

  init(_ hessian: DesignHessian<Element>, _ support: IndexSubset, shift: Element) {
    weights = hessian.weights
    self.support = support
    self.shift = shift
    scale = 1 / Element(hessian.features.rows)
    dense = (hessian.features as? DenseDesign<Element>)?.matrix
    chosen = dense == nil ? hessian.features.columns(support) : nil
    image = .zeros(dense == nil ? hessian.features.rows : 0)
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let dense {
      fused.assign(to: &y, columns: support, of: dense, x, weights: weights, alpha: scale)
    } else if let chosen {
      chosen.multiply(x, alpha: 1, beta: 0, into: &image)
      if let weights { image.scale(by: weights) }
      chosen.multiplyTransposed(image, alpha: scale, beta: 0, into: &y)
    }
    y.add(shift, x)
  }
}
