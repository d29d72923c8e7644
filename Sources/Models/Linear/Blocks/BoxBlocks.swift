public import LinAlg
public import NonsmoothMaps

/// The constraint `lower ≤ wⱼ ≤ upper` with λ = (lower, upper), or nonnegativity without parameters. Every coordinate is a block.
public struct BoxBlocks<Element: Scalar>: BlockPenalty {
  public let blocks: BlockPartition
  private let isNonnegativity: Bool

  /// p coordinates between λ₀ and λ₁.
  public init(count p: Int) {
    blocks = BlockPartition(count: p, size: 1)
    isNonnegativity = false
  }

  private init(nonnegative p: Int) {
    blocks = BlockPartition(count: p, size: 1)
    isNonnegativity = true
  }

  /// p coordinates of at least 0.
  public static func nonnegative(count p: Int) -> BoxBlocks { BoxBlocks(nonnegative: p) }

  public var parameterCount: Int { isNonnegativity ? 0 : 2 }

  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if isNonnegativity || λ[0] <= λ[1] || λ[0].isNaN || λ[1].isNaN { return nil }
    return ParameterViolation(index: 1, value: Double(λ[1]), expected: "an upper bound that is not below the lower one")
  }

  private func bounds(_ λ: Vector<Element>) -> (lower: Element, upper: Element) {
    isNonnegativity ? (0, .infinity) : (λ[0], λ[1])
  }

  public func value(block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let (lower, upper) = bounds(λ)
    return x[0] < lower || x[0] > upper ? .infinity : 0
  }

  public func apply(block b: Int, step s: Element, parameters λ: Vector<Element>, to x: inout Vector<Element>) {
    let (lower, upper) = bounds(λ)
    if x[0] < lower { x[0] = lower }
    if x[0] > upper { x[0] = upper }
  }

  public func isFixed(block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>) -> Bool {
    let (lower, upper) = bounds(λ)
    return x[0] == lower || x[0] == upper
  }

  public func distance(
    block b: Int, at x: Vector<Element>, of v: Vector<Element>, parameters λ: Vector<Element>
  ) -> Element {
    let (lower, upper) = bounds(λ)
    if lower == upper { return 0 }
    if x[0] == lower { return max(0, v[0]) }
    return x[0] == upper ? max(0, -v[0]) : v[0].magnitude
  }

  public func scale(block b: Int, parameters λ: Vector<Element>) -> Element { 0 }

  public func fill(
    _ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>
  ) {
    piece.curvature = 0
    piece.normal[0] = 0
    piece.gradient[0] = 0
    piece.isFree[0] = !isFixed(block: b, at: x, parameters: λ)
  }

  public func clip(
    block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>, parameters λ: Vector<Element>
  ) { apply(block: b, step: 1, parameters: λ, to: &trial) }

  /// A constraint is no norm.
  public func dualNorm(block b: Int, of v: Vector<Element>, parameters λ: Vector<Element>) -> Element? { nil }

  public func isScreened(
    block b: Int, _ v: Vector<Element>, radius: Element, parameters λ: Vector<Element>
  ) -> Bool { false }
}
