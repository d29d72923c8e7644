import ImplicitDiff
import LinAlg

/// H_SS + shift I on a support larger than n, for the sparse root X of H = XᵀX/n: shift I + BᵀB with B = X_S/√n, whose columns are read where
/// they lie.
final class SparseLowRank<Element: Scalar>: LowRankHessian {
  private let features: SparseMatrix<Element>
  private let support: IndexSubset
  private let root: Element
  let shift: Element

  init(_ features: SparseMatrix<Element>, _ support: IndexSubset, shift: Element) {
    self.features = features
    self.support = support
    self.shift = shift
    root = Element(features.rows).squareRoot()
  }

  var rank: Int { features.rows }
  var count: Int { support.count }

  func assembleOuter(into M: inout Matrix<Element>) {
    features.outerGram(columns: support, alpha: 1 / Element(features.rows), into: &M)
  }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    y.fill(0)
    features.addProduct(columns: support, x, to: &y)
    y.scale(by: 1 / root)
  }

  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    features.multiplyTransposed(columns: support, y, alpha: 1 / root, into: &x)
  }
}
