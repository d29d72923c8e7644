public import LinAlg

/// The derivative of a map that acts entry by entry: a diagonal, and per entry a row of B.
public final class EntrywiseLinearization<Element: Scalar>: MaskLinearization<Element> {
  /// B's columns.
  private var columns: [Vector<Element>] = []
  private var isInRange = true
  private var isContinuous = true
  private var slopes: Vector<Element>

  override init(count p: Int) {
    slopes = .zeros(p)
    super.init(count: p)
  }

  private func open(parameterCount m: Int) {
    if columns.count != m { columns = (0..<m).map { _ in .zeros(slopes.count) } }
    (isInRange, isContinuous) = (true, true)
  }

  @inline(__always)
  func fill<M: ScalarProximalMap>(_ map: M, at u: Vector<Element>, parameterCount m: Int, kink: KinkRule)
  where M.Element == Element {
    open(parameterCount: m)
    var b = Array(repeating: Element(0), count: m)
    var distance = Element.infinity
    let (p, d) = (u.base, slopes.mutableBase())
    let targets = columns.indices.map { columns[$0].mutableBase() }
    for j in 0..<u.count {
      let derivative = map.derivative(at: p[j], value: map(p[j]), kink: kink, parameters: &b)
      d[j] = derivative.slope
      distance = min(distance, derivative.kinkDistance)
      if derivative.jumps { isContinuous = false }
      for q in 0..<m {
        targets[q][j] = b[q]
        if b[q] != 0 && derivative.slope == 0 { isInRange = false }
      }
    }
    setDerivative(kinkDistance: distance) { $0.copy(from: slopes) }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(_ pieces: borrowing LinearPieces<Element>, at u: Vector<Element>, kink: KinkRule) {
    let (m, k) = (pieces.parameterCount, pieces.count)
    open(parameterCount: m)
    let (ends, slope, anchor, value) = (pieces.ends, pieces.slopes, pieces.anchors, pieces.values)
    let (shift, growth) = (pieces.shift(0), pieces.growth(0))
    let share = Element(kink.derivative)
    var distance = Element.infinity
    var leavesRange = false
    var jumps = false
    let (p, d) = (u.base, slopes.mutableBase())
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Element>.self, capacity: max(1, m)) { targets in
      for q in 0..<m { targets.initializeElement(at: q, to: columns[q].mutableBase()) }
      for j in 0..<u.count {
        let y = p[j]
        var i = 0
        while i + 1 < k && y > ends[i] { i += 1 }
        // The breakpoints on both sides are the nearest ones.
        if i + 1 < k { distance = min(distance, ends[i] - y) }
        if i > 0 { distance = min(distance, y - ends[i - 1]) }
        let x = value[i] + slope[i] * (y - anchor[i])
        if i + 1 < k && y == ends[i] {
          // At a breakpoint, the piece right of it: the next one that is not empty.
          var next = i
          while next + 1 < k && y == ends[next] { next += 1 }
          let (low, high) = slope[i] <= slope[next] ? (i, next) : (next, i)
          d[j] = (1 - share) * slope[low] + share * slope[high]
          // Pieces that meet do so but for a few roundings.
          let other = value[next] + slope[next] * (y - anchor[next])
          if (other - x).magnitude > 1e3 * .ulpOfOne * y.magnitude { jumps = true }
          for q in 0..<m {
            let (a, b) = (2 * low * m + q, 2 * high * m + q)
            targets[q][j] = (1 - share) * (shift[a] + growth[a] * x) + share * (shift[b] + growth[b] * x)
          }
        } else {
          d[j] = slope[i]
          for q in 0..<m { targets[q][j] = shift[2 * i * m + q] + growth[2 * i * m + q] * x }
        }
        if d[j] == 0 { for q in 0..<m where targets[q][j] != 0 { leavesRange = true } }
      }
    }
    (isInRange, isContinuous) = (!leavesRange, !jumps)
    setDerivative(kinkDistance: u.firstNonFinite == nil ? distance : .nan) { $0.copy(from: slopes) }
  }

  public override func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for (q, column) in columns.enumerated() { x.add(μ[q], column) }
  }

  public override func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for (q, column) in columns.enumerated() { g[q] += α * column.dot(v) }
  }

  public override var parametersFrobeniusNorm: Element? {
    columns.reduce(0) { Element.hypot($0, $1.norm) } * (1 + 4 * .ulpOfOne)
  }
  public override var parametersLieInRange: Bool { isInRange }
  public override var isDefined: Bool { isContinuous }
}
