public import LinAlg

/// One piece of a scalar function `x(u) = value + slope (u − anchor)` for u up to `end`, with ∂x/∂λₖ = shift[k] + growth[k] x.
public struct LinearPiece<Element: Scalar>: Sendable {
  /// Infinite for the last piece.
  public var end: Element
  /// In [0, 1] for a convex penalty.
  public var slope: Element
  /// Finite.
  public var anchor: Element
  public var value: Element
  public var shift: [Element]
  public var growth: [Element]

  public init(
    end: Element, slope: Element, anchor: Element, value: Element, shift: [Element] = [], growth: [Element]? = nil
  ) {
    self.end = end
    self.slope = slope
    self.anchor = anchor
    self.value = value
    self.shift = shift
    self.growth = growth ?? Array(repeating: 0, count: shift.count)
  }

  @inline(__always)
  func callAsFunction(_ u: Element) -> Element { value + slope * (u - anchor) }
}

/// A penalty `Σⱼ g(wⱼ, λ)` whose scalar proximal map is linear on a few intervals (and continuous, if g is convex): a conforming type gives the pieces
/// and the value of one term, everything else follows.
///
/// D is diagonal with the slopes on it. At a breakpoint the ``KinkRule`` decides: `zero` takes the smaller slope of the two pieces that meet, `one` the
/// larger, each with its B, and `midpoint` the mean. Cost: O(p), one pass.
public protocol PiecewiseLinearMap: ProximalMap where Linearization == EntrywiseLinearization<Element> {
  /// g of one entry.
  func term(_ w: Element, parameters λ: Vector<Element>) -> Element

  /// The pieces of prox_{s g} from left to right, the last of which ends at infinity. A piece may be empty.
  func pieces(step s: Element, parameters λ: Vector<Element>) -> [LinearPiece<Element>]
}

extension PiecewiseLinearMap {
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += term(w[j], parameters: λ) }
    return sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let p = u.mutableBase()
    PiecewiseLinearKernel.apply(pieces(step: s, parameters: λ), u.count, p)
  }

  public func makeLinearization(count p: Int) -> EntrywiseLinearization<Element> {
    EntrywiseLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: EntrywiseLinearization<Element>
  ) { L.fill(pieces(step: s, parameters: λ), at: u, kink: kink) }

  /// Between which breakpoints of g every entry lies; the step does not move them.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let breaks = pieces(step: 1, parameters: λ).filter { $0.end.isFinite }.map { $0($0.end) }
    var hash = PieceHash()
    for j in 0..<w.count {
      var code: UInt64 = 0
      for b in breaks { code += (w[j] > b ? 1 : 0) + (w[j] >= b ? 1 : 0) }
      hash.add(code)
    }
    return hash.value
  }
}

/// The loop over the entries, without a branch per entry.
enum PiecewiseLinearKernel {
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func apply<Element: Scalar>(_ pieces: [LinearPiece<Element>], _ n: Int, _ x: UnsafeMutablePointer<Element>) {
    var all = pieces
    // Pieces that are never reached: the next starts at infinity.
    while all.count < 3 { all.append(all[all.count - 1]) }
    if all.count == 3 {
      let (a, b, c) = (all[0], all[1], all[2])
      let (k0, s0, a0, v0) = (a.end, a.slope, a.anchor, a.value)
      let (k1, s1, a1, v1) = (b.end, b.slope, b.anchor, b.value)
      let (s2, a2, v2) = (c.slope, c.anchor, c.value)
      for j in 0..<n {
        let u = x[j]
        var y = v0 + s0 * (u - a0)
        y = u > k0 ? v1 + s1 * (u - a1) : y
        y = u > k1 ? v2 + s2 * (u - a2) : y
        x[j] = y
      }
      return
    }
    // A block of entries stays in the cache while every piece passes over it.
    let size = 512
    withUnsafeTemporaryAllocation(of: Element.self, capacity: size) { block in
      let u = block.baseAddress!
      for start in stride(from: 0, to: n, by: size) {
        let (y, count) = (x + start, min(size, n - start))
        u.initialize(from: y, count: count)
        for (i, piece) in pieces.enumerated() {
          let end = i == 0 ? -Element.infinity : pieces[i - 1].end
          let (s, a, v) = (piece.slope, piece.anchor, piece.value)
          if i == 0 {
            for j in 0..<count { y[j] = v + s * (u[j] - a) }
          } else {
            for j in 0..<count { y[j] = u[j] > end ? v + s * (u[j] - a) : y[j] }
          }
        }
      }
    }
  }
}
