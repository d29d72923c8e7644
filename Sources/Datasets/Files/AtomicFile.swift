internal import Synchronization

/// Writes a file so that its path holds either what was there before or all of what is new.
///
/// The bytes go to a temporary file beside it, which is brought to the disk and then renamed. A symbolic link is followed:
/// it stays, and what it leads to is replaced or made. A file that is replaced keeps its permission bits.
public enum AtomicFile {
  /// Writes `bytes` to `path`, replacing a file that is there.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``; the path then holds what it held before.
  public static func write(_ bytes: some Collection<UInt8>, to path: String) throws(DatasetError) {
    try write(to: path) { (output) throws(DatasetError) in
      var failure: DatasetError?
      let found: Void? = bytes.withContiguousStorageIfAvailable { buffer in
        do throws(DatasetError) { try output.append(UnsafeRawBufferPointer(buffer)) } catch { failure = error }
      }
      if found == nil { try output.append(Array(bytes)) }
      if let failure { throw failure }
    }
  }

  /// Writes `text` as UTF-8 to `path`, replacing a file that is there.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``; the path then holds what it held before.
  public static func write(_ text: String, to path: String) throws(DatasetError) {
    try write(text.utf8, to: path)
  }

  /// Finds out whether ``write(_:to:)`` could put a file at `path`, by making the temporary file and removing it.
  ///
  /// What is at `path` is not touched. A disk that fills up later is not foreseen.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func requireWritable(_ path: String) throws(DatasetError) {
    let (descriptor, temporary) = try openTemporary(for: path, at: try destination(of: path))
    _ = System.closeFile(descriptor)
    System.remove(temporary)
    InterruptedFile.forget(temporary)
  }

  /// Where a file written to `path` comes to lie: the end of its symbolic links, be there a file yet or not.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)`` where the links lead in a circle or to what has no name.
  public static func destination(of path: String) throws(DatasetError) -> String {
    guard !path.isEmpty else { throw .unwritable(path: path, reason: "the path is empty") }
    guard !path.utf8.contains(0) else { throw .unwritable(path: path, reason: "the path holds a zero byte") }
    var end = path
    // As many as Linux follows.
    for _ in 0...40 {
      guard let link = System.link(at: end) else {
        // The links of `/proc` may lead to a pipe or to a file that was removed: what they say is then no path.
        guard System.kind(at: path) == nil || System.isSameFile(path, end) else {
          throw .unwritable(path: path, reason: "is a link to what has no path; expected a file or nothing")
        }
        return end
      }
      end = link.hasPrefix("/") ? link : folder(of: end) + "/" + link
    }
    throw .unwritable(path: path, reason: "is a symbolic link that leads in a circle, or over more than 40 others")
  }

  private static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

  /// A new file beside `end`, the destination of `path`, open for writing.
  private static func openTemporary(
    for path: String, at end: String
  ) throws(DatasetError) -> (descriptor: Int32, path: String) {
    // A renaming would put a plain file in the place of a device.
    switch System.kind(at: end) {
    case .directory: throw .unwritable(path: path, reason: "is a directory; expected a file or nothing")
    case .other: throw .unwritable(path: path, reason: "is not a regular file; expected a file or nothing")
    case .regular, nil: break
    }
    let number = temporaries.wrappingAdd(1, ordering: .relaxed).newValue
    let temporary = "\(end).\(System.processID).\(number).tmp"
    InterruptedFile.remember(temporary)
    guard let descriptor = System.create(temporary, permissions: System.permissions(at: end)) else {
      let reason = System.lastError
      InterruptedFile.forget(temporary)
      throw .unwritable(path: path, reason: "cannot be created: \(reason)")
    }
    return (descriptor, temporary)
  }

  /// Writes what `body` appends.
  static func write(to path: String, _ body: (Output) throws(DatasetError) -> Void) throws(DatasetError) {
    let end = try destination(of: path)
    let (descriptor, temporary) = try openTemporary(for: path, at: end)
    defer { InterruptedFile.forget(temporary) }
    do throws(DatasetError) {
      do throws(DatasetError) {
        try body(Output(path: path, descriptor: descriptor))
        if !System.synchronize(descriptor) { throw Output.failure(path) }
      } catch {
        _ = System.closeFile(descriptor)
        throw error
      }
      if !System.closeFile(descriptor) || !System.move(temporary, to: end) { throw Output.failure(path) }
    } catch {
      System.remove(temporary)
      throw error
    }
    System.synchronizeDirectory(folder(of: end))
  }

  private static let temporaries = Atomic<Int>(0)

  /// Where ``write(to:_:)`` takes bytes.
  struct Output {
    let path: String
    let descriptor: Int32

    static func failure(_ path: String) -> DatasetError {
      .unwritable(path: path, reason: "cannot be written: \(System.lastError)")
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(DatasetError) {
      var rest = bytes
      while !rest.isEmpty {
        guard let count = System.write(descriptor, rest) else { throw Output.failure(path) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }

    func append(_ bytes: [UInt8]) throws(DatasetError) {
      var failure: DatasetError?
      bytes.withUnsafeBytes { buffer in
        do throws(DatasetError) { try append(buffer) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }
}
