internal import ImplicitDiff
internal import LinAlg

/// shift I + BᵀB for a dense B with few rows.
final class LowRankRoot<Element: Scalar>: LowRankHessian {
  let shift: Element
  private let root: Matrix<Element>

  init(_ root: Matrix<Element>, shift: Element) {
    self.root = root
    self.shift = shift
  }

  var rank: Int { root.rows }
  var count: Int { root.columns }
  func assembleOuter(into M: inout Matrix<Element>) { M.assignGram(root.transposed) }
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(root, x) }
  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) { x.assignProduct(root.transposed, y) }
}
