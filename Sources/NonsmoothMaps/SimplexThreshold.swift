import LinAlg

/// The threshold τ with Σ max(yⱼ − τ, 0) = r, relative to the largest entry so that nothing is lost where y is far larger than r.
///
/// L. Condat: Fast projection onto the simplex and the ℓ1 ball. Math. Program. 158 (2016): O(p) expected.
struct SimplexThreshold<Element: Scalar> {
  /// max y.
  let largest: Element
  /// τ − max y, in −r … −r/p.
  let offset: Element

  /// yⱼ − τ.
  @inline(__always)
  func excess(_ y: Element) -> Element { (y - largest) - offset }

  /// - Parameters:
  ///   - u: p ≥ 1 entries; y is u, or |u|.
  ///   - r: positive.
  /// - Returns: nil where an entry is NaN, or infinite and largest.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  init?(_ u: Vector<Element>, magnitudes: Bool, sum r: Element) {
    let p = u.base
    var top = -Element.infinity
    for j in 0..<u.count {
      let y = magnitudes ? p[j].magnitude : p[j]
      if y.isNaN { return nil }
      if y > top { top = y }
    }
    if !top.isFinite { return nil }
    offset = withUnsafeTemporaryAllocation(of: Element.self, capacity: u.count) { room in
      Self.offset(p, u.count, magnitudes, r, top, room)
    }
    largest = top
  }

  /// τ − top. The candidates stand at the front of the room and those that later ones replaced at its end: together they are no more than the entries.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private static func offset(
    _ p: UnsafePointer<Element>, _ n: Int, _ magnitudes: Bool, _ r: Element, _ top: Element,
    _ room: UnsafeMutableBufferPointer<Element>
  ) -> Element {
    let chosen = room.baseAddress!
    var count = 0
    var passed = n
    var ρ = -Element.infinity
    // Neither ρ nor −r exceeds the threshold.
    var bar = -r
    for j in 0..<n {
      let y = (magnitudes ? p[j].magnitude : p[j]) - top
      if !(y > bar) { continue }
      let joined = ρ + (y - ρ) / Element(count + 1)
      if count > 0 && joined > y - r {
        ρ = joined
      } else {
        // From the last on: where the two meet, none is overwritten before it is read.
        while count > 0 {
          count -= 1
          passed -= 1
          chosen[passed] = chosen[count]
        }
        ρ = y - r
      }
      chosen[count] = y
      count += 1
      bar = ρ > -r ? ρ : -r
    }
    for k in passed..<n {
      let y = chosen[k]
      if !(y > ρ) { continue }
      chosen[count] = y
      count += 1
      ρ += (y - ρ) / Element(count)
    }
    // From here the sum is taken anew: running updates would add up their errors.
    var before = -1
    while before != count {
      before = count
      var sum: Element = 0
      for k in 0..<count { sum += chosen[k] }
      ρ = (sum - r) / Element(count)
      count = 0
      for k in 0..<before where chosen[k] > ρ {
        chosen[count] = chosen[k]
        count += 1
      }
    }
    return ρ
  }
}
