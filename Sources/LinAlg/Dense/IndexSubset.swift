/// A subset of `0 ..< universe` as increasing indices, refilled in place: the support of a sparse vector.
public struct IndexSubset: Sendable {
  /// The indices, the first `count` of what it has room for.
  private var storage: [Int]
  /// The number of indices.
  public private(set) var count: Int
  /// The size of the set the indices point into.
  public private(set) var universe: Int

  /// The empty subset of `0 ..< universe`; costs no memory.
  public init(universe: Int) {
    precondition(universe >= 0, "IndexSubset: the universe cannot be negative (\(universe))")
    self.universe = universe
    count = 0
    storage = []
  }

  /// The empty subset of nothing.
  public static var none: IndexSubset { IndexSubset(universe: 0) }

  /// The given indices.
  ///
  /// - Precondition: strictly increasing and within `0 ..< universe`.
  public init(_ indices: [Int], universe: Int) {
    var increase = true
    indices.withUnsafeBufferPointer { for k in 0..<max(1, $0.count) - 1 where $0[k] >= $0[k + 1] { increase = false } }
    precondition(
      increase && (indices.first ?? 0) >= 0 && (indices.last ?? -1) < universe,
      "IndexSubset: indices must increase and lie in 0 ..< \(universe)")
    storage = indices
    count = indices.count
    self.universe = universe
  }

  /// Places in any order, each once: for what reads columns one after the other and compares no indices.
  package init(unordered places: [Int], universe: Int) {
    storage = places
    count = places.count
    self.universe = universe
  }

  /// Where `x` is not zero; in memory for these alone.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public init<Element: Scalar>(nonzerosOf x: Vector<Element>) {
    let count = x.nonzeroCount
    // One place more: an index is written before it is known whether it stays.
    storage = Array(unsafeUninitializedCapacity: count + 1) { buffer, initialized in
      if let index = buffer.baseAddress { _ = Element._nonzeros(x.count, x.base, index) }
      initialized = count
    }
    self.count = count
    universe = x.count
  }

  /// Becomes the places where `x` is not zero (NaN counts as not zero). Allocates nothing where it was refilled from as many entries before and
  /// the memory is not shared.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func refill<Element: Scalar>(nonzerosOf x: Vector<Element>) {
    if storage.count < x.count {
      // Room for all; what is not in use is never read, and not touched.
      storage = Array(unsafeUninitializedCapacity: x.count) { $1 = x.count }
    }
    universe = x.count
    count = storage.withUnsafeMutableBufferPointer {
      guard let index = $0.baseAddress else { return 0 }
      return Element._nonzeros(x.count, x.base, index)
    }
  }

  /// Becomes the same subset in memory of its own. Allocates nothing where it has held as many indices before.
  public mutating func copy(from other: IndexSubset) {
    if storage.count < other.count { storage = Array(repeating: 0, count: other.count) }
    for k in 0..<other.count { storage[k] = other.storage[k] }
    count = other.count
    universe = other.universe
  }

  /// The indices, increasing.
  public var elements: [Int] { Array(storage[..<count]) }

  public subscript(k: Int) -> Int {
    precondition(k >= 0 && k < count, "IndexSubset: \(k) outside 0 ..< \(count)")
    return storage[k]
  }

  /// The indices as memory, for loops over them.
  @inline(__always)
  package func withElements(_ body: (UnsafeBufferPointer<Int>) -> Void) {
    storage.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<count])) }
  }

  package func withPointer(_ body: (UnsafePointer<Int>) -> Void) {
    storage.withUnsafeBufferPointer { if let p = $0.baseAddress { body(p) } }
  }
}

extension IndexSubset: Equatable {
  public static func == (a: IndexSubset, b: IndexSubset) -> Bool {
    a.universe == b.universe && a.storage[..<a.count] == b.storage[..<b.count]
  }
}
