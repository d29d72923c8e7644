/// A dense real vector: a copy-on-write value over aligned memory.
///
/// A segment of a vector (`v[segment: 2..<5]`) is a vector that shares its memory; writing through either copies first.
/// A slice (`v[2..<5]`) is the standard library's, which keeps the indices of the whole.
public struct Vector<Element: Scalar>: Sendable {
  var storage: Storage<Element>
  var offset: Int
  /// The number of entries.
  public let count: Int

  init(storage: Storage<Element>, offset: Int, count: Int) {
    self.storage = storage
    self.offset = offset
    self.count = count
  }

  /// `count` entries, all `value`.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public init(repeating value: Element, count: Int) {
    precondition(count >= 0, "Vector: a count cannot be negative (\(count))")
    self.init(storage: Storage(capacity: count), offset: 0, count: count)
    storage.pointer.initialize(repeating: value, count: count)
  }

  /// `count` zeros.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func zeros(_ count: Int) -> Vector {
    precondition(count >= 0, "Vector: a count cannot be negative (\(count))")
    return Vector(storage: Storage(zeros: count), offset: 0, count: count)
  }

  /// The entries of a sequence, in its order.
  public init(_ elements: some Sequence<Element>) {
    let array = Array(elements)
    self.init(storage: Storage(capacity: array.count), offset: 0, count: array.count)
    array.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.pointer.initialize(from: base, count: array.count) }
    }
  }

  /// Entries `0 ..< count` computed one by one.
  public init(count: Int, _ entry: (Int) -> Element) {
    precondition(count >= 0, "Vector: a count cannot be negative (\(count))")
    self.init(storage: Storage(capacity: count), offset: 0, count: count)
    for i in 0..<count { (storage.pointer + i).initialize(to: entry(i)) }
  }

  /// The same entries in memory of their own, so that neither a write here nor one there has to copy.
  public init(copying other: Vector) {
    self.init(storage: Storage(capacity: other.count), offset: 0, count: other.count)
    storage.pointer.initialize(from: other.base, count: other.count)
  }

  /// The same numbers in another precision, rounded to nearest.
  public init<Other: Scalar>(converting other: Vector<Other>) {
    if let same = other as? Vector {
      self.init(copying: same)
      return
    }
    self.init(count: other.count) { Element(other[$0]) }
  }

  // MARK: - Memory, for this package's kernels

  /// Read access. Valid while the vector it was taken from is alive and unchanged.
  package var base: UnsafePointer<Element> { UnsafePointer(storage.pointer + offset) }

  /// Write access; copies first where the memory is shared.
  package mutating func mutableBase() -> UnsafeMutablePointer<Element> {
    if !isKnownUniquelyReferenced(&storage) {
      let fresh = Storage<Element>(capacity: count)
      fresh.pointer.initialize(from: storage.pointer + offset, count: count)
      storage = fresh
      offset = 0
    }
    return storage.pointer + offset
  }

  // MARK: - Spans

  /// The entries, without a copy.
  public var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      let span = Span<Element>(_unsafeStart: base, count: count)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// The entries for writing in place; copies first where the memory is shared.
  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      let span = MutableSpan<Element>(_unsafeStart: mutableBase(), count: count)
      return _overrideLifetime(span, mutating: &self)
    }
  }
}

// MARK: - As a collection

extension Vector: RandomAccessCollection, MutableCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public subscript(i: Int) -> Element {
    get {
      precondition(i >= 0 && i < count, "Vector: index \(i) outside 0 ..< \(count)")
      return (storage.pointer + offset)[i]
    }
    set {
      precondition(i >= 0 && i < count, "Vector: index \(i) outside 0 ..< \(count)")
      mutableBase()[i] = newValue
    }
  }

  /// A range of the entries as a vector of its own, numbered from 0. Reading shares the memory; assigning copies the
  /// numbers in.
  public subscript(segment range: Range<Int>) -> Vector {
    get {
      precondition(
        range.lowerBound >= 0 && range.upperBound <= count, "Vector: range \(range) outside 0 ..< \(count)")
      return Vector(storage: storage, offset: offset + range.lowerBound, count: range.count)
    }
    set {
      precondition(
        range.lowerBound >= 0 && range.upperBound <= count, "Vector: range \(range) outside 0 ..< \(count)")
      precondition(
        newValue.count == range.count, "Vector: \(newValue.count) entries assigned to a range of \(range.count)")
      let target = mutableBase() + range.lowerBound
      target.update(from: newValue.base, count: range.count)
    }
  }
}

extension Vector: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Element...) { self.init(elements) }
}

extension Vector: Equatable {
  /// Entry by entry as numbers: `-0 == 0`, and NaN equals nothing.
  public static func == (a: Vector, b: Vector) -> Bool {
    a.count == b.count && (0..<a.count).allSatisfy { a.base[$0] == b.base[$0] }
  }
}

extension Vector: CustomStringConvertible {
  public var description: String { "[" + map { "\($0)" }.joined(separator: ", ") + "]" }
}
