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
    var chosen: [Element] = []
    var passed: [Element] = []
    var ρ = -Element.infinity
    for j in 0..<u.count {
      let y = (magnitudes ? p[j].magnitude : p[j]) - top
      // Neither ρ nor −r exceeds the threshold.
      if !(y > ρ && y > -r) { continue }
      let joined = ρ + (y - ρ) / Element(chosen.count + 1)
      if !chosen.isEmpty && joined > y - r {
        chosen.append(y)
        ρ = joined
      } else {
        passed.append(contentsOf: chosen)
        chosen.removeAll(keepingCapacity: true)
        chosen.append(y)
        ρ = y - r
      }
    }
    for y in passed where y > ρ {
      chosen.append(y)
      ρ += (y - ρ) / Element(chosen.count)
    }
    // From here the sum is taken anew: running updates would add up their errors.
    var count = -1
    while count != chosen.count {
      count = chosen.count
      var sum: Element = 0
      for y in chosen { sum += y }
      ρ = (sum - r) / Element(count)
      chosen.removeAll { !($0 > ρ) }
    }
    largest = top
    offset = ρ
  }
}
