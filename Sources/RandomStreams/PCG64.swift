/// The permuted congruential generator with the draws of NumPy's `default_rng(seed)`.
///
/// Words and uniforms are NumPy's bit for bit; normals agree to about 1e-13 of their size (``nextNormal()``).
/// M. E. O'Neill: PCG, HMC-CS-2014-0905 (128 bits of state, XSL-RR output). For new randomness use ``RandomStream``.
public struct PCG64: RandomNumberGenerator, Sendable {
  private var state: UInt128
  private let increment: UInt128

  /// The state that NumPy's `default_rng(seed)` starts from.
  public init(seed: UInt64) {
    let words = SeedSequence(seed).words(4).map { UInt128($0) }
    increment = (words[2] << 64 | words[3]) << 1 | 1
    state = increment
    state &+= words[0] << 64 | words[1]
    step()
  }

  private mutating func step() {
    state = state &* 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645 &+ increment
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    step()
    let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
    let rotation = UInt64(truncatingIfNeeded: state >> 122)
    return folded >> rotation | folded << (64 - rotation)
  }

  /// A uniform deviate in [0, 1) of 53 bits: `random()`.
  public mutating func nextUniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A standard normal deviate: `standard_normal()`, by the ziggurat of 256 layers.
  ///
  /// The layers are computed here, not copied. They agree with NumPy's to about 5e-14, and so do the deviates, except
  /// that a point that near a layer's end may be accepted on one side only: a chance of the same size a draw.
  public mutating func nextNormal() -> Double {
    let ziggurat = Ziggurat.standard
    while true {
      let word = next()
      let layer = Int(word & 0xFF)
      let isNegative = word >> 8 & 1 == 1
      let bits = word >> 9 & 0xF_FFFF_FFFF_FFFF
      let magnitude = Double(bits) * ziggurat.scale[layer]
      let x = isNegative ? -magnitude : magnitude
      if bits < ziggurat.inside[layer] { return x }
      if layer == 0 { return tail(isNegative: bits >> 8 & 1 == 1) }
      let (lower, upper) = (ziggurat.density[layer], ziggurat.density[layer - 1])
      if (upper - lower) * nextUniform() + lower < Elementary.exponential(-0.5 * x * x) { return x }
    }
  }

  /// A deviate beyond the last layer, by Marsaglia's exponential rejection.
  private mutating func tail(isNegative: Bool) -> Double {
    while true {
      let past = -Elementary.logarithm(of1Plus: -nextUniform()) / Ziggurat.start
      let y = -Elementary.logarithm(of1Plus: -nextUniform())
      if y + y > past * past { return isNegative ? -(Ziggurat.start + past) : Ziggurat.start + past }
    }
  }
}
