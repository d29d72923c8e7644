/// A regular file open for reading, or the bytes of one that was in an archive.
struct InputFile: ~Copyable {
  let path: String
  /// The number of bytes it had when it was opened.
  let size: Int
  private let descriptor: Int32
  private let content: [UInt8]?

  /// Bytes that are in memory.
  ///
  /// - Parameter path: what they are called where something is wrong with them.
  init(_ content: [UInt8], path: String) {
    self.path = path
    self.content = content
    descriptor = -1
    size = content.count
  }

  init(_ path: String) throws(DatasetError) {
    guard !path.utf8.contains(0) else { throw .invalid(path: path, reason: "the path holds a zero byte") }
    guard let descriptor = System.openForReading(path) else {
      if System.lastErrorIsMissing {
        if System.isOccupied(path) { throw .invalid(path: path, reason: "is a link to what is not there") }
        throw .missing(path: path)
      }
      throw .invalid(path: path, reason: "cannot be opened: \(System.lastError)")
    }
    guard let status = System.status(descriptor), status.kind == .regular else {
      let isDirectory = System.status(descriptor)?.kind == .directory
      _ = System.closeFile(descriptor)
      throw .invalid(path: path, reason: "is \(isDirectory ? "a directory" : "not a regular file"); expected a file")
    }
    self.path = path
    self.descriptor = descriptor
    content = nil
    size = status.size
  }

  deinit { if content == nil { _ = System.closeFile(descriptor) } }

  /// Another descriptor of the same open file; nil where there is none or it was in an archive.
  func duplicate() -> Int32? { content == nil ? System.duplicate(descriptor) : nil }

  /// Fills `bytes` from the file's byte `offset` on.
  func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(DatasetError) {
    if let content {
      guard offset <= size, bytes.count <= size - offset else {
        throw .invalid(path: path, reason: "ends at byte \(size); expected \(bytes.count) bytes from byte \(offset) on")
      }
      content.withUnsafeBytes {
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + bytes.count]))
      }
      return
    }
    var done = 0
    while done < bytes.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      guard let count = System.read(descriptor, rest, at: offset + done) else {
        throw .invalid(path: path, reason: "cannot be read at byte \(offset + done): \(System.lastError)")
      }
      guard count > 0 else {
        throw .invalid(
          path: path, reason: "ends at byte \(offset + done); expected \(bytes.count) bytes from byte \(offset) on")
      }
      done += count
    }
  }

  /// `count` bytes from the file's byte `offset` on.
  func bytes(_ count: Int, at offset: Int = 0) throws(DatasetError) -> [UInt8] {
    var failure: DatasetError?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(DatasetError) {
        try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
        initialized = count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return result
  }

  /// The whole file.
  static func contents(of path: String) throws(DatasetError) -> [UInt8] {
    let file = try InputFile(path)
    return try file.bytes(file.size)
  }
}
