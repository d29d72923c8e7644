import LinAlg

/// H_SS + shift I, or with a shift for every coordinate. Dense columns are read where they lie, once a product; of others the chosen columns are gathered
/// once, by rows too, unless the design has a way of its own.
final class RestrictedDesignHessian<Element: Scalar>: LinearOperator {
  private let hessian: DesignHessian<Element>
  private var support = IndexSubset.none
  private var shift: Element = 0
  private var shifts: Vector<Element>?
  private var shifted = Vector<Element>.zeros(0)
  private let scale: Element
  private var image: Vector<Element>
  private let fused = FusedGram<Element>()
  private let dense: Matrix<Element>?
  private var chosen: (any DesignMatrix<Element>)?
  /// H_SS as the storage has it itself.
  private var own: (any LinearOperator<Element>)?

  init(_ hessian: DesignHessian<Element>) {
    self.hessian = hessian
    scale = 1 / Element(hessian.features.rows)
    dense = hessian.features.hasDenseColumns ? hessian.features.denseColumns : nil
    image = .zeros(dense == nil ? hessian.features.rows : 0)
  }

  convenience init(
    _ hessian: DesignHessian<Element>, _ support: IndexSubset, shift: Element, shifts: Vector<Element>? = nil
  ) {
    self.init(hessian)
    load(support, shift: shift, shifts: shifts)
  }

  /// Becomes the operator on `support` with the Hessian's present weights.
  ///
  /// - Parameter shifts: in the place of `shift`, |S| entries; nil where all are that.
  func load(_ support: IndexSubset, shift: Element, shifts: Vector<Element>? = nil) {
    // In memory of its own: shared, the next fill of the support would have to copy it.
    self.support.copy(from: support)
    self.shift = shift
    self.shifts = shifts
    if let shifts, shifted.count != shifts.count { shifted = .zeros(shifts.count) }
    own = hessian.own?.restricted(to: support)
    chosen = nil
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let own {
      own.apply(x, into: &y)
    } else if let dense {
      fused.assign(to: &y, columns: support, of: dense, x, weights: hessian.weights, alpha: scale)
    } else if !hessian.features.multiplyGram(columns: support, x, weights: hessian.weights, alpha: scale, into: &y) {
      let chosen = self.chosen ?? hessian.features.columns(support)
      self.chosen = chosen
      chosen.multiply(x, alpha: 1, beta: 0, into: &image)
      if let weights = hessian.weights { image.scale(by: weights) }
      chosen.multiplyTransposed(image, alpha: scale, beta: 0, into: &y)
    }
    if let shifts {
      shifted.assignProduct(shifts, x)
      y.add(1, shifted)
    } else {
      y.add(shift, x)
    }
  }
}
