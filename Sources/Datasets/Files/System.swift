#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What the C library is asked for; besides this file only ``InterruptedFile`` names it.
enum System {
  /// What lies at a path.
  enum Kind { case regular, directory, other }

  /// What the last failed call says of itself, for example `Permission denied`.
  static var lastError: String { String(cString: strerror(errno)) }

  /// Whether the last failed call found nothing at its path.
  static var lastErrorIsMissing: Bool { errno == ENOENT || errno == ENOTDIR }

  /// A descriptor for reading, or nil. Does not wait for the writer of a named pipe.
  static func openForReading(_ path: String) -> Int32? { retry { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) } }

  /// A descriptor of a file that did not exist before, or nil.
  ///
  /// - Parameter permissions: the file's bits whatever the process's mask says; nil for what the mask leaves of read and write.
  static func create(_ path: String, permissions: UInt32?) -> Int32? {
    // Never open to more people than in the end, not even for a moment.
    let first: mode_t = permissions == nil ? 0o666 : 0o600
    guard let descriptor = retry({ open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, first) }) else { return nil }
    // Some file systems know no such bits; the file is then as readable as they make it.
    if let permissions { _ = fchmod(descriptor, mode_t(permissions)) }
    return descriptor
  }

  /// The permission bits of the file at a path, links followed, or nil.
  static func permissions(at path: String) -> UInt32? {
    var info = stat()
    return stat(path, &info) == 0 ? UInt32(info.st_mode) & 0o777 : nil
  }

  /// What the link at a path says; nil where there is no link.
  static func link(at path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }

  /// Whether two paths lead to one file, links followed.
  static func isSameFile(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev
      && first.st_ino == second.st_ino
  }

  /// Kind and size of what a descriptor is open on, or nil.
  static func status(_ descriptor: Int32) -> (kind: Kind, size: Int)? {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { return nil }
    return (kind(info), Int(info.st_size))
  }

  /// The kind of what is at a path, links followed, or nil.
  static func kind(at path: String) -> Kind? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return kind(info)
  }

  /// Whether anything has this name, be it a link to nothing; also where the system does not say.
  static func isOccupied(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0 || !lastErrorIsMissing
  }

  private static func kind(_ info: stat) -> Kind {
    switch info.st_mode & S_IFMT {
    case S_IFREG: .regular
    case S_IFDIR: .directory
    default: .other
    }
  }

  /// The number of bytes read from `offset` on (0 at the end of the file), or nil.
  static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int) -> Int? {
    retry { pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) }
  }

  /// The number of bytes written, or nil.
  static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int? {
    #if canImport(Glibc)
      retry { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    #elseif canImport(Musl)
      retry { Musl.write(descriptor, bytes.baseAddress, bytes.count) }
    #else
      retry { Darwin.write(descriptor, bytes.baseAddress, bytes.count) }
    #endif
  }

  /// Waits until the bytes are on the disk.
  static func synchronize(_ descriptor: Int32) -> Bool { retry { fsync(descriptor) } != nil }

  /// Makes a renaming in a directory last. Some file systems refuse to: the file itself is safe either way.
  static func synchronizeDirectory(_ path: String) {
    guard let descriptor = openForReading(path) else { return }
    _ = synchronize(descriptor)
    _ = closeFile(descriptor)
  }

  /// Another descriptor of the same open file, or nil.
  static func duplicate(_ descriptor: Int32) -> Int32? { retry { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) } }

  /// What changes with a file's content.
  struct Stamp: Equatable {
    var size: Int
    var seconds: Int
    var nanoseconds: Int
  }

  static func stamp(_ descriptor: Int32) -> Stamp? {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { return nil }
    #if canImport(Darwin)
      let time = info.st_mtimespec
    #else
      let time = info.st_mtim
    #endif
    return Stamp(size: Int(info.st_size), seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec))
  }

  /// The bytes of a file as memory that may be written to without changing it; nil where that cannot be.
  static func map(_ descriptor: Int32, size: Int) -> UnsafeMutableRawPointer? {
    guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      return nil
    }
    return start
  }

  static func unmap(_ start: UnsafeMutableRawPointer, size: Int) { munmap(start, size) }

  static func closeFile(_ descriptor: Int32) -> Bool { close(descriptor) == 0 }

  static func move(_ old: String, to new: String) -> Bool { rename(old, new) == 0 }

  static func remove(_ path: String) { unlink(path) }

  static var processID: Int { Int(getpid()) }

  static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Asks for pages of 2 MiB as far as whole ones fit: touching fresh memory for the first time costs a fault per page.
  static func preferLargePages(_ bytes: UnsafeMutableRawBufferPointer) {
    #if os(Linux)
      let page = 2 << 20
      guard let start = bytes.baseAddress else { return }
      let before = (page - Int(bitPattern: start) % page) % page
      let count = (bytes.count - before) / page * page
      if count > 0 { madvise(start + before, count, MADV_HUGEPAGE) }
    #endif
  }

  /// The bytes this process can still get: the machine's memory, or what its group of processes may have of it, less what it has.
  static var availableMemory: Int {
    var limit = page * Int(sysconf(Int32(_SC_PHYS_PAGES)))
    for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
      if let value = firstNumbers(path).first { limit = min(limit, value) }
    }
    let used = usedPages
    return limit - page * (used.count > 1 ? used[1] : 0)
  }

  /// The address space that its limit leaves this process; nil where there is no limit.
  static var addressSpaceLeft: Int? {
    var space = rlimit()
    #if canImport(Glibc)
      let hasSpace = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &space) == 0
    #else
      let hasSpace = getrlimit(RLIMIT_AS, &space) == 0
    #endif
    guard hasSpace, space.rlim_cur < rlim_t(Int.max) else { return nil }
    return Int(space.rlim_cur) - page * (usedPages.first ?? 0)
  }

  private static var page: Int { Int(sysconf(Int32(_SC_PAGESIZE))) }

  /// Pages: the address space, and what of it is in memory.
  private static var usedPages: [Int] { firstNumbers("/proc/self/statm") }

  /// The numbers in the first line of a file of the system; none where there is no such file.
  private static func firstNumbers(_ path: String) -> [Int] {
    guard let descriptor = openForReading(path) else { return [] }
    defer { _ = closeFile(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    guard let count = bytes.withUnsafeMutableBytes({ read(descriptor, $0, at: 0) }) else { return [] }
    return String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
  }

  /// Calls again while a signal interrupts; nil where the call fails.
  private static func retry<N: SignedInteger>(_ call: () -> N) -> N? {
    while true {
      let result = call()
      if result >= 0 { return result }
      if errno != EINTR { return nil }
    }
  }
}
