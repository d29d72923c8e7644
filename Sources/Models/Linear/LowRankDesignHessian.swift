import ImplicitDiff
import LinAlg

/// H_SS + shift I on a support larger than n, as shift I + BᵀB with B = √D X_S/√n.
final class LowRankDesignHessian<Element: Scalar>: LowRankHessian {
  private let chosen: Matrix<Element>
  private let root: Element
  let shift: Element

  /// - Parameter chosen: √D X_S, n × |S|.
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
