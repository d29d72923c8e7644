public import LinAlg

/// A penalty `Σⱼ g(wⱼ, λ)` whose scalar proximal map is linear on a few intervals (and continuous, if g is convex): a conforming type gives the pieces
/// and the value of one term, everything else follows.
///
/// D is diagonal with the slopes on it. At a breakpoint the ``KinkRule`` decides: `zero` takes the smaller slope of the two pieces that meet, `one` the
/// larger, each with its B, and `midpoint` the mean. Cost: O(p), one pass; nothing is allocated, with up to 1 KB of pieces.
public protocol PiecewiseLinearMap: ProximalMap where Linearization == EntrywiseLinearization<Element> {
  /// g of one entry.
  func term(_ w: Element, parameters λ: Vector<Element>) -> Element

  /// Adds the pieces of prox_{s g} from left to right, at least one, the last of which ends at infinity. A piece may be empty.
  func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>)

  /// A bound on the number of pieces; 8 unless said otherwise.
  var pieceLimit: Int { get }
}

extension PiecewiseLinearMap {
  public var pieceLimit: Int { 8 }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += term(w[j], parameters: λ) }
    return sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    withPieces(step: s, parameters: λ) { pieces in
      Element._piecewiseLinear(
        u.count, pieces.count, pieces.ends, pieces.slopes, pieces.anchors, pieces.values, u.mutableBase())
    }
  }

  public func makeLinearization(count p: Int) -> EntrywiseLinearization<Element> {
    EntrywiseLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: EntrywiseLinearization<Element>
  ) { withPieces(step: s, parameters: λ) { L.fill($0, at: u, kink: kink) } }

  /// Between which breakpoints of g every entry lies; the step does not move them.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let step = min(1, stepLimit(parameters: λ) / 2)
    var hash = PieceHash()
    withPieces(step: step, parameters: λ) { pieces in
      for j in 0..<w.count {
        var code: UInt64 = 0
        for i in 0..<pieces.count where pieces.ends[i].isFinite {
          let b = pieces(i, pieces.ends[i])
          code += (w[j] > b ? 1 : 0) + (w[j] >= b ? 1 : 0)
        }
        hash.add(code)
      }
    }
    return hash.value
  }
}
