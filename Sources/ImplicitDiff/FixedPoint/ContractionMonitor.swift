import LinAlg

/// Tells a contraction from its contrary by the increments ‖w_{t+1} − w_t‖: a contraction shrinks every one of them, so
/// a whole window without shrinkage refutes it (one step could be rounding or a change of piece in another norm).
struct ContractionMonitor<Element: Scalar> {
  private var ring: [Element]
  private var count = 0

  init(window: Int) { ring = Array(repeating: 0, count: window) }

  /// The geometric mean factor per step over the last window.
  private(set) var factor: Element?

  /// Forgets what it has seen, as before an iteration of another kind.
  mutating func reset() {
    count = 0
    factor = nil
  }

  /// Records an increment; returns the factor if the window shows no contraction.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  mutating func record(_ increment: Element) -> Element? {
    let slot = count % ring.count
    let old = ring[slot]
    ring[slot] = increment
    count += 1
    guard count > ring.count, old > 0 else { return nil }
    let growth = Element.pow(increment / old, 1 / Element(ring.count))
    factor = growth
    // Ten ulps over the window: growth this near to 1 is not told from 1.
    return growth >= 1 - 10 * Element.ulpOfOne ? growth : nil
  }
}
