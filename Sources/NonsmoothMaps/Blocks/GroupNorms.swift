public import LinAlg

/// `Σ_b (t_b ‖w_b‖ + Σ_{j in b} τ_j |w_j|)` with strengths of at least 0: what the group lasso and the sparse group lasso are at given
/// parameters. A block without strengths is not penalized.
public struct GroupNorms<Element: Scalar>: BlockSeparableFunction {
  public let blocks: Groups
  /// t, one for each block.
  private var norms: Vector<Element>
  /// τ, block after block; nil where there is no 1-norm.
  private var oneNorms: Vector<Element>?

  /// - Parameters:
  ///   - norms: t_b by block.
  ///   - oneNorms: τ_j by coordinate; nil for none.
  public init(_ blocks: Groups, norms: Vector<Element>, oneNorms: Vector<Element>? = nil) {
    precondition(
      norms.count == blocks.count && (oneNorms?.count ?? blocks.coordinateCount) == blocks.coordinateCount,
      "GroupNorms: \(norms.count) and \(oneNorms?.count ?? 0) strengths for \(blocks.count) groups of \(blocks.coordinateCount)"
    )
    self.blocks = blocks
    self.norms = norms
    self.oneNorms = oneNorms.map { τ in Vector(count: τ.count) { τ[blocks.coordinates[$0]] } }
  }

  /// τ of the block's coordinates, or nil.
  private func thresholds(_ b: Int) -> UnsafePointer<Element>? {
    oneNorms.map { UnsafePointer($0.base + blocks.starts[b]) }
  }

  /// The norm of m numbers without overflow or underflow on the way.
  @inline(__always)
  private func norm(_ m: Int, _ entry: (Int) -> Element) -> Element {
    var sum: Element = 0
    for i in 0..<m { sum += entry(i) * entry(i) }
    // Between these no square that matters was lost.
    if sum > .leastNormalMagnitude / .ulpOfOne && sum.isFinite { return sum.squareRoot() }
    var largest: Element = 0
    for i in 0..<m where !(entry(i).magnitude <= largest) {
      largest = entry(i).magnitude
      if largest.isNaN { return .nan }
    }
    if largest == 0 || !largest.isFinite { return largest }
    sum = 0
    for i in 0..<m { sum += (entry(i) / largest) * (entry(i) / largest) }
    return largest * sum.squareRoot()
  }

  /// max(0, a − τ), which keeps a NaN.
  @inline(__always)
  private func excess(_ a: Element, over τ: Element) -> Element { a <= τ ? 0 : a - τ }

