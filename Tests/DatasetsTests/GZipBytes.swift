import TestSupport

/// gzip made without zlib: stored blocks, and the CRC bit by bit.
enum GZipBytes {
  static func member(_ content: [UInt8], crc: UInt32? = nil) -> [UInt8] {
    var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = content[...]
    repeat {
      let block = rest.prefix(0xFFFF)
      rest = rest.dropFirst(block.count)
      let length = UInt16(block.count)
      result += [rest.isEmpty ? 1 : 0] + NPYBytes.bytes(of: length) + NPYBytes.bytes(of: ~length) + block
    } while !rest.isEmpty
    return result + NPYBytes.bytes(of: crc ?? checksum(content)) + NPYBytes.bytes(of: UInt32(content.count))
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = crc & 1 == 1
        crc >>= 1
        if isOdd { crc ^= 0xEDB8_8320 }
      }
    }
    return ~crc
  }
}
