public import LinAlg

/// How the samples of a loss count: a weight cᵢ ≥ 0 and an offset oᵢ of its score for each, `f(w) = Σ cᵢ ℓ(xᵢ·w + oᵢ, yᵢ)/Σ cᵢ`.
///
/// A weight of 0 leaves a sample out, one of 2 counts it twice.
public struct SampleTerms<Element: Scalar>: Sendable {
  /// n cᵢ/Σ c, n entries of mean 1; nil where all count alike.
  public let weights: Vector<Element>?
  /// o, n entries; nil for zeros.
  public let offsets: Vector<Element>?
  /// The largest of the weights, 1 where there are none.
  let largestWeight: Element
  let leastWeight: Element

  /// All alike, no offsets.
  public static var none: SampleTerms { SampleTerms() }

  /// - Parameters:
  ///   - weights: c, in any unit.
  /// - Precondition: weights are finite, at least 0 and not all 0; offsets are as many.
  public init(weights c: Vector<Element>? = nil, offsets: Vector<Element>? = nil) {
    precondition(
      c == nil || offsets == nil || c!.count == offsets!.count, "SampleTerms: weights and offsets of unequal counts")
    self.offsets = offsets
    guard let c else {
      (weights, largestWeight, leastWeight) = (nil, 1, 1)
      return
    }
    precondition(
      c.allSatisfy { $0 >= 0 && $0.isFinite } && c.maxNorm > 0,
      "SampleTerms: weights must be finite, at least 0 and not all 0")
    // In units of the largest, so that no sum overflows.
    let unit = c.maxNorm
    let sum = c.reduce(0) { $0 + $1 / unit }
    let mean = sum / Element(c.count)
    let scaled = Vector(count: c.count) { c[$0] / unit / mean }
    (weights, largestWeight, leastWeight) = (scaled, scaled.maxNorm, scaled.min() ?? 1)
  }

  /// Those of the samples at `indices`, whose weights again have mean 1.
  public func subset(_ indices: [Int]) -> SampleTerms {
    func gather(_ x: Vector<Element>?) -> Vector<Element>? {
      x.map { x in Vector(count: indices.count) { x[indices[$0]] } }
    }
    return SampleTerms(weights: gather(weights), offsets: gather(offsets))
  }

  /// Whether samples are as if nothing was said of them.
  var isPlain: Bool { weights == nil && offsets == nil }

  /// z + o.
  func shifted(_ z: Vector<Element>) -> Vector<Element> { offsets.map { z + $0 } ?? z }

  func requireCount(_ n: Int) {
    precondition(
      (weights?.count ?? n) == n && (offsets?.count ?? n) == n,
      "SampleTerms: \(weights?.count ?? offsets?.count ?? n) weights or offsets for \(n) samples")
  }
}
