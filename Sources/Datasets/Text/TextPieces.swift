/// A plain text file in pieces of whole lines, one after the other: never all of it is in memory.
struct TextPieces: Sendable {
  /// Some lines.
  struct Piece {
    /// Without the line break at the end.
    var bytes: [UInt8]
    /// The line on which it begins, from 1.
    var line: Int
    /// Whether nothing follows.
    var isLast: Bool
  }

  private let file: OpenText
  private let hasQuotes: Bool
  private let capacity: Int
  private var place: Int
  private var line = 1

  var path: String { file.path }

  /// - Parameters:
  ///   - hasQuotes: whether a line break between quotes ends no line.
  ///   - capacity: the bytes that a piece may have; a longer line is refused beyond 16 times that.
  /// - Throws: ``DatasetError`` for what is no plain text by its first bytes.
  init(_ path: String, hasQuotes: Bool, capacity: Int = 1 << 20) throws(DatasetError) {
    file = try OpenText(path)
    (self.hasQuotes, self.capacity, place) = (hasQuotes, capacity, file.start)
  }

  /// At most so many lines; nil behind the last.
  mutating func next(lines most: Int) throws(DatasetError) -> Piece? {
    if place >= file.size { return nil }
    var wanted = capacity
    while true {
      let count = min(wanted, file.size - place)
      var bytes = try file.bytes(count, at: place)
      let isWhole = place + count == file.size
      let (end, breaks) = Self.end(of: bytes, lines: most, isWhole, hasQuotes)
      if let end {
        let piece = (line, end)
        bytes.removeSubrange(end...)
        place += end
        line += breaks
        if bytes.last == UInt8(ascii: "\n"), place < file.size { bytes.removeLast() }
        return Piece(bytes: bytes, line: piece.0, isLast: place == file.size)
      }
      guard wanted < 16 * capacity else {
        throw .invalid(
          path: file.path,
          reason: "line \(line) has more than \(wanted) bytes; expected shorter lines where rows come in blocks")
      }
      wanted *= 2
    }
  }

  /// Where the last whole line ends of at most so many, and the line breaks up to there. Lines without content stay with the line before.
  private static func end(of bytes: [UInt8], lines most: Int, _ isWhole: Bool, _ hasQuotes: Bool) -> (Int?, Int) {
    var (lines, breaks, isQuoted) = (0, 0, false)
    var found: (end: Int?, breaks: Int) = (nil, 0)
    bytes.withUnsafeBufferPointer { bytes in
      for i in 0..<bytes.count {
        if hasQuotes, bytes[i] == UInt8(ascii: "\"") { isQuoted.toggle() }
        guard bytes[i] == UInt8(ascii: "\n") else { continue }
        breaks += 1
        if isQuoted || i + 1 == bytes.count { continue }
        if bytes[i + 1] == UInt8(ascii: "\n") || bytes[i + 1] == UInt8(ascii: "\r") { continue }
        lines += 1
        found = (i + 1, breaks)
        if lines == most { return }
      }
      if isWhole { found = (bytes.count, breaks) }
    }
    return found
  }
}

/// A text file open for reading.
final class OpenText: Sendable {
  private let file: InputFile
  /// Where the text begins.
  let start: Int

  init(_ path: String) throws(DatasetError) {
    let file = try InputFile(path)
    let first = try file.bytes(min(16, file.size))
    if first.starts(with: [0x1F, 0x8B]) {
      throw .invalid(path: path, reason: "is compressed by gzip; expected plain text where rows come in blocks")
    }
    start = try TextFile.start(first, path)
    self.file = file
  }

  var path: String { file.path }
  var size: Int { file.size }
  /// Where the first line begins at byte `place` or behind it, or the end.
  func lineStart(from place: Int) throws(DatasetError) -> Int {
    if place <= start { return start }
    var next = place - 1
    while next < size {
      let some = try bytes(min(1 << 16, size - next), at: next)
      if let found = some.firstIndex(of: UInt8(ascii: "\n")) { return next + found + 1 }
      next += some.count
    }
    return size
  }

  /// The line breaks before byte `end`.
  func breaks(before end: Int) throws(DatasetError) -> Int {
    var (next, count) = (start, 0)
    while next < end {
      let some = try bytes(min(1 << 20, end - next), at: next)
      count += some.count { $0 == UInt8(ascii: "\n") }
      next += some.count
    }
    return count
  }

  func bytes(_ count: Int, at place: Int) throws(DatasetError) -> [UInt8] { try file.bytes(count, at: place) }
}
