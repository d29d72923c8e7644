/// The Mersenne twister with the draws of NumPy's `RandomState(seed)`: what data and splits of published experiments
/// were made with.
///
/// Integers, uniforms and permutations are NumPy's bit for bit, normals to the last bits of the C library's logarithm.
/// M. Matsumoto, T. Nishimura: Mersenne twister, ACM TOMACS 8 (1998). For new randomness use ``RandomStream``.
public struct MersenneTwister19937: RandomNumberGenerator, Sendable {
  private var state: [UInt32]
  private var position = 624
  private var cachedNormal: Double?

  /// The state that NumPy's `RandomState(seed)` starts from.
  public init(seed: UInt32) {
    state = [UInt32](repeating: seed, count: 624)
    for i in 1..<624 {
      let previous = state[i - 1]
      state[i] = 1_812_433_253 &* (previous ^ previous >> 30) &+ UInt32(i)
    }
  }

  /// The next 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if position == 624 { regenerate() }
    var y = state[position]
    position += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C_5680
    y ^= y << 15 & 0xEFC6_0000
    return y ^ y >> 18
  }

  private mutating func regenerate() {
    for i in 0..<624 {
      let y = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7FFF_FFFF
      state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    position = 0
  }

  /// The next 64 random bits: two words, the higher one first.
  public mutating func next() -> UInt64 {
    let high = UInt64(nextWord())
    return high << 32 | UInt64(nextWord())
  }

  /// A uniform deviate in [0, 1) of 53 bits: `random_sample`.
  public mutating func nextUniform() -> Double {
    let high = Double(nextWord() >> 5)
    let low = Double(nextWord() >> 6)
    return (high * 0x1p26 + low) * 0x1p-53
  }

  /// A standard normal deviate: `randn`, Marsaglia's polar method with the second of a pair kept for the next call.
  public mutating func nextNormal() -> Double {
    if let cached = cachedNormal {
      cachedNormal = nil
      return cached
    }
    while true {
      let x = 2 * nextUniform() - 1
      let y = 2 * nextUniform() - 1
      let r = x * x + y * y
      if r < 1, r != 0 {
        let factor = (-2 * Elementary.logarithm(r) / r).squareRoot()
        cachedNormal = factor * x
        return factor * y
      }
    }
  }

  /// A uniform integer in `0 ... maximum`: words under the smallest covering mask until one fits. No word for 0.
  ///
  /// - Precondition: `maximum` is not negative.
  public mutating func nextIndex(through maximum: Int) -> Int {
    precondition(maximum >= 0, "MersenneTwister19937.nextIndex: the maximum cannot be negative (\(maximum))")
    if maximum == 0 { return 0 }
    let mask = UInt64.max >> UInt64(maximum.leadingZeroBitCount)
    while true {
      let value = (maximum <= Int(UInt32.max) ? UInt64(nextWord()) : next()) & mask
      if value <= UInt64(maximum) { return Int(value) }
    }
  }

  /// A uniform permutation of the entries, in place: `shuffle`.
  public mutating func shuffle(_ indices: inout [Int]) {
    var i = indices.count - 1
    while i > 0 {
      let j = nextIndex(through: i)
      let moved = indices[i]
      indices[i] = indices[j]
      indices[j] = moved
      i -= 1
    }
  }

  /// A permutation of `0 ..< count`: `permutation`.
  public mutating func permutation(_ count: Int) -> [Int] {
    var result = Array(0..<count)
    shuffle(&result)
    return result
  }
}
