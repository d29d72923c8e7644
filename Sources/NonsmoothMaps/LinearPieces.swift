public import LinAlg

/// The pieces of a scalar function in order: on each x(u) = value + slope (u − anchor) for u up to its end, with ∂x/∂λₖ = shift[k] + growth[k] x.
///
/// A ``PiecewiseLinearMap`` adds them one by one. They live on the stack while a map is evaluated, so that evaluating allocates nothing, and can be
/// neither copied nor kept.
public struct LinearPieces<Element: Scalar>: ~Copyable {
  /// The number of pieces there is room for, and of parameters.
  let limit: Int
  package let parameterCount: Int
  public private(set) var count = 0
  /// `limit` ends, slopes, anchors and values; then m shifts and m growths of every piece.
  private let base: UnsafeMutablePointer<Element>

  fileprivate init(_ memory: UnsafeMutableBufferPointer<Element>, limit: Int, parameterCount m: Int) {
    base = memory.baseAddress!
    self.limit = limit
    parameterCount = m
  }

  /// Adds a piece right of those before; it may be empty.
  ///
  /// - Parameters:
  ///   - end: infinite for the last piece.
  ///   - slope: in [0, 1] for a convex penalty.
  ///   - anchor: finite.
  ///   - value: x at the anchor.
  ///   - shift: of the first and the second parameter; a second that the map does not have is left out.
  ///   - growth: likewise.
  /// - Precondition: no more pieces than the map's ``PiecewiseLinearMap/pieceLimit``.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func add(
    end: Element, slope: Element, anchor: Element, value: Element, shift: (Element, Element),
    growth: (Element, Element) = (0, 0)
  ) {
    open(end, slope, anchor, value)
    let target = base + 4 * limit + 2 * parameterCount * (count - 1)
    if parameterCount > 0 { (target[0], target[parameterCount]) = (shift.0, growth.0) }
    if parameterCount > 1 { (target[1], target[parameterCount + 1]) = (shift.1, growth.1) }
  }

  /// Adds a piece whose place depends on one parameter at most.
  public mutating func add(
    end: Element, slope: Element, anchor: Element, value: Element, shift: Element = 0, growth: Element = 0
  ) { add(end: end, slope: slope, anchor: anchor, value: value, shift: (shift, 0), growth: (growth, 0)) }

  /// Adds a piece with any number of parameters, m entries each; making the arrays allocates.
  public mutating func add(
    end: Element, slope: Element, anchor: Element, value: Element, shift: [Element], growth: [Element]
  ) {
    precondition(
      shift.count == parameterCount && growth.count == parameterCount,
      "LinearPieces: \(shift.count) shifts and \(growth.count) growths for \(parameterCount) parameters")
    open(end, slope, anchor, value)
    let target = base + 4 * limit + 2 * parameterCount * (count - 1)
    for k in 0..<parameterCount { (target[k], target[parameterCount + k]) = (shift[k], growth[k]) }
  }

  /// Shifts and growths are 0 until they are written.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private mutating func open(_ end: Element, _ slope: Element, _ anchor: Element, _ value: Element) {
    precondition(count < limit, "LinearPieces: more than the \(limit) pieces of the map's pieceLimit")
    base[count] = end
    base[limit + count] = slope
    base[2 * limit + count] = anchor
    base[3 * limit + count] = value
    let target = base + 4 * limit + 2 * parameterCount * count
    for k in 0..<2 * parameterCount { target[k] = 0 }
    count += 1
  }

  package var ends: UnsafePointer<Element> { UnsafePointer(base) }
  package var slopes: UnsafePointer<Element> { UnsafePointer(base + limit) }
  package var anchors: UnsafePointer<Element> { UnsafePointer(base + 2 * limit) }
  package var values: UnsafePointer<Element> { UnsafePointer(base + 3 * limit) }
  /// m numbers.
  @inline(__always)
  package func shift(_ i: Int) -> UnsafePointer<Element> { UnsafePointer(base + 4 * limit + 2 * parameterCount * i) }
  @inline(__always)
  package func growth(_ i: Int) -> UnsafePointer<Element> { shift(i) + parameterCount }

  /// x on piece i.
  @inline(__always)
  package func callAsFunction(_ i: Int, _ u: Element) -> Element { values[i] + slopes[i] * (u - anchors[i]) }
}

extension PiecewiseLinearMap {
  /// What `body` makes of the pieces.
  package func withPieces<R>(
    step s: Element, parameters λ: Vector<Element>, _ body: (borrowing LinearPieces<Element>) throws -> R
  ) rethrows -> R {
    let (limit, m) = (pieceLimit, parameterCount)
    return try withUnsafeTemporaryAllocation(of: Element.self, capacity: limit * (4 + 2 * m)) { memory in
      var all = LinearPieces(memory, limit: limit, parameterCount: m)
      pieces(step: s, parameters: λ, into: &all)
      precondition(all.count > 0, "PiecewiseLinearMap: a map has at least one piece")
      return try body(all)
    }
  }
}
