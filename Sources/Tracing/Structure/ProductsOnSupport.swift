internal import LinAlg

/// x ↦ A_SS x by products in the full space.
final class ProductsOnSupport<Operator: LinearOperator>: LinearOperator {
  typealias Element = Operator.Element
  private let whole: Operator
  private let support: IndexSubset
  private var full: Vector<Element>
  private var image: Vector<Element>

  init(_ whole: Operator, _ support: IndexSubset) {
    self.whole = whole
    self.support = support
    full = .zeros(whole.columns)
    image = .zeros(whole.columns)
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    full.scatter(support, from: x)
    whole.apply(full, into: &image)
    y.gather(support, from: image)
  }
}
