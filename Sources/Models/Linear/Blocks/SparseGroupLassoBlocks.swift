public import LinAlg
public import NonsmoothMaps

/// `g(w, λ) = Σ_b (λ₀ weight_b ‖w_b‖ + λ₁ ‖w_b‖₁)`, or with `hasOneNorm` false the group lasso `λ₀ Σ_b weight_b ‖w_b‖`.
///
/// Weights are the square roots of the sizes unless others are given, as is usual.
public struct SparseGroupLassoBlocks<Element: Scalar>: BlockPenalty {
  public let blocks: BlockPartition
  public let weights: [Element]
  public let hasOneNorm: Bool

  /// - Precondition: one positive, finite weight per block.
  public init(_ blocks: BlockPartition, weights: [Element]? = nil, hasOneNorm: Bool) {
    let weights = weights ?? (0..<blocks.count).map { Element(blocks.size($0)).squareRoot() }
    precondition(
      weights.count == blocks.count && weights.allSatisfy { $0 > 0 && $0.isFinite },
      "SparseGroupLassoBlocks: \(weights.count) weights for \(blocks.count) blocks, all to be positive")
    self.blocks = blocks
    self.weights = weights
    self.hasOneNorm = hasOneNorm
  }

  /// λ₀ Σ_b weight_b ‖w_b‖.
  public static func groupLasso(_ blocks: BlockPartition, weights: [Element]? = nil) -> Self {
    Self(blocks, weights: weights, hasOneNorm: false)
  }

  public var parameterCount: Int { hasOneNorm ? 2 : 1 }

  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if hasOneNorm && λ[1] < 0 {
      return ParameterViolation(index: 1, value: Double(λ[1]), expected: "a strength of at least 0")
    }
    if λ[0] > 0 { return nil }
    return ParameterViolation(index: 0, value: Double(λ[0]), expected: "a strength above 0 for working sets")
  }

  /// The strength of the Euclidean norm and that of the 1-norm.
  private func strengths(_ b: Int, _ λ: Vector<Element>) -> (norm: Element, oneNorm: Element) {
    (λ[0] * weights[b], hasOneNorm ? λ[1] : 0)
  }

  private func norm(_ b: Int, _ x: Vector<Element>) -> Element { Element._nrm2(blocks.size(b), x.base) }

  /// ‖soft(v, τ)‖.
  private func shrunkNorm(_ b: Int, _ v: Vector<Element>, _ τ: Element) -> Element {
    if τ == 0 { return norm(b, v) }
    let m = blocks.size(b)
    let entries = v.base
    // Scaled by the largest entry: squares of tiny ones would vanish.
    var largest: Element = 0
    for i in 0..<m { largest = max(largest, entries[i].magnitude - τ) }
    if !(largest > 0) { return 0 }
    var sum: Element = 0
    for i in 0..<m {
      let a = max(0, entries[i].magnitude - τ) / largest
      sum += a * a
    }
    return largest * sum.squareRoot()
  }

  public func value(block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let (t, τ) = strengths(b, λ)
    let smooth = t * norm(b, x)
    return τ == 0 ? smooth : smooth + τ * Element._asum(blocks.size(b), x.base)
  }

  public func apply(block b: Int, step s: Element, parameters λ: Vector<Element>, to x: inout Vector<Element>) {
    let (t, τ) = strengths(b, λ)
    let (m, u) = (blocks.size(b), x.mutableBase())
    if τ > 0 {
      for i in 0..<m {
        let a = u[i].magnitude - s * τ
        u[i] = a > 0 ? (u[i] > 0 ? a : -a) : 0
      }
    }
    let size = Element._nrm2(m, u)
    // A NaN stays one.
    let shrink = size <= s * t ? 0 : 1 - s * t / size
    for i in 0..<m { u[i] *= shrink }
  }

  public func isFixed(block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>) -> Bool {
    let entries = x.base
    for i in 0..<blocks.size(b) where entries[i] != 0 { return false }
    return true
  }

  public func distance(
    block b: Int, at x: Vector<Element>, of v: Vector<Element>, parameters λ: Vector<Element>
  ) -> Element {
    let (t, τ) = strengths(b, λ)
    let size = norm(b, x)
    if size == 0 { return max(0, shrunkNorm(b, v, τ) - t) }
    let (entries, values) = (x.base, v.base)
    var sum: Element = 0
    for i in 0..<blocks.size(b) {
      let rest = values[i] - t * (entries[i] / size)
      let d =
        entries[i] == 0 ? max(0, rest.magnitude - τ) : entries[i] > 0 ? rest - τ : rest + τ
      sum += d * d
    }
    return sum.squareRoot()
  }

  public func scale(block b: Int, parameters λ: Vector<Element>) -> Element {
    let (t, τ) = strengths(b, λ)
    return t + τ * Element(blocks.size(b)).squareRoot()
  }

  public func fill(
    _ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>
  ) {
    let (t, τ) = strengths(b, λ)
    let size = norm(b, x)
    piece.curvature = size > 0 ? t / size : 0
    for i in 0..<blocks.size(b) {
      let entry = x.base[i]
      piece.isFree[i] = size > 0 && (τ == 0 || entry != 0)
      piece.normal[i] = size > 0 ? entry / size : 0
      piece.gradient[i] = t * piece.normal[i] + (entry > 0 ? τ : entry < 0 ? -τ : 0)
    }
  }

  public func clip(
    block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>, parameters λ: Vector<Element>
  ) {
    let (m, old, new) = (blocks.size(b), x.base, trial.mutableBase())
    if strengths(b, λ).oneNorm > 0 { for i in 0..<m where new[i] * old[i] < 0 { new[i] = 0 } }
    // Beyond the kink at zero, as seen from x.
    if Element._dot(m, old, new) <= 0 { for i in 0..<m { new[i] = 0 } }
  }

  /// The root c of ‖soft(v, c τ)‖ = c t by Newton's method from the left, which is monotone as the difference is convex.
  public func dualNorm(block b: Int, of v: Vector<Element>, parameters λ: Vector<Element>) -> Element? {
    let (t, τ) = strengths(b, λ)
    if τ == 0 { return norm(b, v) / t }
    var c: Element = 0
    for _ in 0..<100 {
      let size = shrunkNorm(b, v, c * τ)
      // The derivative of the norm: −τ ‖soft‖₁/‖soft‖.
      var sum: Element = 0
      for i in 0..<blocks.size(b) { sum += max(0, v.base[i].magnitude - c * τ) }
      let slope = t + (size > 0 ? τ * (sum / size) : 0)
      let next = c + (size - c * t) / slope
      if next.isNaN { return .nan }
      if !(next > c * (1 + 2 * .ulpOfOne)) { return max(c, next) }
      c = next
    }
    return c
  }

  /// Soft thresholding does not lengthen differences.
  public func isScreened(
    block b: Int, _ v: Vector<Element>, radius: Element, parameters λ: Vector<Element>
  ) -> Bool {
    let (t, τ) = strengths(b, λ)
    return shrunkNorm(b, v, τ) + radius < t * (1 - 32 * .ulpOfOne)
  }
}
