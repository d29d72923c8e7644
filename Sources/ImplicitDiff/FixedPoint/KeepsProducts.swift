/// A map or a function that keeps products with its data from one solve to the next.
///
/// What is kept decides the last bits of later solves. So that a sequence of solves can be repeated from its middle, bit for bit, it can be read and
/// made again.
public protocol KeepsProducts: AnyObject {
  /// Names what is kept: columns of the data, in the order and in the batches in which they came. Assigning makes the products again.
  var keptColumns: [[Int]] { get set }
}

extension ProximalGradientMap: KeepsProducts {
  /// What f keeps; nothing where f is no ``KeepsProducts``.
  public var keptColumns: [[Int]] {
    get { (smooth as? any KeepsProducts)?.keptColumns ?? [] }
    set { (smooth as? any KeepsProducts)?.keptColumns = newValue }
  }
}
