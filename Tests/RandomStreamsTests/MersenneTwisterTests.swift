import RandomStreams
import Testing

/// NumPy's numbers, made with NumPy 2.4.6 by
///
///     import numpy as np
///     for s in (0, 42, 4294967295):
///       print(np.frombuffer(np.random.RandomState(s).bytes(16), '<u4'), np.random.RandomState(s).random_sample(4),
///         np.random.RandomState(s).randn(6), np.random.RandomState(s).permutation(12))
@Suite struct MersenneTwisterTests {
  struct Sample: Sendable {
    let seed: UInt32
    let words: [UInt32]
    let uniforms: [Double]
    let normals: [Double]
    let permutation: [Int]
  }

  static let samples = [
    Sample(
      seed: 0, words: [2_357_136_044, 2_546_248_239, 3_071_714_933, 3_626_093_760],
      uniforms: [0.5488135039273248, 0.7151893663724195, 0.6027633760716439, 0.5448831829968969],
      normals: [
        1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458, 1.8675579901499675,
        -0.977277879876411,
      ], permutation: [6, 11, 4, 10, 2, 8, 1, 7, 9, 3, 0, 5]),
    Sample(
      seed: 42, words: [1_608_637_542, 3_421_126_067, 4_083_286_876, 787_846_414],
      uniforms: [0.3745401188473625, 0.9507143064099162, 0.7319939418114051, 0.5986584841970366],
      normals: [
        0.4967141530112327, -0.13826430117118466, 0.6476885381006925, 1.5230298564080254, -0.23415337472333597,
        -0.23413695694918055,
      ], permutation: [10, 9, 0, 8, 5, 2, 1, 11, 4, 7, 3, 6]),
    Sample(
      seed: 4_294_967_295, words: [419_326_371, 479_346_978, 3_918_654_476, 2_416_749_639],
      uniforms: [0.0976320289940138, 0.9123828453026218, 0.78903530185164, 0.7800035981134678],
      normals: [
        0.6484086742306527, 0.6693235306338161, -1.0805437227474493, 0.2845010447986309, 0.11388773652167104,
        0.8676218937929382,
      ], permutation: [11, 8, 5, 9, 1, 10, 6, 0, 4, 7, 2, 3]),
  ]

  @Test(arguments: samples) func drawsAreNumPys(sample: Sample) {
    var words = MersenneTwister19937(seed: sample.seed)
    #expect(sample.words.map { _ in words.nextWord() } == sample.words)
    var uniforms = MersenneTwister19937(seed: sample.seed)
    #expect(sample.uniforms.map { _ in uniforms.nextUniform() } == sample.uniforms)
    var normals = MersenneTwister19937(seed: sample.seed)
    for expected in sample.normals {
      // A logarithm, a quotient and a root, each within an ulp; the root halves what comes before it.
      #expect(abs(normals.nextNormal() - expected) <= 4 * expected.ulp)
    }
    var permutation = MersenneTwister19937(seed: sample.seed)
    #expect(permutation.permutation(12) == sample.permutation)
  }

  /// r = RandomState(7): randn(3), random_sample(2), permutation(5), randn(1): the cached normal outlives other draws.
  @Test func theSecondNormalOfAPairIsKept() {
    var r = MersenneTwister19937(seed: 7)
    for expected in [1.690525703800356, -0.4659373705408328, 0.0328201636785844] {
      #expect(abs(r.nextNormal() - expected) <= 4 * expected.ulp)
    }
    #expect([r.nextUniform(), r.nextUniform()] == [0.5011204636599379, 0.07205113335976154])
    #expect(r.permutation(5) == [1, 3, 4, 0, 2])
    #expect(abs(r.nextNormal() - 0.40751628299650783) <= 4 * (0.40751628299650783).ulp)
  }

  /// r = RandomState(5); p = r.permutation(5000): ends, Σ i·pᵢ; then randn(2000).sum() and random_sample(1), which agree
  /// only if every rejection before them did.
  @Test func longRunsStayInStep() {
    var r = MersenneTwister19937(seed: 5)
    let p = r.permutation(5000)
    #expect(Array(p.prefix(6)) == [27, 1482, 3021, 3867, 637, 4191])
    #expect(Array(p.suffix(6)) == [2121, 3046, 1725, 4079, 2254, 2915])
    #expect(p.enumerated().reduce(0) { $0 + $1.offset * $1.element } == 31_164_221_209)
    let sum = (0..<2000).reduce(0.0) { sum, _ in sum + r.nextNormal() }
    // 2000 additions of partial sums below 128.
    #expect(abs(sum - 18.728017989888983) < 2000 * (128.0).ulp)
    #expect(r.nextUniform() == 0.17728311867485147)
  }

  /// The standard's own check: the 10000th word from seed 5489 is 4123659995 (ISO C++, [rand.predef]).
  @Test func theTenThousandthWord() {
    var r = MersenneTwister19937(seed: 5489)
    for _ in 1..<10_000 { _ = r.nextWord() }
    #expect(r.nextWord() == 4_123_659_995)
  }

  @Test func intervalsBeyond32BitsStayInside() {
    var r = MersenneTwister19937(seed: 1)
    #expect(r.nextIndex(through: 0) == 0)
    let values = (0..<200).map { _ in r.nextIndex(through: 5 << 40) }
    #expect(values.allSatisfy { (0...(5 << 40)).contains($0) })
    #expect(values.contains { $0 > 1 << 42 })
  }
}
