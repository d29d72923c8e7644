internal import CZlib

/// Reads gzip files through the system's zlib, which checks each member's CRC and length.
public enum GZip {
  /// The bytes of the file at `path`, inflated where it is a gzip file (told by its first bytes, not by its name).
  ///
  /// - Parameter limit: the most bytes the file and the result may have: a small file can inflate to any size.
  /// - Throws: ``DatasetError``, for a corrupt or truncated stream and for one beyond the limit.
  public static func contents(of path: String, limit: Int = 1 << 30) throws(DatasetError) -> [UInt8] {
    let file = try InputFile(path)
    guard file.size <= limit else { throw beyond(limit, path) }
    let bytes = try file.bytes(file.size)
    return bytes.starts(with: [0x1F, 0x8B]) ? try inflate(bytes, limit: limit, path: path) : bytes
  }

  /// The CRC-32 of gzip, zlib and PNG.
  public static func crc32(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
  }

  /// Every member of a gzip file, one after the other.
  static func inflate(_ bytes: [UInt8], limit: Int, path: String) throws(DatasetError) -> [UInt8] {
    var stream = z_stream()
    guard czlib_inflate_init_gzip(&stream) == Z_OK else {
      throw .invalid(path: path, reason: "zlib cannot be started: \(message(stream))")
    }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var position = 0
    while true {
      let given = min(bytes.count - position, 1 << 30)
      var status = Z_OK
      var taken = 0
      var made = 0
      bytes.withUnsafeBufferPointer { input in
        chunk.withUnsafeMutableBufferPointer { buffer in
          stream.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + position) }
          stream.avail_in = UInt32(given)
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          status = CZlib.inflate(&stream, Z_NO_FLUSH)
          taken = given - Int(stream.avail_in)
          made = buffer.count - Int(stream.avail_out)
        }
      }
      position += taken
      guard output.count + made <= limit else { throw beyond(limit, path) }
      output.append(contentsOf: chunk[..<made])
      switch status {
      case Z_OK: continue
      case Z_STREAM_END:
        if position == bytes.count { return output }
        guard inflateReset(&stream) == Z_OK else {
          throw .invalid(path: path, reason: "zlib cannot be restarted: \(message(stream))")
        }
      // zlib asks for more where there is no more.
      case Z_BUF_ERROR: throw .invalid(path: path, reason: "gzip stream ends at byte \(position): truncated")
      default: throw .invalid(path: path, reason: "gzip stream corrupt at byte \(position): \(message(stream))")
      }
    }
  }

  private static func beyond(_ limit: Int, _ path: String) -> DatasetError {
    .invalid(path: path, reason: "holds more than the \(limit) bytes accepted")
  }

  private static func message(_ stream: z_stream) -> String { stream.msg.map { String(cString: $0) } ?? "no message" }
}
