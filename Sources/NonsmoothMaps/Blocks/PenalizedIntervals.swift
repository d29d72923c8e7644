public import LinAlg

/// Σ tⱼ |wⱼ| on lower ≤ w ≤ upper: what a ``BoundedL1`` is at given parameters. Every coordinate is a block.
public struct PenalizedIntervals<Element: Scalar>: BlockSeparableFunction {
  public let blocks: Groups
  private var strengths: Vector<Element>
  private var lower: Vector<Element>
  private var upper: Vector<Element>

  /// - Precondition: as many strengths, at least 0, as bounds, which have 0 between them.
  init(strengths: Vector<Element>, lower: Vector<Element>, upper: Vector<Element>) {
    precondition(strengths.count == lower.count && lower.count == upper.count, "PenalizedIntervals: unequal counts")
    blocks = Groups(count: lower.count, size: 1)
    self.strengths = strengths
    self.lower = lower
    self.upper = upper
  }

  public func value(block b: Int, at x: Vector<Element>) -> Element {
    if x[0].isNaN { return .nan }
    return x[0] < lower[b] || x[0] > upper[b] ? .infinity : strengths[b] * x[0].magnitude
  }

  public func apply(block b: Int, step s: Element, to x: inout Vector<Element>) {
    let t = s * strengths[b]
    x[0] = clipped(b, x[0] > t ? x[0] - t : x[0] < -t ? x[0] + t : x[0].magnitude <= t ? 0 : x[0])
  }

  private func clipped(_ b: Int, _ x: Element) -> Element { x < lower[b] ? lower[b] : x > upper[b] ? upper[b] : x }

  public func isFixed(block b: Int, at x: Vector<Element>) -> Bool {
    x[0] == lower[b] || x[0] == upper[b] || (x[0] == 0 && strengths[b] > 0)
  }

  /// The subdifferential is the sign's times t, without a lower end where x is at its lower bound and without an upper end at the upper one.
  public func distance(block b: Int, at x: Vector<Element>, of v: Vector<Element>) -> Element {
    if v[0].isNaN { return .nan }
    let t = strengths[b]
    let (least, most) = x[0] > 0 ? (t, t) : x[0] < 0 ? (-t, -t) : (-t, t)
    let above = x[0] == upper[b] ? 0 : v[0] - most
    let below = x[0] == lower[b] ? 0 : least - v[0]
    return max(0, above, below)
  }

  public func scale(block b: Int) -> Element { strengths[b] }

  public func fill(_ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>) {
    piece.curvature = 0
    piece.normal[0] = 0
    piece.gradient[0] = x[0] > 0 ? strengths[b] : x[0] < 0 ? -strengths[b] : 0
    piece.isFree[0] = !isFixed(block: b, at: x)
  }

  public func clip(block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>) {
    if strengths[b] > 0 && trial[0] * x[0] < 0 { trial[0] = 0 }
    trial[0] = clipped(b, trial[0])
  }

  /// With bounds it is no norm.
  public func dualNorm(block b: Int, of v: Vector<Element>) -> Element? { nil }

  public func isScreened(block b: Int, _ v: Vector<Element>, radius: Element) -> Bool { false }

  /// Strengths and bounds over σ.
  public func scaled(to σ: Element) -> PenalizedIntervals? {
    var result = self
    for j in 0..<lower.count {
      guard let t = strengths[j].scaled(to: σ), let l = lower[j].scaled(to: σ), let u = upper[j].scaled(to: σ)
      else { return nil }
      (result.strengths[j], result.lower[j], result.upper[j]) = (t, l, u)
    }
    return result
  }
}

extension BoundedL1: BlockPenalty {
  public func makeBlocks(count p: Int, parameters λ: Vector<Element>) -> PenalizedIntervals<Element> {
    PenalizedIntervals(
      strengths: Vector(count: p) { strengths.strength($0, λ) }, lower: lower, upper: upper)
  }
}
