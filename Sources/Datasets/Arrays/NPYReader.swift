internal import LinAlg

/// Brings the entries of a `.npy` file to where they stay, in one pass: read, converted, looked through for what is not finite,
/// and transposed where the other order is wanted, block by block while a block is in the cache, on all processors.
///
/// The bytes are read into memory, not mapped: a file that another program cuts short or writes to meanwhile must neither kill
/// this one nor change numbers that were found to be finite. Measured, the two take the same time.
struct NPYReader<Element: Scalar> {
  let file: NPYFile
  /// The file holds so many runs of neighbours (rows in C order, columns in Fortran order) ...
  let lines: Int
  /// ... of so many entries each.
  let length: Int
  /// Whether entry k of line l goes to place k · lines + l instead of l · length + k.
  let transposes: Bool
  /// Entry k of line l is entry start + l · stride + k of the file: some of the lines, or a stretch of each.
  let start: Int
  let stride: Int

  init(_ file: NPYFile, lines: Int, length: Int, transposes: Bool, start: Int = 0, stride: Int? = nil) {
    self.file = file
    (self.start, self.stride) = (start, stride ?? length)
    // Of a single line both orders are the same.
    let isPlain = !transposes || lines == 1
    self.lines = lines
    self.length = length
    self.transposes = !isPlain
  }

  /// Entries of a block: half a MiB of doubles, half of a second-level cache or less.
  private static var blockEntries: Int { 1 << 16 }

  /// Whether the lines follow each other in the file without gaps.
  private var isPacked: Bool { stride == length }

  private var linesPerBlock: Int {
    // Eight doubles are a cache line of the transpose.
    transposes ? min(lines, max(8, Self.blockEntries / max(1, length))) : 1
  }

  /// Blocks are `linesPerBlock` lines high and this wide; a plain copy of lines without gaps takes all entries as one line.
  private var width: Int {
    if transposes { return min(length, max(64, Self.blockEntries / linesPerBlock)) }
    return min(isPacked ? lines * length : length, Self.blockEntries)
  }

  /// Fills `buffer`, all of it.
  ///
  /// - Returns: the number in the file of the first entry that is not finite.
  func fill(_ buffer: UnsafeMutableBufferPointer<Element>) throws(DatasetError) -> Int? {
    guard !buffer.isEmpty else { return nil }
    let isOneLine = !transposes && isPacked
    let across = ((isOneLine ? lines * length : length) + width - 1) / width
    let down = isOneLine ? 1 : (lines + linesPerBlock - 1) / linesPerBlock
    nonisolated(unsafe) let target = buffer.baseAddress!
    return try FileBlocks.forEach(
      across * down,
      scratch: { Scratch(entries: linesPerBlock * width, rawSize: isConverted ? file.header.type.size : 0) }
    ) { (block, scratch) throws(DatasetError) in
      try move(block / across, block % across, to: target, scratch)
    }
  }

  private var isConverted: Bool {
    file.header.type != NPY.entryType(Element.self) || file.header.isBigEndian != NPYHeader.isBigEndianHost
  }

  /// One block, from the file to its place; the first entry that is not finite.
  private func move(
    _ down: Int, _ across: Int, to target: UnsafeMutablePointer<Element>, _ scratch: Scratch
  ) throws(DatasetError) -> Int? {
    let firstLine = down * linesPerBlock
    let first = across * width
    if !transposes && isPacked {
      let count = min(width, lines * length - first)
      return try read(start + first, count, to: target + first, scratch)
    }
    let count = min(width, length - first)
    if !transposes {
      return try read(start + down * stride + first, count, to: target + down * length + first, scratch)
    }
    let height = min(linesPerBlock, lines - firstLine)
    var bad: Int?
    if count == length && isPacked {
      bad = try read(start + firstLine * length, height * length, to: scratch.entries, scratch)
    } else {
      for l in 0..<height {
        let found = try read(start + (firstLine + l) * stride + first, count, to: scratch.entries + l * count, scratch)
        bad = bad ?? found
      }
    }
    Element._transpose(count, height, scratch.entries, count, target + first * lines + firstLine, lines)
    return bad
  }

  /// `count` entries from entry `first` of the file on; the first of them that is not finite.
  private func read(
    _ first: Int, _ count: Int, to target: UnsafeMutablePointer<Element>, _ scratch: Scratch
  ) throws(DatasetError) -> Int? {
    let size = file.header.type.size
    let offset = file.header.dataOffset + first * size
    if isConverted {
      let bytes = UnsafeMutableRawBufferPointer(start: scratch.raw, count: count * size)
      try file.file.read(into: bytes, at: offset)
      convert(UnsafeRawBufferPointer(bytes), to: target)
    } else {
      try file.file.read(
        into: UnsafeMutableRawBufferPointer(start: target, count: count * MemoryLayout<Element>.size), at: offset)
    }
    let bad = Element._firstNonFinite(count, target)
    return bad < count ? first + bad : nil
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private func convert(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<Element>) {
    switch (file.header.type, file.header.isBigEndian) {
    case (.float32, let big):
      forEach(bytes, UInt32.self, big) { (target + $0).initialize(to: Element(Float(bitPattern: $1))) }
    case (.float64, let big):
      forEach(bytes, UInt64.self, big) { (target + $0).initialize(to: Element(Double(bitPattern: $1))) }
    case (.uint8, _): for i in bytes.indices { (target + i).initialize(to: Element(bytes[i])) }
    case (.int32, let big):
      forEach(bytes, UInt32.self, big) { (target + $0).initialize(to: Element(Int32(bitPattern: $1))) }
    case (.int64, let big):
      forEach(bytes, UInt64.self, big) { (target + $0).initialize(to: Element(Int64(bitPattern: $1))) }
    }
  }

  /// A worker's block: as read, and as entries where it still has to be transposed.
  private final class Scratch {
    let entries: UnsafeMutablePointer<Element>
    let raw: UnsafeMutableRawPointer

    init(entries count: Int, rawSize: Int) {
      entries = .allocate(capacity: count)
      raw = .allocate(byteCount: max(1, count * rawSize), alignment: 8)
    }

    deinit {
      entries.deallocate()
      raw.deallocate()
    }
  }
}
