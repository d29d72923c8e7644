internal import CZlib

/// A zip archive whose directory has been read: files in it stored or deflated, with the fields of 64 bits where there are any.
///
/// Format: APPNOTE.TXT of PKWARE, sections 4.3.7 to 4.3.16. Nothing is allocated for a file before its size was checked, and what is read has the
/// checksum that the archive says.
final class ZipArchive: Sendable {
  struct Entry: Sendable {
    var name: String
    var method: Int
    var checksum: UInt32
    var storedSize: Int
    var size: Int
    /// Where its local header begins.
    var offset: Int
  }

  let file: InputFile
  let entries: [Entry]

  static let magic = Array("PK".utf8)
  /// An empty comment is the usual one; longer ones are as long as two bytes can say.
  private static let longestEnd = 22 + 0xFFFF
  /// A deflated byte stands for 258 × 8 / 2 bytes at most.
  private static let deepest = 1032

  init(_ path: String) throws(DatasetError) {
    file = try InputFile(path)
    guard file.size >= 22 else {
      throw .invalid(path: path, reason: "has \(file.size) bytes; a zip archive has at least 22")
    }
    let directory = try Self.directory(of: file)
    var reader = ByteReader(try file.bytes(directory.range.count, at: directory.range.lowerBound))
    var entries: [Entry] = []
    var names: Set<String> = []
    while reader.position < reader.bytes.count {
      let place = directory.range.lowerBound + reader.position
      guard let entry = Self.entry(&reader) else {
        throw .invalid(path: path, reason: "zip directory corrupt at byte \(place); expected the entry of a file")
      }
      if !names.insert(entry.name).inserted {
        throw .invalid(path: path, reason: "holds '\(DatasetError.oneLine(entry.name))' twice; expected distinct names")
      }
      entries.append(entry)
    }
    guard entries.count == directory.count else {
      throw .invalid(
        path: path, reason: "zip directory has \(entries.count) files; expected \(directory.count) by its end")
    }
    self.entries = entries
  }

  /// The bytes of a file in the archive.
  func content(of entry: Entry) throws(DatasetError) -> [UInt8] {
    let path = file.path + "/" + entry.name
    func invalid(_ reason: String) -> DatasetError { .invalid(path: path, reason: reason) }
    guard entry.method == 0 || entry.method == 8 else {
      throw invalid("is compressed by method \(entry.method); expected stored (0) or deflated (8)")
    }
    guard entry.offset <= file.size - 30 else {
      throw invalid("begins at byte \(entry.offset), beyond the end: truncated")
    }
    var header = ByteReader(try file.bytes(30, at: entry.offset))
    guard header.integer(4) == 0x0403_4B50 else {
      throw invalid("no local header at byte \(entry.offset) of the archive; expected PK\\x03\\x04")
    }
    header.position = 6
    if header.integer(2)! & 1 == 1 { throw invalid("is encrypted; expected plain data") }
    header.position = 26
    let start = entry.offset + 30 + header.integer(2)! + header.integer(2)!
    guard start <= file.size, entry.storedSize <= file.size - start else {
      throw invalid("\(entry.storedSize) bytes from byte \(start) on go beyond the end of the archive: truncated")
    }
    guard entry.method == 8 ? entry.size / Self.deepest <= entry.storedSize : entry.size == entry.storedSize else {
      throw invalid("\(entry.storedSize) stored bytes cannot be the \(entry.size) bytes that the archive says")
    }
    try Memory.require(
      Memory.sum([(entry.size, 1), (entry.storedSize, 1)]), for: "a file of \(entry.size) bytes", path: path)
    let stored = try file.bytes(entry.storedSize, at: start)
    let content = entry.method == 0 ? stored : try Self.inflate(stored, to: entry.size, path)
    guard GZip.crc32(content) == entry.checksum else {
      throw invalid("its checksum is not what the archive says: damaged")
    }
    return content
  }

