/// A design that is known by its products alone: a convolution, a wavelet basis, features that are computed as they are asked for.
///
/// Every model and every way of differentiating takes it; what a stored matrix does with its entries is done with products here
/// (DesignMatrix+Products.swift says at what cost).
public struct ProductDesign<Element: Scalar>: DesignMatrix {
  public typealias Product = @Sendable (_ x: Vector<Element>, _ y: inout Vector<Element>) -> Void

  public let rows: Int
  /// p, or the number of chosen columns.
  public var columns: Int { chosen?.count ?? width }
  private let width: Int
  /// The columns of what the closures multiply by; nil for all.
  private let chosen: IndexSubset?
  private let forward: Product
  private let adjoint: Product

  /// - Parameters:
  ///   - multiply: y ← X x, p entries to n. May be called from several tasks at a time.
  ///   - multiplyTransposed: x ← Xᵀ y, n entries to p: the exact transpose of the other, or derivatives are wrong.
  public init(
    rows: Int, columns: Int, multiply: @escaping Product, multiplyTransposed: @escaping Product
  ) {
    precondition(rows >= 0 && columns >= 0, "ProductDesign: \(rows) × \(columns)")
    self.init(rows, columns, nil, multiply, multiplyTransposed)
  }

  private init(
    _ rows: Int, _ width: Int, _ chosen: IndexSubset?, _ forward: @escaping Product, _ adjoint: @escaping Product
  ) {
    self.rows = rows
    self.width = width
    self.chosen = chosen
    self.forward = forward
    self.adjoint = adjoint
  }

  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    precondition(
      x.count == columns && y.count == rows, "ProductDesign: \(rows) × \(columns) times \(x.count) into \(y.count)")
    var full = x
    if let chosen {
      full = .zeros(width)
      full.scatter(chosen, from: x)
    }
    var image = Vector<Element>.zeros(rows)
    forward(full, &image)
    y.combine(α, image, β)
  }

  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    precondition(
      r.count == rows && x.count == columns, "ProductDesign: \(columns) × \(rows) times \(r.count) into \(x.count)")
    var image = Vector<Element>.zeros(width)
    adjoint(r, &image)
    if let chosen {
      var few = Vector<Element>.zeros(chosen.count)
      few.gather(chosen, from: image)
      image = few
    }
    x.combine(α, image, β)
  }

  public func columns(_ S: IndexSubset) -> ProductDesign {
    precondition(S.universe == columns, "ProductDesign: columns of \(S.universe) out of \(columns)")
    let places = chosen.map { chosen in S.elements.map { chosen[$0] } } ?? S.elements
    return ProductDesign(rows, width, IndexSubset(places, universe: width), forward, adjoint)
  }
}
