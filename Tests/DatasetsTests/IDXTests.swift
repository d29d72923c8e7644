import Datasets
import LinAlg
import RandomStreams
import TestSupport
import Testing

@Suite struct IDXTests {
  let directory = try! TemporaryDirectory()

  static let images: [UInt8] =
    [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]
  static let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9]

  @Test func readsImagesAndLabelsPlainAndCompressed() throws {
    for wrap in [{ $0 }, { GZipBytes.member($0) }] as [([UInt8]) -> [UInt8]] {
      let images = try directory.write(wrap(Self.images), "images")
      let labels = try directory.write(wrap(Self.labels), "labels")
      let (x, y) = try IDX.labelled(features: images, labels: labels, as: Double.self)
      #expect(x == Matrix([[0, 51, 102, 153, 204, 255], [1, 2, 3, 4, 5, 6]]))
      #expect(x.layout == .columnMajor)
      #expect(y == [7, 9])
      #expect(try IDX.contents(of: images).shape == [2, 2, 3])
    }
  }

  /// 0 and 255 are the ends exactly; k · 51 lies at −1 + 2k/5, rounded three times.
  @Test func scalesToTheRange() throws {
    let x = try IDX.features(at: directory.write(Self.images, "images"), as: Double.self, scaledTo: -1...1)
    #expect(x[0, 0] == -1 && x[0, 5] == 1)
    for k in 0...5 { #expect(abs(x[0, k] - (-1 + 0.4 * Double(k))) <= 3 * (1.0).ulp) }
  }

  @Test func writesWhatItReads() throws {
    let path = directory.file("images")
    try IDX.write(shape: [2, 2, 3], bytes: Array(Self.images[16...]), to: path)
    #expect(try directory.bytes("images") == Self.images)
    try IDX.write(shape: [0], bytes: [], to: path)
    #expect(try IDX.labels(at: path) == [])
  }

  @Test func whatIsWrongIsSaid() throws {
    let huge: [UInt8] = [255, 255, 255, 255]
    let cases: [([UInt8], String)] = [
      ([], "has 0 bytes"), ([0, 0, 8], "has 3 bytes"), ([1, 0, 8, 1, 0, 0, 0, 0], "begins with bytes 1, 0, 8"),
      ([0, 0, 0x0D, 1, 0, 0, 0, 0], "begins with bytes 0, 0, 13"), ([0, 0, 8, 0, 5], "0 dimensions"),
      ([0, 0, 8, 3, 0, 0, 0, 2], "3 dimensions"), (Array(Self.images.dropLast()), "11 bytes from byte 16"),
      (Self.images + [0], "13 bytes from byte 16"), ([0, 0, 8, 2] + huge + huge, "too large"),
      ([0, 0, 8, 3] + [0, 0, 0, 0] + [127, 255, 255, 255] + [127, 255, 255, 255], "too large"),
    ]
    for (bytes, says) in cases {
      let path = try directory.write(bytes, "bad")
      let error = #expect(throws: DatasetError.self) { try IDX.features(at: path, as: Double.self) }
      #expect("\(error!)".contains(says), "\(error!)")
    }
    let images = try directory.write(Self.images, "images")
    #expect(throws: DatasetError.self) { try IDX.labels(at: images) }
    let three = try directory.write([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3], "labels")
    let error = #expect(throws: DatasetError.self) { try IDX.labelled(features: images, labels: three, as: Float.self) }
    #expect("\(error!)".contains("3 labels; expected 2"))
    let nowhere = directory.file("nowhere")
    #expect(throws: DatasetError.missing(path: nowhere)) { try IDX.labels(at: nowhere) }
  }

  @Test func mutatedBytesNeverCrash() throws {
    var random = RandomStream(seed: 5)
    for _ in 0..<500 {
      var bytes = Self.images
      for _ in 0...random.nextIndex(below: 3) {
        bytes[random.nextIndex(below: bytes.count)] ^= 1 << random.nextIndex(below: 8)
      }
      let path = try directory.write(bytes, "mutated")
      do throws(DatasetError) { _ = try IDX.features(at: path, as: Float.self) } catch {}
    }
  }
}
