public import LinAlg

/// The conditions that make w, lying on a piece of g, the minimizer of f + g, as far as they hold: each is a number with its rounding errors
/// counted against it.
public struct OptimalityConditions<Element: Scalar> {
  /// A bound on ‖d‖, d the gradient of f + g along the piece.
  public var residual: Element
  /// How far w may move, in every coordinate, before it leaves the piece by itself: |wⱼ| on the support of a 1-norm.
  public var reach: Element
  /// The multipliers that hold w on its piece: how far each is from where it would let go, and how fast it follows the gradient, as a
  /// multiple of ``RoundedGradient/weights``.
  public private(set) var slacks: [(slack: Element, weight: Element)] = []

  public init(residual: Element, reach: Element, multiplierCount: Int) {
    self.residual = residual
    self.reach = reach
    slacks.reserveCapacity(multiplierCount)
  }

  /// Adds a multiplier.
  @inline(__always)
  public mutating func add(slack: Element, weight: Element) { slacks.append((slack, weight)) }

  /// Whether the exact minimizer lies on the piece, and a lower bound on the distance from w along the piece to where it ends.
  ///
  /// - Parameters:
  ///   - e: a bound on the distance to the minimizer, if it is on the piece.
  ///   - change: a bound on the change of the gradient until there, per weight.
  ///   - slope: the same for a move by one along the piece.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func piece(stateError e: Element, change: Element, slope: Element) -> (isProven: Bool, distance: Element) {
    var isProven = reach > e
    var distance = reach
    for (slack, weight) in slacks {
      if !(slack > weight * change) { isProven = false }
      // A multiplier that follows nothing never lets go.
      if weight * slope > 0 || slack <= 0 {
        distance = min(distance, max(0, slack) / max(weight * slope, .leastNormalMagnitude))
      }
    }
    return (isProven, distance)
  }
}
