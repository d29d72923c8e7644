/// Level-1 operations. Those that write do it in place and allocate nothing when the receiver's memory is its own.
extension Vector {
  @inline(__always)
  func requireSameCount(_ other: Vector, _ what: StaticString) {
    precondition(other.count == count, "\(what): counts \(count) and \(other.count) differ")
  }

  /// xᵀ y.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func dot(_ y: Vector) -> Element {
    requireSameCount(y, "Vector.dot")
    return Element._dot(count, base, y.base)
  }

  /// The Euclidean norm ‖x‖₂, safe against overflow and underflow of the squares.
  public var norm: Element { Element._nrm2(count, base) }

  /// Σ |xᵢ|.
  public var oneNorm: Element { Element._asum(count, base) }

  /// max |xᵢ|; 0 for the empty vector, NaN where an entry is NaN.
  public var maxNorm: Element {
    guard count > 0 else { return 0 }
    if let bad = firstNonFinite, self[bad].isNaN { return .nan }
    return base[Element._iamax(count, base)].magnitude
  }

  /// ‖x − y‖₂, safe against overflow and underflow of the squares.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func distance(to y: Vector) -> Element {
    requireSameCount(y, "Vector.distance")
    return Element._distance(count, base, y.base)
  }

  /// The index of the first entry that is NaN or infinite, or nil.
  public var firstNonFinite: Int? {
    let i = Element._firstNonFinite(count, base)
    return i < count ? i : nil
  }

  /// How many entries are not zero (NaN counts as not zero).
  public var nonzeroCount: Int { Element._countNonzeros(count, base) }

  /// A hash of the pattern of signs (−, 0, +): equal patterns have equal hashes; unequal ones differ but for a chance
  /// of 2⁻⁶⁴ a pair.
  public var signPattern: UInt64 { Element._signPattern(count, base) }

  /// Every entry ← `value`.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func fill(_ value: Element) {
    mutableBase().update(repeating: value, count: count)
  }

  /// This vector's entries ← those of `x`. Unlike assignment it copies numbers, not the reference to memory, so a
  /// later write needs no allocation.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func copy(from x: Vector) {
    requireSameCount(x, "Vector.copy")
    mutableBase().update(from: x.base, count: count)
  }

  /// y ← y + α x, y the receiver.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func add(_ α: Element = 1, _ x: Vector) {
    requireSameCount(x, "Vector.add")
    Element._axpy(count, α, x.base, mutableBase())
  }

  /// y ← α x + β y, y the receiver; β = 0 overwrites whatever y held, NaN included.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func combine(_ α: Element, _ x: Vector, _ β: Element) {
    requireSameCount(x, "Vector.combine")
    Element._axpby(count, α, x.base, β, mutableBase())
  }

  /// z ← α x + β y, z the receiver.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assign(_ α: Element, _ x: Vector, _ β: Element, _ y: Vector) {
    requireSameCount(x, "Vector.assign")
    requireSameCount(y, "Vector.assign")
    Element._linearCombination(count, α, x.base, β, y.base, mutableBase())
  }

  /// y ← α y, y the receiver; α = 0 sets zeros whatever y held.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scale(by α: Element) {
    if α == 0 { fill(0) } else { Element._scal(count, α, mutableBase()) }
  }

  /// y ← d ∘ y (entry by entry), y the receiver.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scale(by d: Vector) {
    requireSameCount(d, "Vector.scale")
    let y = mutableBase()
    Element._hadamard(count, d.base, y, y)
  }

  /// z ← x ∘ y (entry by entry), z the receiver.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignProduct(_ x: Vector, _ y: Vector) {
    requireSameCount(x, "Vector.assignProduct")
    requireSameCount(y, "Vector.assignProduct")
    Element._hadamard(count, x.base, y.base, mutableBase())
  }

  /// z ← α x ∘ sign(u), z the receiver; sign(0) is 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignProduct(_ α: Element, _ x: Vector, signOf u: Vector) {
    requireSameCount(x, "Vector.assignProduct")
    requireSameCount(u, "Vector.assignProduct")
    Element._timesSign(count, α, u.base, x.base, mutableBase())
  }

  /// Entry k ← entry `indices[k]` of `x`.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func gather(_ indices: IndexSubset, from x: Vector) {
    precondition(indices.count == count, "Vector.gather: \(indices.count) indices into \(count) entries")
    precondition(x.count == indices.universe, "Vector.gather: indices into \(indices.universe), vector of \(x.count)")
    let out = mutableBase()
    indices.withPointer { Element._gather(count, $0, x.base, out) }
  }

  /// Entry `indices[k]` ← entry k of `x`; the other entries become 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scatter(_ indices: IndexSubset, from x: Vector) {
    precondition(indices.count == x.count, "Vector.scatter: \(indices.count) indices, \(x.count) entries")
    precondition(count == indices.universe, "Vector.scatter: indices into \(indices.universe), vector of \(count)")
    fill(0)
    let out = mutableBase()
    indices.withPointer { Element._scatter(x.count, $0, x.base, out) }
  }
}

// MARK: - Allocating forms, thin layers on the above

extension Vector {
  public static func + (x: Vector, y: Vector) -> Vector {
    var z = Vector.zeros(x.count)
    z.assign(1, x, 1, y)
    return z
  }

  public static func - (x: Vector, y: Vector) -> Vector {
    var z = Vector.zeros(x.count)
    z.assign(1, x, -1, y)
    return z
  }

  public static func * (α: Element, x: Vector) -> Vector {
    var z = Vector.zeros(x.count)
    z.combine(α, x, 0)
    return z
  }

  public static prefix func - (x: Vector) -> Vector { -1 * x }
}
