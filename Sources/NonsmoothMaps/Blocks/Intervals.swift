public import LinAlg

/// The constraint lower ≤ w ≤ upper, entry by entry: what a ``Box`` is at given parameters. Every coordinate is a block.
public struct Intervals<Element: Scalar>: BlockSeparableFunction {
  public let blocks: Groups
  private var lower: Vector<Element>
  private var upper: Vector<Element>

  /// - Precondition: as many lower as upper bounds, no lower one above its upper one; infinite ones are none.
  public init(lower: Vector<Element>, upper: Vector<Element>) {
    precondition(
      lower.count == upper.count && (0..<lower.count).allSatisfy { lower[$0] <= upper[$0] },
      "Intervals: \(lower.count) lower bounds must be at most the \(upper.count) upper ones")
    blocks = Groups(count: lower.count, size: 1)
    self.lower = lower
    self.upper = upper
  }

  public func value(block b: Int, at x: Vector<Element>) -> Element {
    if x[0].isNaN { return .nan }
    return x[0] < lower[b] || x[0] > upper[b] ? .infinity : 0
  }

  public func apply(block b: Int, step s: Element, to x: inout Vector<Element>) {
    if x[0] < lower[b] { x[0] = lower[b] }
    if x[0] > upper[b] { x[0] = upper[b] }
  }

  public func isFixed(block b: Int, at x: Vector<Element>) -> Bool { x[0] == lower[b] || x[0] == upper[b] }

  public func distance(block b: Int, at x: Vector<Element>, of v: Vector<Element>) -> Element {
    if v[0].isNaN { return .nan }
    if lower[b] == upper[b] { return 0 }
    if x[0] == lower[b] { return max(0, v[0]) }
    return x[0] == upper[b] ? max(0, -v[0]) : v[0].magnitude
  }

  public func scale(block b: Int) -> Element { 0 }

  public func fill(_ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>) {
    piece.curvature = 0
    piece.normal[0] = 0
    piece.gradient[0] = 0
    piece.isFree[0] = !isFixed(block: b, at: x)
  }

  public func clip(block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>) {
    apply(block: b, step: 1, to: &trial)
  }

  /// A constraint is no norm.
  public func dualNorm(block b: Int, of v: Vector<Element>) -> Element? { nil }

  public func isScreened(block b: Int, _ v: Vector<Element>, radius: Element) -> Bool { false }

  /// Bounds over σ.
  public func scaled(to σ: Element) -> Intervals? {
    var result = self
    for j in 0..<lower.count {
      guard let l = lower[j].scaled(to: σ), let u = upper[j].scaled(to: σ) else { return nil }
      (result.lower[j], result.upper[j]) = (l, u)
    }
    return result
  }
}
