import Datasets
import RandomStreams
import TestSupport
import Testing

@Suite struct GZipTests {
  let directory = try! TemporaryDirectory()

  /// python3 -c "import gzip; print(gzip.compress(b'to be or not to be, that is the question: to be or not to be', 9, mtime=0).hex())"
  @Test func inflatesWhatPythonDeflated() throws {
    let hex =
      "1f8b08000000000002032bc957484a55c82f52c8cb2f5128017174144a32124b14328b8174aa4261696a7149667e9e15441245250075fe71593c000000"
    var bytes: [UInt8] = []
    var digits = hex[...]
    while !digits.isEmpty {
      bytes.append(UInt8(digits.prefix(2), radix: 16)!)
      digits = digits.dropFirst(2)
    }
    let path = try directory.write(bytes, "text.gz")
    #expect(
      try GZip.contents(of: path) == Array("to be or not to be, that is the question: to be or not to be".utf8))
  }

  @Test func plainFilesPassAndMembersFollowEachOther() throws {
    let long = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * $0) }
    #expect(try GZip.contents(of: directory.write([1, 2, 3], "plain")) == [1, 2, 3])
    #expect(try GZip.contents(of: directory.write([], "empty")) == [])
    #expect(try GZip.contents(of: directory.write(GZipBytes.member([]), "none.gz")) == [])
    let two = try directory.write(GZipBytes.member(long) + GZipBytes.member([7, 8]), "two.gz")
    #expect(try GZip.contents(of: two) == long + [7, 8])
  }

  @Test func whatIsWrongIsSaid() throws {
    let good = GZipBytes.member(Array("some text".utf8))
    let cases: [([UInt8], String)] = [
      (GZipBytes.member(Array("some text".utf8), crc: 1), "incorrect data check"),
      (Array(good.dropLast()), "truncated"),
      (Array(good.prefix(12)), "truncated"), (Array(good.prefix(2)), "truncated"), (good + [1, 2, 3], "corrupt"),
      (good.dropLast(4) + [1, 0, 0, 0], "incorrect length check"),
      ([0x1F, 0x8B, 9] + good.dropFirst(3), "unknown compression method"),
      (Array(good.prefix(10)) + [7, 0, 0], "invalid block type"),
    ]
    for (bytes, says) in cases {
      let path = try directory.write(bytes, "bad.gz")
      let error = #expect(throws: DatasetError.self) { try GZip.contents(of: path) }
      guard case .invalid(path, let reason)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(reason.contains(says), "\(reason)")
    }
  }

  @Test func theLimitHolds() throws {
    let path = try directory.write(GZipBytes.member([UInt8](repeating: 0, count: 100_000)), "zeros.gz")
    #expect(try GZip.contents(of: path, limit: 100_050).count == 100_000)
    // Stored blocks are longer than what they hold: this file is refused by its own size, the next one by its content.
    #expect(throws: DatasetError.self) { try GZip.contents(of: path, limit: 99_999) }
    let bomb = try directory.write(Self.deflatedZeros, "bomb.gz")
    #expect(try GZip.contents(of: bomb) == [UInt8](repeating: 0, count: 20_000))
    let error = #expect(throws: DatasetError.self) { try GZip.contents(of: bomb, limit: 19_999) }
    #expect("\(error!)".contains("more than the 19999 bytes"))
    #expect(try GZip.contents(of: bomb, limit: 20_000).count == 20_000)
  }

  /// python3 -c "import gzip; print(list(gzip.compress(bytes(20000), 9, mtime=0)))"
  static let deflatedZeros: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 245, 79, 109, 13, 15, 160, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120, 48, 2, 83, 47, 151, 32, 78, 0, 0,
  ]

  @Test func mutatedBytesNeverCrash() throws {
    var random = RandomStream(seed: 77)
    let original = GZipBytes.member((0..<300).map { UInt8(truncatingIfNeeded: $0) }) + Self.deflatedZeros
    var refused = 0
    for _ in 0..<1000 {
      var bytes = original
      bytes[random.nextIndex(below: bytes.count)] ^= 1 << random.nextIndex(below: 8)
      if random.nextIndex(below: 3) == 0 { bytes.removeLast(random.nextIndex(below: 100)) }
      let path = try directory.write(bytes, "mutated.gz")
      do throws(DatasetError) { _ = try GZip.contents(of: path, limit: 1 << 20) } catch { refused += 1 }
    }
    // Only names, times and the two bytes that tell gzip from other files are free.
    #expect(refused > 800)
  }
}
