/// Numbers side by side, which nobody writes to: an array, or memory that someone else keeps, as a mapped file.
package struct Stretch<Number: Sendable>: RandomAccessCollection, @unchecked Sendable {
  // Safe to send: read alone, and the owner lives as long as this.
  private let array: [Number]
  private let lent: UnsafeBufferPointer<Number>?
  private let owner: (any AnyObject & Sendable)?

  package init(_ array: [Number]) { (self.array, lent, owner) = (array, nil, nil) }

  /// Memory that `owner` keeps alive.
  package init(lent numbers: UnsafeBufferPointer<Number>, by owner: any AnyObject & Sendable) {
    (array, lent, self.owner) = ([], numbers, owner)
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { lent?.count ?? array.count }
  package subscript(i: Int) -> Number {
    if let lent { return lent[i] }
    return array[i]
  }

  package func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Number>) -> R) -> R {
    guard let lent else { return array.withUnsafeBufferPointer(body) }
    return withExtendedLifetime(owner) { body(lent) }
  }
}
