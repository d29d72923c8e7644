/// A Hessian on a support of the form `H_SS = shift I + BᵀB`, B r × |S| with few rows: fewer samples than features. With
/// Woodbury's identity its solves need an r × r factorization instead of one of |S| × |S|.
public protocol LowRankHessian<Element>: AnyObject {
  associatedtype Element: Scalar
  /// r.
  var rank: Int { get }
  /// |S|.
  var count: Int { get }
  /// The multiple of the identity: above 0, or 0 of a design's own, to which a ridge is added.
  var shift: Element { get }
  /// M ← B Bᵀ, r × r column-major, both triangles. Cost r² |S| for a dense B.
  func assembleOuter(into M: inout Matrix<Element>)
  /// y ← B x.
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>)
  /// x ← Bᵀ y.
  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>)
}