  /// Where the directory lies, and how many files it says it has.
  private static func directory(of file: borrowing InputFile) throws(DatasetError) -> (range: Range<Int>, count: Int) {
    func invalid(_ path: String, _ reason: String) -> DatasetError { .invalid(path: path, reason: reason) }
    let tail = min(file.size, longestEnd)
    var reader = ByteReader(try file.bytes(tail, at: file.size - tail))
    // The comment that ends the archive may hold anything; what begins the end says how long it is.
    let place = (0...(tail - 22)).reversed().first { k in
      let bytes = reader.bytes
      return bytes[k] == 0x50 && bytes[k + 1] == 0x4B && bytes[k + 2] == 5 && bytes[k + 3] == 6
        && Int(bytes[k + 20]) + Int(bytes[k + 21]) << 8 == tail - 22 - k
    }
    guard let place else {
      throw invalid(file.path, "has no end of a zip directory: no zip archive, or truncated")
    }
    let end = file.size - tail + place
    reader.position = place + 4
    let disks = (reader.integer(2)!, reader.integer(2)!)
    var (here, count) = (reader.integer(2)!, reader.integer(2)!)
    var (size, offset) = (reader.integer(4)!, reader.integer(4)!)
    if end >= 20 + 56 {
      var locator = ByteReader(try file.bytes(20, at: end - 20))
      if locator.integer(4) == 0x0706_4B50 {
        locator.position = 8
        let place = locator.integer(8) ?? -1
        guard place >= 0, place <= end - 76 else {
          throw invalid(file.path, "zip64 locator corrupt at byte \(end - 20)")
        }
        var record = ByteReader(try file.bytes(56, at: place))
        guard record.integer(4) == 0x0606_4B50 else {
          throw invalid(file.path, "zip64 directory corrupt at byte \(place)")
        }
        record.position = 24
        (here, count) = (record.integer(8) ?? -1, record.integer(8) ?? -1)
        (size, offset) = (record.integer(8) ?? -1, record.integer(8) ?? -1)
      }
    }
    guard here == count, disks.0 == disks.1 else {
      throw invalid(file.path, "is a part of a zip archive; expected a whole one")
    }
    guard size >= 0, offset >= 0, offset <= end, size <= end - offset, count >= 0, count <= size / 46 else {
      throw invalid(
        file.path, "zip directory of \(count) files in \(size) bytes from byte \(offset) on does not fit: truncated")
    }
    return (offset..<(offset + size), count)
  }

  /// The entry at the reader's place, which moves behind it; nil where there is none.
  private static func entry(_ reader: inout ByteReader) -> Entry? {
    let start = reader.position
    guard start + 46 <= reader.bytes.count, reader.integer(4) == 0x0201_4B50 else { return nil }
    reader.position = start + 10
    let method = reader.integer(2)!
    reader.position = start + 16
    let checksum = UInt32(reader.integer(4)!)
    var (storedSize, size) = (reader.integer(4)!, reader.integer(4)!)
    let (nameLength, extraLength, commentLength) = (reader.integer(2)!, reader.integer(2)!, reader.integer(2)!)
    reader.position = start + 42
    var offset = reader.integer(4)!
    let extra = start + 46 + nameLength
    guard extra + extraLength + commentLength <= reader.bytes.count,
      let name = String(validating: reader.bytes[(start + 46)..<extra], as: UTF8.self)
    else { return nil }
    // What does not fit in 32 bits stands in a field of its own, in this order.
    reader.position = extra
    while reader.position + 4 <= extra + extraLength {
      let (tag, length) = (reader.integer(2)!, reader.integer(2)!)
      let next = reader.position + length
      guard next <= extra + extraLength else { return nil }
      if tag == 1 {
        func wide(_ value: inout Int) -> Bool {
          if value != 0xFFFF_FFFF { return true }
          guard reader.position + 8 <= next, let found = reader.integer(8), found >= 0 else { return false }
          value = found
          return true
        }
        guard wide(&size), wide(&storedSize), wide(&offset) else { return nil }
      }
      reader.position = next
    }
    reader.position = extra + extraLength + commentLength
    return Entry(
      name: name, method: method, checksum: checksum, storedSize: storedSize, size: size, offset: offset)
  }

  private static func inflate(_ bytes: [UInt8], to size: Int, _ path: String) throws(DatasetError) -> [UInt8] {
    var stream = z_stream()
    guard czlib_inflate_init_raw(&stream) == Z_OK else { throw .invalid(path: path, reason: "zlib cannot be started") }
    defer { inflateEnd(&stream) }
    var (taken, made) = (0, 0)
    var status = Z_OK
    let result = [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
      bytes.withUnsafeBufferPointer { input in
        // zlib counts in 32 bits.
        while status == Z_OK {
          let (given, room) = (min(input.count - taken, 1 << 30), min(size - made, 1 << 30))
          var nothing: UInt8 = 0
          withUnsafeMutablePointer(to: &nothing) { nothing in
            stream.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + taken) }
            stream.avail_in = UInt32(given)
            stream.next_out = output.baseAddress.map { $0 + made } ?? nothing
            stream.avail_out = UInt32(room)
            status = CZlib.inflate(&stream, Z_NO_FLUSH)
          }
          taken += given - Int(stream.avail_in)
          made += room - Int(stream.avail_out)
        }
      }
      initialized = made
    }
    guard status == Z_STREAM_END, made == size, taken == bytes.count else {
      let reason = stream.msg.map { String(cString: $0) } ?? "\(made) bytes of \(size)"
      throw .invalid(path: path, reason: "deflated data corrupt at byte \(taken): \(reason)")
    }
    return result
  }
}

/// Integers, the lowest byte first, out of bytes.
struct ByteReader {
  let bytes: [UInt8]
  var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next one, of `size` bytes; nil beyond the end and where it is beyond an `Int`.
  mutating func integer(_ size: Int) -> Int? {
    guard position + size <= bytes.count else { return nil }
    var value: UInt64 = 0
    for k in 0..<size { value |= UInt64(bytes[position + k]) << UInt64(8 * k) }
    position += size
    return Int(exactly: value)
  }
}
