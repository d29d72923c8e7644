internal import CMPI
import LinAlg
internal import Synchronization

/// A group of ranks, as what is made in it keeps it. Ends with ``MPI/run(exitCode:explanation:_:)``; used after that, it ends the program with a message.
final class Communicator: Sendable {
  private let handle: cmpi_comm
  private let isWorld: Bool
  private let isOpen = Atomic<Bool>(true)
  let rank: Int
  let ranks: Int
  /// Messages so far that all ranks took part in, and the numbers in them, as those of a reduction or a gathering.
  let messages = Atomic<Int>(0)
  let reduced = Atomic<Int>(0)
  let gathered = Atomic<Int>(0)

  init(_ handle: cmpi_comm, isWorld: Bool = false) {
    self.handle = handle
    self.isWorld = isWorld
    rank = Int(cmpi_rank(handle))
    ranks = Int(cmpi_size(handle))
  }

  /// Ends MPI where this is the world, frees the group otherwise.
  func close() {
    isOpen.store(false, ordering: .relaxed)
    if isWorld {
      _ = cmpi_end()
    } else {
      var group = handle
      _ = cmpi_free(&group)
    }
  }

  private func require(_ code: Int32, _ routine: String) throws(MPIError) {
    if code == 0 { return }
    throw .failed(routine: routine, rank: rank, reason: Self.text(of: code))
  }

  static func text(of code: Int32) -> String {
    var bytes = [CChar](repeating: 0, count: 512)
    cmpi_error(code, &bytes, 512)
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private var comm: cmpi_comm {
    precondition(
      isOpen.load(ordering: .relaxed), "MPI has ended: a world and its designs are of use within MPI.run alone")
    return handle
  }

  func split(color: Int) throws(MPIError) -> Communicator {
    var part: cmpi_comm = 0
    try require(cmpi_split(comm, Int32(color), &part), "MPI_Comm_split")
    return Communicator(part)
  }

  func barrier() throws(MPIError) { try require(cmpi_barrier(comm), "MPI_Barrier") }

  func allreduce(_ data: UnsafeMutableRawPointer, _ count: Int, _ type: EntryType, _ reduction: Reduction)
    throws(MPIError)
  {
    messages.add(1, ordering: .relaxed)
    reduced.add(count, ordering: .relaxed)
    try require(cmpi_allreduce(comm, data, Int64(count), type.code, reduction.code), "MPI_Allreduce")
  }

  func broadcast(_ data: UnsafeMutableRawPointer, _ count: Int, _ type: EntryType, from root: Int) throws(MPIError) {
    try require(cmpi_broadcast(comm, data, Int64(count), type.code, Int32(root)), "MPI_Bcast")
  }

  func allgather(_ data: UnsafeMutableRawPointer, _ counts: [Int], _ type: EntryType) throws(MPIError) {
    messages.add(1, ordering: .relaxed)
    gathered.add(counts.reduce(0, +), ordering: .relaxed)
    // Int is Int64 where there is MPI; nothing is allocated.
    let code = counts.withUnsafeBytes {
      cmpi_allgather(comm, data, $0.assumingMemoryBound(to: Int64.self).baseAddress, type.code)
    }
    try require(code, "MPI_Allgatherv")
  }

  func gather(_ data: UnsafeMutableRawPointer, _ counts: [Int], _ type: EntryType, to root: Int) throws(MPIError) {
    try require(cmpi_gather(comm, data, counts.map(Int64.init), type.code, Int32(root)), "MPI_Recv")
  }

  func scatter(_ data: UnsafeMutableRawPointer, _ counts: [Int], _ type: EntryType, from root: Int) throws(MPIError) {
    try require(cmpi_scatter(comm, data, counts.map(Int64.init), type.code, Int32(root)), "MPI_Send")
  }

  /// Runs `body` while the reduction is under way, and waits for it.
  func allreduce<R, E: Error>(
    _ data: UnsafeMutableRawPointer, _ count: Int, _ type: EntryType, _ reduction: Reduction,
    during body: () throws(E) -> R
  ) throws(MPIError) -> Result<R, E> {
    var request: OpaquePointer?
    let code = cmpi_begin_allreduce(comm, data, Int64(count), type.code, reduction.code, &request)
    // Even where `body` throws: the memory is not given back while MPI writes to it.
    let result = Result { () throws(E) in try body() }
    if let request {
      let waited = cmpi_wait(request)
      try require(code == 0 ? waited : code, "MPI_Iallreduce")
    } else {
      try require(code, "MPI_Iallreduce")
    }
    return result
  }

  /// For products, which cannot throw: ends all ranks with the error.
  func orEnd(_ body: () throws(MPIError) -> Void) {
    do throws(MPIError) { try body() } catch { MPI.end(error.description, code: 1) }
  }
}

/// How numbers of several ranks become one.
public enum Reduction: Sendable {
  case sum, maximum, minimum

  var code: Int32 {
    switch self {
    case .sum: Int32(cmpi_sum.rawValue)
    case .maximum: Int32(cmpi_max.rawValue)
    case .minimum: Int32(cmpi_min.rawValue)
    }
  }
}

/// The types of entries that messages have.
enum EntryType {
  case float, double, integer, byte

  static func of<Element: Scalar>(_: Element.Type) -> EntryType { Element.self == Float.self ? .float : .double }

  var code: Int32 {
    switch self {
    case .float: Int32(cmpi_float.rawValue)
    case .double: Int32(cmpi_double.rawValue)
    case .integer: Int32(cmpi_int64.rawValue)
    case .byte: Int32(cmpi_byte.rawValue)
    }
  }
}
