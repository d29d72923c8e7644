/// A subset of `0 ..< universe` as increasing indices, refilled in place: the support of a sparse vector.
public struct IndexSubset: Sendable, Equatable {
  private var indices: [Int]
  /// The size of the set the indices point into.
  public private(set) var universe: Int

  /// The empty subset of `0 ..< universe`, with room for all of it.
  public init(universe: Int) {
    precondition(universe >= 0, "IndexSubset: the universe cannot be negative (\(universe))")
    self.universe = universe
    indices = []
    indices.reserveCapacity(universe)
  }

  /// The given indices.
  ///
  /// - Precondition: strictly increasing and within `0 ..< universe`.
  public init(_ indices: [Int], universe: Int) {
    precondition(
      zip(indices, indices.dropFirst()).allSatisfy(<) && (indices.first ?? 0) >= 0 && (indices.last ?? -1) < universe,
      "IndexSubset: indices must increase and lie in 0 ..< \(universe)")
    self.indices = indices
    self.universe = universe
  }

  /// Where `x` is not zero.
  public init<Element: Scalar>(nonzerosOf x: Vector<Element>) {
    self.init(universe: x.count)
    refill(nonzerosOf: x)
  }

  /// Becomes the places where `x` is not zero (NaN counts as not zero). Allocates nothing once grown.
  public mutating func refill<Element: Scalar>(nonzerosOf x: Vector<Element>) {
    indices.removeAll(keepingCapacity: true)
    universe = x.count
    let p = x.base
    for i in 0..<x.count where p[i] != 0 { indices.append(i) }
  }

  /// The number of indices.
  public var count: Int { indices.count }
  /// The indices, increasing.
  public var elements: [Int] { indices }

  public subscript(k: Int) -> Int { indices[k] }

  func withPointer(_ body: (UnsafePointer<Int>) -> Void) {
    indices.withUnsafeBufferPointer { if let p = $0.baseAddress { body(p) } }
  }
}
