import RandomStreams
import Testing

/// NumPy's numbers, made with NumPy 2.4.6 by
///
///     import numpy as np
///     for s in (0, 3, 2**40 + 5, 2**64 - 1):
///       print(np.random.default_rng(s).bit_generator.random_raw(4), np.random.default_rng(s).random(3),
///         np.random.default_rng(s).standard_normal(5))
///       g = np.random.default_rng(s); z = g.standard_normal(200000)
///       print(z.sum(), (abs(z) > 3.6541528853610088).sum(), g.bit_generator.random_raw())
@Suite struct PCG64Tests {
  struct Sample: Sendable {
    let seed: UInt64
    let words: [UInt64]
    let uniforms: [Double]
    let normals: [Double]
    let sum: Double
    let beyond: Int
    let next: UInt64
  }

  static let samples = [
    Sample(
      seed: 0, words: [0xA30F_EBCF_D9C2_825F, 0x4510_BDF8_82D9_D721, 0x0A7D_3DA9_4ECD_E8B8, 0x043B_27B6_1342_F01D],
      uniforms: [0.6369616873214543, 0.2697867137638703, 0.04097352393619469],
      normals: [
        0.1257302210933933, -0.1321048632913019, 0.6404226504432821, 0.10490011715303971, -0.535669373161111,
      ], sum: 26.135110527473202, beyond: 58, next: 0x2984_0D98_B08F_0296),
    Sample(
      seed: 3, words: [0x15ED_1A93_CFBE_C2F8, 0x3C9F_9D05_2DEF_D3F5, 0xCD20_52C7_2E6D_EC36, 0x9508_9239_DE86_0724],
      uniforms: [0.08564916714362436, 0.2368105065960997, 0.8012744652063969],
      normals: [
        2.0409191213851825, -2.5556650313141818, 0.41809884672577885, -0.5677696061279298, -0.45264929211044586,
      ], sum: 86.8770200558233, beyond: 45, next: 0xD749_1672_CF09_A1B4),
    Sample(
      seed: 1 << 40 | 5,
      words: [0x0136_9AEF_039F_EDEB, 0x5F61_B404_7331_4316, 0x9654_AAEE_EA6E_BE77, 0x26C2_209B_E641_7518],
      uniforms: [0.004739459374490829, 0.3725845824112115, 0.5872294266977701],
      normals: [
        -0.09818552148928854, -0.6994306412054528, 1.0290864089932255, -0.15573410684893257, -0.47500471737741634,
      ], sum: -387.4387470956833, beyond: 52, next: 0x0CE4_83A1_2E12_5DEC),
    Sample(
      seed: .max, words: [0xAE16_3A7A_8C47_568F, 0xD866_59F5_F338_2359, 0x01E5_2B19_5BC2_D24A, 0xE502_6AAF_19A2_2DB1],
      uniforms: [0.6800266789616931, 0.8453117585624743, 0.007403081599260064],
      normals: [
        0.7213364570768727, -0.9707961689465133, 0.06922650485737146, -0.29658368621351155, -0.024826016879994986,
      ], sum: -219.22836044151842, beyond: 45, next: 0x974D_E0F2_9726_A161),
  ]

  @Test(arguments: samples) func drawsAreNumPys(sample: Sample) {
    var words = PCG64(seed: sample.seed)
    #expect(sample.words.map { _ in words.next() } == sample.words)
    var uniforms = PCG64(seed: sample.seed)
    #expect(sample.uniforms.map { _ in uniforms.nextUniform() } == sample.uniforms)
    var normals = PCG64(seed: sample.seed)
    for expected in sample.normals {
      // The layers' recurrence carries rounding over 254 steps: NumPy's table and ours differ by up to 5e-14.
      #expect(abs(normals.nextNormal() - expected) <= 1e-13 * abs(expected))
    }
  }

  /// After 200,000 normals both generators stand at the same word: every acceptance, wedge and tail went the same way.
  @Test(arguments: samples) func longRunsStayInStep(sample: Sample) {
    var r = PCG64(seed: sample.seed)
    var sum = 0.0
    var beyond = 0
    for _ in 0..<200_000 {
      let z = r.nextNormal()
      sum += z
      beyond += abs(z) > 3.6541528853610088 ? 1 : 0
    }
    #expect(r.next() == sample.next)
    #expect(beyond == sample.beyond)
    // Σ|z| is about 160,000, each term within 1e-13; 200,000 additions of partial sums below 2048.
    #expect(abs(sum - sample.sum) < 1.6e5 * 1e-13 + 2e5 * (1024.0).ulp)
  }
}
