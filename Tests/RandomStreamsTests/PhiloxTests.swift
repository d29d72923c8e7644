import RandomStreams
import Testing

/// Known answers of Salmon et al., file kat_vectors of Random123, lines `philox4x32 10`.
@Suite struct PhiloxTests {
  struct Answer: Sendable {
    let counter: SIMD4<UInt32>
    let key: SIMD2<UInt32>
    let block: SIMD4<UInt32>
  }

  static let answers = [
    Answer(
      counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0),
      block: SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)),
    Answer(
      counter: SIMD4(repeating: UInt32.max), key: SIMD2(repeating: UInt32.max),
      block: SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)),
    Answer(
      counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), key: SIMD2(0xA409_3822, 0x299F_31D0),
      block: SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)),
  ]

  @Test(arguments: answers) func givesThePublishedBlocks(answer: Answer) {
    #expect(Philox4x32.block(counter: answer.counter, key: answer.key) == answer.block)
  }
}
