public import LinAlg
import NonsmoothMaps

/// A1 = D (I − s H) of a ``SymmetricForm`` by its parts, for maps of one's own: what products with A1 are is said once. Each product takes one with H and
/// one with D, and allocates a vector.
public struct SymmetricFormOperator<Element: Scalar>: AdjointableOperator {
  private let form: any SymmetricForm<Element>
  public let rows: Int
  public var columns: Int { rows }

  public init(_ form: any SymmetricForm<Element>) {
    self.form = form
    rows = form.supportedHessian.rows
  }

  /// y ← D (x − s H x).
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    var moved = Vector<Element>.zeros(rows)
    form.supportedHessian.apply(x, into: &moved)
    moved.combine(1, x, -form.step)
    form.range.apply(moved, into: &y)
  }

  /// x ← (I − s H) D y.
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    var image = Vector<Element>.zeros(rows)
    form.range.apply(y, into: &image)
    form.supportedHessian.apply(image, into: &x)
    x.combine(1, image, -form.step)
  }
}

extension Linearization where Self: SymmetricForm {
  public var state: SymmetricFormOperator<Element> { SymmetricFormOperator(self) }
  public var structure: LinearizationStructure<Element> { .symmetric(self) }
}