  /// ‖soft(v, c τ)‖.
  private func shrunkNorm(_ b: Int, _ v: Vector<Element>, _ c: Element) -> Element {
    let (m, entries) = (blocks.size(b), v.base)
    guard let τ = thresholds(b) else { return norm(m) { entries[$0] } }
    return norm(m) { excess(entries[$0].magnitude, over: c * τ[$0]) }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(block b: Int, at x: Vector<Element>) -> Element {
    let (m, entries) = (blocks.size(b), x.base)
    var sum = norms[b] * norm(m) { entries[$0] }
    if let τ = thresholds(b) { for i in 0..<m { sum += τ[i] * entries[i].magnitude } }
    return sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(block b: Int, step s: Element, to x: inout Vector<Element>) {
    let (m, u) = (blocks.size(b), x.mutableBase())
    if let τ = thresholds(b) {
      for i in 0..<m {
        let a = excess(u[i].magnitude, over: s * τ[i])
        u[i] = u[i] < 0 ? -a : a
      }
    }
    let t = s * norms[b]
    let size = norm(m) { u[$0] }
    if t == 0 && !size.isNaN { return }
    // Not 1 − t/size, which loses the digits of size − t. A NaN stays one.
    let shrink = size <= t ? 0 : (size - t) / size
    for i in 0..<m { u[i] *= shrink }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func isFixed(block b: Int, at x: Vector<Element>) -> Bool {
    let (m, entries, τ) = (blocks.size(b), x.base, thresholds(b))
    for i in 0..<m where entries[i] != 0 || (norms[b] == 0 && !((τ?[i] ?? 0) > 0)) { return false }
    return true
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func distance(block b: Int, at x: Vector<Element>, of v: Vector<Element>) -> Element {
    let (m, t, entries, values) = (blocks.size(b), norms[b], x.base, v.base)
    let size = norm(m) { entries[$0] }
    if size == 0 { return excess(shrunkNorm(b, v, 1), over: t) }
    let τ = thresholds(b)
    return norm(m) { i in
      let rest = values[i] - t * (entries[i] / size)
      guard let τ else { return rest }
      return entries[i] == 0 ? excess(rest.magnitude, over: τ[i]) : entries[i] > 0 ? rest - τ[i] : rest + τ[i]
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func scale(block b: Int) -> Element {
    guard let τ = thresholds(b) else { return norms[b] }
    return norms[b] + norm(blocks.size(b)) { τ[$0] }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func fill(_ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>) {
    let (m, t, entries, τ) = (blocks.size(b), norms[b], x.base, thresholds(b))
    let size = norm(m) { entries[$0] }
    piece.curvature = size > 0 ? t / size : 0
    for i in 0..<m {
      let (entry, threshold) = (entries[i], τ?[i] ?? 0)
      piece.isFree[i] = (size > 0 || t == 0) && (threshold == 0 || entry != 0)
      piece.normal[i] = size > 0 ? entry / size : 0
      piece.gradient[i] = t * piece.normal[i] + (entry > 0 ? threshold : entry < 0 ? -threshold : 0)
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func clip(block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>) {
    let (m, old, new) = (blocks.size(b), x.base, trial.mutableBase())
    if let τ = thresholds(b) {
      for i in 0..<m where τ[i] > 0 && ((new[i] < 0 && old[i] > 0) || (new[i] > 0 && old[i] < 0)) { new[i] = 0 }
    }
    if norms[b] == 0 { return }
    // Beyond the kink at zero, as seen from x. The product of the two could leave the range.
    let (from, to) = (norm(m) { old[$0] }, norm(m) { new[$0] })
    var cosine: Element = 0
    for i in 0..<m { cosine += (old[i] / from) * (new[i] / to) }
    if cosine <= 0 { for i in 0..<m { new[i] = 0 } }
  }

  /// The root c of ‖soft(v, c τ)‖ = c t by Newton's method from the left, which is monotone as the difference is convex.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func dualNorm(block b: Int, of v: Vector<Element>) -> Element? {
    let (m, t, entries) = (blocks.size(b), norms[b], v.base)
    guard let τ = thresholds(b) else { return m == 0 ? 0 : t > 0 ? norm(m) { entries[$0] } / t : nil }
    if t == 0 {
      var most: Element = 0
      for i in 0..<m {
        if τ[i] == 0 { return nil }
        if !(entries[i].magnitude / τ[i] <= most) { most = entries[i].magnitude / τ[i] }
        if most.isNaN { return most }
      }
      return most
    }
    var c: Element = 0
    for _ in 0..<100 {
      let size = shrunkNorm(b, v, c)
      // The derivative of the norm: −Σ τ soft / ‖soft‖.
      var slope = t
      if size > 0 { for i in 0..<m { slope += τ[i] * (excess(entries[i].magnitude, over: c * τ[i]) / size) } }
      let next = c + (size - c * t) / slope
      if next.isNaN { return .nan }
      if !(next > c * (1 + 2 * .ulpOfOne)) { return max(c, next) }
      c = next
    }
    return c
  }

  /// Soft thresholding does not lengthen differences.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func isScreened(block b: Int, _ v: Vector<Element>, radius: Element) -> Bool {
    let slack = 1 - 32 * Element.ulpOfOne
    if norms[b] > 0 { return shrunkNorm(b, v, 1) + radius < norms[b] * slack }
    guard let τ = thresholds(b) else { return blocks.size(b) == 0 }
    return (0..<blocks.size(b)).allSatisfy { v[$0].magnitude + radius < τ[$0] * slack }
  }

  /// Norms are homogeneous: strengths over σ.
  public func scaled(to σ: Element) -> GroupNorms? {
    func scale(_ strengths: Vector<Element>) -> Vector<Element>? {
      var scaled = strengths
      for i in 0..<strengths.count {
        guard let strength = strengths[i].scaled(to: σ) else { return nil }
        scaled[i] = strength
      }
      return scaled
    }
    var result = self
    guard let norms = scale(norms) else { return nil }
    result.norms = norms
    if let oneNorms {
      guard let scaled = scale(oneNorms) else { return nil }
      result.oneNorms = scaled
    }
    return result
  }
}
