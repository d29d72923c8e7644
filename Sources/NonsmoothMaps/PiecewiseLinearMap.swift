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
    let pieces = pieces(step: s, parameters: λ)
    Element._piecewiseLinear(
      u.count, pieces.count, pieces.map(\.end), pieces.map(\.slope), pieces.map(\.anchor), pieces.map(\.value),
      u.mutableBase())
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
    let step = min(1, stepLimit(parameters: λ) / 2)
    let breaks = pieces(step: step, parameters: λ).filter { $0.end.isFinite }.map { $0($0.end) }
    var hash = PieceHash()
    for j in 0..<w.count {
      var code: UInt64 = 0
      for b in breaks { code += (w[j] > b ? 1 : 0) + (w[j] >= b ? 1 : 0) }
      hash.add(code)
    }
    return hash.value
  }
}
