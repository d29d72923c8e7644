/// Random numbers addressed by (seed, stream, position): the package's own generator.
///
/// The words of a stream are the halves of Philox blocks with key `seed` and counter (`position / 2`, `stream`). Streams
/// of one seed are independent, and any position is reached at once, so a run that is split over tasks or ranks draws
/// the numbers that the whole run draws. Integers and uniforms have the same bits everywhere; normals go through the C
/// library's logarithm and cosine and may differ by an ulp between platforms.
public struct RandomStream: RandomNumberGenerator, Sendable {
  public let seed: UInt64
  public let stream: UInt64
  private var drawn: UInt64 = 0
  // The second word of the block last computed; it is the next word where `hasSecond`.
  private var second: UInt64 = 0
  private var hasSecond = false

  public init(seed: UInt64, stream: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
  }

  /// The number of 64-bit words before the next one. Setting it costs nothing.
  public var position: UInt64 {
    get { drawn }
    set {
      drawn = newValue
      hasSecond = false
    }
  }

  /// The word at the position; the position moves on by one.
  public mutating func next() -> UInt64 {
    let isFirst = drawn & 1 == 0
    if hasSecond {
      hasSecond = false
    } else {
      let block = Philox4x32.block(
        counter: SIMD4(Self.low(drawn >> 1), Self.high(drawn >> 1), Self.low(stream), Self.high(stream)),
        key: SIMD2(Self.low(seed), Self.high(seed)))
      second = UInt64(block.w) << 32 | UInt64(block.z)
      if isFirst {
        drawn &+= 1
        hasSecond = true
        return UInt64(block.y) << 32 | UInt64(block.x)
      }
    }
    drawn &+= 1
    return second
  }

  private static func low(_ x: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: x) }
  private static func high(_ x: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: x >> 32) }

  /// A uniform deviate: a multiple of 2⁻⁵³ in [0, 1). One word.
  public mutating func nextUniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A standard normal deviate by the transformation of Box and Muller, √(−2 log(1 − u)) cos(2πv) of two uniforms.
  ///
  /// The sine's companion is not kept: a deviate takes two words whatever came before, so it can be addressed by its
  /// position. Magnitudes end at √(106 log 2) ≈ 8.57.
  public mutating func nextNormal() -> Double {
    let u = nextUniform()
    let v = nextUniform()
    return (-2 * Elementary.logarithm(1 - u)).squareRoot() * Elementary.cosine(2 * .pi * v)
  }

  /// A uniform index in `0 ..< bound`, without bias: Lemire's multiplication, rejecting fewer than `bound` words of 2⁶⁴.
  ///
  /// - Precondition: `bound` is positive.
  public mutating func nextIndex(below bound: Int) -> Int {
    precondition(bound > 0, "RandomStream.nextIndex: the bound must be positive, not \(bound)")
    let n = UInt64(bound)
    var product = next().multipliedFullWidth(by: n)
    if product.low < n {
      let threshold = (0 &- n) % n
      while product.low < threshold { product = next().multipliedFullWidth(by: n) }
    }
    return Int(product.high)
  }

  /// Every entry ← an index in `0 ..< bound`, drawn with replacement. Allocates nothing when the array is its own.
  ///
  /// - Precondition: `bound` is positive.
  public mutating func fill(indices: inout [Int], below bound: Int) {
    precondition(bound > 0, "RandomStream.fill: the bound must be positive, not \(bound)")
    for k in indices.indices { indices[k] = nextIndex(below: bound) }
  }

  /// A uniform permutation of the entries, in place (Fisher and Yates, from the end).
  public mutating func shuffle(_ indices: inout [Int]) {
    var i = indices.count - 1
    while i > 0 {
      let j = nextIndex(below: i + 1)
      let moved = indices[i]
      indices[i] = indices[j]
      indices[j] = moved
      i -= 1
    }
  }
}
