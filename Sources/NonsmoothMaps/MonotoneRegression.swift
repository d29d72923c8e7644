import LinAlg

/// Pool adjacent violators: the nondecreasing sequence nearest to another, O(p).
///
/// M. J. Best, N. Chakravarti: Active set algorithms for isotonic regression; a unifying framework. Math. Program. 47 (1990).
enum MonotoneRegression {
  /// x ← the nearest nondecreasing sequence.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func apply<Element: Scalar>(to x: inout Vector<Element>) {
    let n = x.count
    let p = x.mutableBase()
    var starts: [Int] = []
    var means: [Element] = []
    starts.reserveCapacity(n)
    means.reserveCapacity(n)
    for i in 0..<n {
      var start = i
      var mean = p[i]
      while let last = means.last, last >= mean {
        let (a, b) = (start - starts[starts.count - 1], i + 1 - start)
        // A weighted mean that neither overflows nor leaves the interval by more than rounding.
        mean += (last - mean) * (Element(a) / Element(a + b))
        start = starts.removeLast()
        means.removeLast()
      }
      starts.append(start)
      means.append(mean)
    }
    for k in 0..<starts.count {
      let end = k + 1 < starts.count ? starts[k + 1] : n
      for i in starts[k]..<end { p[i] = means[k] }
    }
  }

  /// The distance to the nearest argument with other runs, along the gradients of what decides: the gaps between runs, and within a run the
  /// sums of the first entries of u − x.
  ///
  /// - Parameters:
  ///   - dual: the sum before a run, given what lies left of it.
  ///   - slack: how far a sum is from its bound.
  @inline(__always)
  static func margin<Element: Scalar>(
    _ u: Vector<Element>, _ x: Vector<Element>, dual: (Int) -> Element, slack: (Element) -> Element
  ) -> Element {
    var margin = Element.infinity
    var previous = 0
    var start = 0
    let (count, u, x) = (u.count, u.base, x.base)
    while start < count {
      var end = start + 1
      while end < count && x[end] == x[start] { end += 1 }
      let size = Element(end - start)
      if start > 0 {
        let gap = (x[start] - x[start - 1]).magnitude
        margin = min(margin, gap / (1 / size + 1 / Element(start - previous)).squareRoot())
      }
      var sum = dual(start)
      for i in start..<(end - 1) {
        sum += u[i] - x[i]
        let first = Element(i + 1 - start)
        margin = min(margin, max(0, slack(sum)) / (first * (size - first) / size).squareRoot())
      }
      previous = start
      start = end
    }
    return margin
  }
}
