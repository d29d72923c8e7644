import LinAlg

/// What ``TotalVariation`` and ``FusedLasso`` share.
enum TotalVariationKernel {
  /// u ← prox of t Σ |uⱼ₊₁ − uⱼ|, O(p): the derivatives of the partial minima are piecewise linear, kept as a queue of their knots.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func apply<Element: Scalar>(threshold t: Element, to u: inout Vector<Element>) {
    let n = u.count
    if n < 2 || t == 0 { return }
    if u.firstNonFinite != nil { return u.fill(.nan) }
    let y = u.mutableBase()
    // A knot: its place, and by how much the slope and the constant change there.
    var x = [Element](repeating: 0, count: 2 * n)
    var a = x
    var b = x
    var low = [Element](repeating: 0, count: n - 1)
    var high = low
    (low[0], high[0]) = (y[0] - t, y[0] + t)
    var (l, r) = (n - 1, n)
    (x[l], a[l], b[l]) = (low[0], 1, t - y[0])
    (x[r], a[r], b[r]) = (high[0], -1, t + y[0])
    var lo = l
    var (aLow, bLow): (Element, Element) = (1, -t - y[1])
    var (aHigh, bHigh): (Element, Element) = (-1, -t + y[1])
    for k in 1..<max(1, n - 1) {
      lo = l
      while lo <= r && !(aLow * x[lo] + bLow > -t) {
        aLow += a[lo]
        bLow += b[lo]
        lo += 1
      }
      var hi = r
      while hi >= lo && !(-aHigh * x[hi] - bHigh < t) {
        aHigh += a[hi]
        bHigh += b[hi]
        hi -= 1
      }
      (low[k], high[k]) = ((-t - bLow) / aLow, (t + bHigh) / -aHigh)
      (l, r) = (lo - 1, hi + 1)
      (x[l], a[l], b[l]) = (low[k], aLow, bLow + t)
      (x[r], a[r], b[r]) = (high[k], aHigh, bHigh + t)
      (aLow, bLow, aHigh, bHigh) = (1, -t - y[k + 1], -1, -t + y[k + 1])
    }
    lo = l
    while lo <= r && !(aLow * x[lo] + bLow > 0) {
      aLow += a[lo]
      bLow += b[lo]
      lo += 1
    }
    // `x` now holds the solution; the runs it tells are averaged anew, since the queue's sums add up their errors.
    x[n - 1] = -bLow / aLow
    for k in stride(from: n - 2, through: 0, by: -1) { x[k] = max(low[k], min(high[k], x[k + 1])) }
    var start = 0
    var left: Element = 0
    while start < n {
      var end = start + 1
      while end < n && x[end] == x[start] { end += 1 }
      let right: Element = end == n ? 0 : (x[end] > x[start] ? 1 : -1)
      var mean: Element = 0
      for i in start..<end { mean += (y[i] - mean) / Element(i + 1 - start) }
      mean += t * (right - left) / Element(end - start)
      for i in start..<end { y[i] = mean }
      left = right
      start = end
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func margin<Element: Scalar>(_ u: Vector<Element>, _ x: Vector<Element>, threshold t: Element) -> Element {
    if t == 0 { return MonotoneRegression.margin(u, x, dual: { _ in 0 }, slack: { _ in 0 }) }
    return MonotoneRegression.margin(
      u, x, dual: { $0 == 0 ? 0 : (x[$0] > x[$0 - 1] ? -t : t) }, slack: { t - $0.magnitude })
  }

  /// ∂x/∂λ of every run.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func pulls<Element: Scalar>(_ x: Vector<Element>, scale s: Element) -> [Element] {
    var pulls: [Element] = []
    var start = 0
    var left: Element = 0
    while start < x.count {
      var end = start + 1
      while end < x.count && x[end] == x[start] { end += 1 }
      let right: Element = end == x.count ? 0 : (x[end] > x[start] ? 1 : -1)
      pulls.append(s * (right - left) / Element(end - start))
      left = right
      start = end
    }
    return pulls
  }
}
