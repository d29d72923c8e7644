import LinAlg

/// A + shift I.
final class ShiftedOperator<Element: Scalar>: LinearOperator {
  private let base: any LinearOperator<Element>
  private let shift: Element

  init(_ base: any LinearOperator<Element>, shift: Element) {
    self.base = base
    self.shift = shift
  }

  var rows: Int { base.rows }
  var columns: Int { base.columns }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    base.apply(x, into: &y)
    y.add(shift, x)
  }
}

/// A Hessian of low rank with more added to its shift.
final class ShiftedLowRank<Element: Scalar>: LowRankHessian {
  private let base: any LowRankHessian<Element>
  let shift: Element

  init(_ base: any LowRankHessian<Element>, shift: Element) {
    self.base = base
    self.shift = base.shift + shift
  }

  var rank: Int { base.rank }
  var count: Int { base.count }
  func assembleOuter(into M: inout Matrix<Element>) { base.assembleOuter(into: &M) }
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { base.apply(x, into: &y) }
  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) { base.applyAdjoint(y, into: &x) }
}
