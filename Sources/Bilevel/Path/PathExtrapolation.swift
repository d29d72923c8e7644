import LinAlg

/// Where a path is at its next point, by its last three: along each coordinate the parabola through the values where it was nonzero at all three, the line
/// through the last two where at those, and the last value otherwise. Solutions of piecewise linear paths are met exactly while the support stands.
struct PathExtrapolation<Element: Scalar> {
  /// The last points, the newest first: the scale of the strengths, and w.
  private var known: [(scale: Element, state: Vector<Element>)] = []

  mutating func append(_ state: Vector<Element>, at scale: Element) {
    known.insert((scale, state), at: 0)
    if known.count > 3 { known.removeLast() }
  }

  /// w at another scale, p entries. A coordinate that would change its sign is zero.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func state(at c: Element) -> Vector<Element>? {
    guard let last = known.first else { return nil }
    var w = Vector(copying: last.state)
    guard known.count > 1 else { return w }
    let (a, b) = (known[0].scale, known[1].scale)
    let toSecond = (c - a) / (a - b)
    // Newton's form of the parabola.
    let e = known.count > 2 ? known[2].scale : b
    let toThird = known.count > 2 ? (c - a) * (c - b) / (a - e) : 0
    for j in w.indices where w[j] != 0 && known[1].state[j] != 0 {
      let slope = (w[j] - known[1].state[j]) / (a - b)
      var value = w[j] + toSecond * (w[j] - known[1].state[j])
      if known.count > 2, known[2].state[j] != 0 {
        value += toThird * (slope - (known[1].state[j] - known[2].state[j]) / (b - e))
      }
      w[j] = value * w[j] > 0 ? value : 0
    }
    return w
  }
}
