/// The bytes of a text file, plain or gzipped, without the mark that some programs put before UTF-8.
enum TextFile {
  /// - Throws: ``DatasetError`` for what is no text by its first bytes, and for what memory does not hold.
  static func contents(of path: String) throws(DatasetError) -> [UInt8] {
    let size = try InputFile(path).size
    try Memory.require(size, for: "a file of \(size) bytes", path: path)
    // What a gzip file holds is known once it is inflated; a quarter of the memory leaves room to
    // grow in, and for what is made of it.
    var bytes = try GZip.contents(of: path, limit: max(size, System.availableMemory / 4))
    let start = try start(bytes.prefix(16), path)
    if start > 0 { bytes.removeFirst(start) }
    return bytes
  }

  /// Where text begins that has these first bytes.
  ///
  /// - Throws: ``DatasetError`` where they are no text's.
  static func start(_ bytes: some Sequence<UInt8>, _ path: String) throws(DatasetError) -> Int {
    if let kind = foreign.first(where: { bytes.starts(with: $0.mark) }) {
      throw .invalid(path: path, reason: "\(kind.says); expected text, plain or gzipped")
    }
    return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  private static let foreign: [(mark: [UInt8], says: String)] = [
    ([0xFF, 0xFE], "is text in UTF-16"), ([0xFE, 0xFF], "is text in UTF-16"),
    (Array("BZh".utf8), "is compressed by bzip2"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "is compressed by xz"), ([0x28, 0xB5, 0x2F, 0xFD], "is compressed by zstd"),
    (Array("PK\u{3}\u{4}".utf8), "is a zip archive"), (NPYHeader.magic, "is a NumPy array"),
    (Array("PAR1".utf8), "is a Parquet file"), (Array("\u{7F}ELF".utf8), "is a program"),
  ]

  /// A piece of the file for a message: one line, not too long.
  static func excerpt(_ bytes: some Sequence<UInt8>) -> String {
    let text = DatasetError.oneLine(String(decoding: Array(bytes.prefix(60)), as: UTF8.self))
    return text.count > 40 ? text.prefix(40) + "…" : text
  }
}
