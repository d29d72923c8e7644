/// A file as memory. Pages that are written to become this process's own; the file is never written.
///
/// What another program does to the file meanwhile is seen here: numbers may change (``isUnchanged`` tells), and a file that is cut short has
/// no pages behind its end, where reading raises SIGBUS (``LostPages``).
final class MappedFile: Sendable {
  // Safe to send: no one writes but through values that hold the sole reference.
  nonisolated(unsafe) let start: UnsafeMutableRawPointer
  private let size: Int
  private let descriptor: Int32
  private let stamp: System.Stamp

  /// nil where the system does not map it.
  init?(_ file: borrowing InputFile) {
    guard let descriptor = file.duplicate() else { return nil }
    guard let stamp = System.stamp(descriptor), stamp.size == file.size,
      let start = System.map(descriptor, size: file.size)
    else {
      _ = System.closeFile(descriptor)
      return nil
    }
    (self.start, self.descriptor, self.stamp, size) = (start, descriptor, stamp, file.size)
    LostPages.remember(file.path, at: start, size: size)
  }

  deinit {
    System.unmap(start, size: size)
    _ = System.closeFile(descriptor)
  }

  /// Whether nothing has been written to the file since it was mapped, as far as its times tell.
  var isUnchanged: Bool { System.stamp(descriptor) == stamp }
}
