import RandomStreams
import TestSupport
import Testing

@Suite struct RandomStreamTests {
  /// Where seed, stream and position go in key and counter, each half told apart.
  @Test func wordsAreHalvesOfPhiloxBlocks() {
    var zeros = RandomStream(seed: 0)
    #expect(zeros.next() == 0xE169_C58D_6627_E8D5)
    #expect(zeros.next() == 0x9B00_DBD8_BC57_AC4C)
    var stream = RandomStream(seed: 0x299F_31D0_A409_3822, stream: 0x0370_7344_1319_8A2E)
    stream.position = 2 * 0x05A3_08D3_243F_6A88
    let block = Philox4x32.block(
      counter: SIMD4(0x243F_6A88, 0x05A3_08D3, 0x1319_8A2E, 0x0370_7344), key: SIMD2(0xA409_3822, 0x299F_31D0))
    #expect(stream.next() == UInt64(block.y) << 32 | UInt64(block.x))
    #expect(stream.next() == UInt64(block.w) << 32 | UInt64(block.z))
  }

  @Test func anyPositionIsReachedAtOnce() {
    var stream = RandomStream(seed: 7, stream: 3)
    let words = (0..<40).map { _ in stream.next() }
    #expect(stream.position == 40)
    for k in (0..<40).reversed() {
      stream.position = UInt64(k)
      #expect(stream.next() == words[k])
      #expect(stream.position == UInt64(k + 1))
    }
    stream.position = 11
    #expect((11..<40).map { _ in stream.next() } == Array(words[11...]))
  }

  @Test func seedsAndStreamsDiffer() {
    var streams = [
      RandomStream(seed: 1), RandomStream(seed: 2), RandomStream(seed: 1, stream: 1), RandomStream(seed: 1 << 32),
    ]
    let firsts = streams.indices.map { streams[$0].next() }
    #expect(Set(firsts).count == 4)
  }

  @Test func normalsTakeTwoWordsEach() {
    var stream = RandomStream(seed: 5)
    let normals = (0..<10).map { _ in stream.nextNormal() }
    #expect(stream.position == 20)
    stream.position = 6
    #expect(stream.nextNormal() == normals[3])
  }

  /// Mean and variance of n uniforms: standard errors √(1/12n) and √(1/180n); of n normals √(1/n), √(2/n), and √(96/n)
  /// for the fourth moment. Five of them leave a chance below 1e-6 for each; the seed is fixed.
  @Test func momentsAreThoseOfTheDistributions() {
    var stream = RandomStream(seed: 2024)
    let n = 40_000
    let u = (0..<n).map { _ in stream.nextUniform() }
    #expect(u.allSatisfy { 0 <= $0 && $0 < 1 })
    func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }
    let count = Double(n)
    #expect(abs(mean(u) - 0.5) < 5 * (1 / (12 * count)).squareRoot())
    #expect(abs(mean(u.map { ($0 - 0.5) * ($0 - 0.5) }) - 1.0 / 12) < 5 * (1 / (180 * count)).squareRoot())
    let z = (0..<n).map { _ in stream.nextNormal() }
    #expect(abs(mean(z)) < 5 * (1 / count).squareRoot())
    #expect(abs(mean(z.map { $0 * $0 }) - 1) < 5 * (2 / count).squareRoot())
    #expect(abs(mean(z.map { $0 * $0 * $0 * $0 }) - 3) < 5 * (96 / count).squareRoot())
    #expect(abs(mean(zip(z, z.dropFirst()).map { $0 * $1 })) < 5 * (1 / count).squareRoot())
  }

  /// Thirds are counted. With a bound of 3 · 2⁶¹ a plain remainder of a word would favour the lower two thirds, 3/8 each.
  /// The standard error of a third of n draws is √(2/9n).
  @Test(arguments: [3, 3 << 40, 3 << 61]) func indicesAreUnbiased(bound: Int) {
    var stream = RandomStream(seed: 11, stream: 4)
    let n = 20_000
    var counts = [0, 0, 0]
    for _ in 0..<n {
      let index = stream.nextIndex(below: bound)
      #expect((0..<bound).contains(index))
      counts[index / (bound / 3)] += 1
    }
    for count in counts { #expect(abs(Double(count) / Double(n) - 1.0 / 3) < 5 * (2 / (9 * Double(n))).squareRoot()) }
  }

  @Test func aBoundOfOneIsZero() {
    var stream = RandomStream(seed: 1)
    #expect((0..<5).allSatisfy { _ in stream.nextIndex(below: 1) == 0 })
  }

  @Test func fillDrawsWhatNextIndexDraws() {
    var one = RandomStream(seed: 3)
    var other = one
    var indices = [Int](repeating: -1, count: 100)
    one.fill(indices: &indices, below: 17)
    #expect(indices == (0..<100).map { _ in other.nextIndex(below: 17) })
    #expect(Set(indices) == Set(0..<17))
  }

  @Test func shuffleIsAPermutationAndReachesAll() {
    var stream = RandomStream(seed: 8)
    var seen: [[Int]: Int] = [:]
    let n = 6000
    for _ in 0..<n {
      var three = [0, 1, 2]
      stream.shuffle(&three)
      #expect(three.sorted() == [0, 1, 2])
      seen[three, default: 0] += 1
    }
    // Six permutations of probability 1/6: standard error √(5/36n) each.
    #expect(seen.count == 6)
    for count in seen.values {
      #expect(abs(Double(count) / Double(n) - 1.0 / 6) < 5 * (5 / (36 * Double(n))).squareRoot())
    }
    var none: [Int] = []
    stream.shuffle(&none)
    #expect(none == [])
  }

  @Test(.enabled(if: Allocations.areCounted)) func drawingAllocatesNothing() {
    var stream = RandomStream(seed: 3)
    var indices = [Int](repeating: 0, count: 1000)
    let (_, allocations) = Allocations.count {
      stream.fill(indices: &indices, below: 12345)
      stream.shuffle(&indices)
      for _ in 0..<100 { _ = stream.nextNormal() }
    }
    #expect(allocations == 0)
  }
}
