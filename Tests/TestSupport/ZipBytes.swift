import Datasets

/// A zip archive of stored files built by hand, so that each part can be wrong.
public struct ZipBytes: Sendable {
  public var files: [(name: String, bytes: [UInt8])]
  /// Whether sizes and places stand in the fields of 64 bits.
  public var isWide = false
  public var method = 0
  public var comment: [UInt8] = []
  public var flags = 0

  public init(_ files: [(name: String, bytes: [UInt8])]) { self.files = files }

  private static func le(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  public var bytes: [UInt8] {
    var result: [UInt8] = []
    var directory: [UInt8] = []
    let none = 0xFFFF_FFFF
    for (name, content) in files {
      let name = Array(name.utf8)
      let offset = result.count
      let crc = Self.le(Int(GZip.crc32(content)), 4)
      let size = content.count
      let narrow = isWide ? Self.le(none, 4) + Self.le(none, 4) : Self.le(size, 4) + Self.le(size, 4)
      let local = isWide ? Self.le(1, 2) + Self.le(16, 2) + Self.le(size, 8) + Self.le(size, 8) : []
      let versions = Self.le(45, 2) + Self.le(flags, 2) + Self.le(method, 2) + Self.le(0, 4)
      result += [0x50, 0x4B, 3, 4] + versions + crc + narrow + Self.le(name.count, 2) + Self.le(local.count, 2)
      result += name + local + content
      let extra =
        isWide ? Self.le(1, 2) + Self.le(24, 2) + Self.le(size, 8) + Self.le(size, 8) + Self.le(offset, 8) : []
      directory += [0x50, 0x4B, 1, 2] + Self.le(45, 2) + versions + crc + narrow + Self.le(name.count, 2)
      directory += Self.le(extra.count, 2) + Self.le(0, 10) + Self.le(isWide ? none : offset, 4) + name + extra
    }
    let place = result.count
    result += directory
    if isWide {
      let record = result.count
      result += [0x50, 0x4B, 6, 6] + Self.le(44, 8) + Self.le(45, 2) + Self.le(45, 2) + Self.le(0, 8)
      result += Self.le(files.count, 8) + Self.le(files.count, 8) + Self.le(directory.count, 8) + Self.le(place, 8)
      result += [0x50, 0x4B, 6, 7] + Self.le(0, 4) + Self.le(record, 8) + Self.le(1, 4)
    }
    let count = Self.le(isWide ? 0xFFFF : files.count, 2)
    result += [0x50, 0x4B, 5, 6] + Self.le(0, 4) + count + count
    result += isWide ? Self.le(none, 8) : Self.le(directory.count, 4) + Self.le(place, 4)
    return result + Self.le(comment.count, 2) + comment
  }
}

extension NPYBytes {
  /// A vector of doubles.
  public static func vector(_ values: [Double]) -> [UInt8] {
    NPYBytes(shape: "(\(values.count),)", data: values.flatMap { bytes(of: $0.bitPattern) }).bytes
  }

  /// A matrix of doubles in C order.
  public static func matrix(_ rows: [[Double]]) -> [UInt8] {
    NPYBytes(shape: "(\(rows.count), \(rows[0].count))", data: rows.flatMap { $0.flatMap { bytes(of: $0.bitPattern) } })
      .bytes
  }

  /// A vector of integers.
  public static func integers(_ values: [Int]) -> [UInt8] {
    NPYBytes(descr: "'<i8'", shape: "(\(values.count),)", data: values.flatMap { bytes(of: $0) }).bytes
  }

  /// A string, as an array without dimensions.
  public static func text(_ text: String) -> [UInt8] {
    NPYBytes(descr: "'|S\(text.utf8.count)'", shape: "()", data: Array(text.utf8)).bytes
  }
}
