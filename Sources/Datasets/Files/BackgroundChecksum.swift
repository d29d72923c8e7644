internal import Dispatch
public import LinAlg
internal import Synchronization

/// The checksum of features and targets of both parts, made while other work leaves a processor free: a pass over all data at the speed of a
/// CRC, which is a fraction of that of memory.
public final class BackgroundChecksum: Sendable {
  private let pieces: [ChecksumPiece]
  private let next = Atomic<Int>(0)
  private let sums: Mutex<[Checksum]>
  private let other = DispatchGroup()

  /// Begins.
  public convenience init(of data: HeldOutDesigns<Double>) {
    self.init(
      ChecksumPiece.pieces(of: data.trainFeatures) + [.of(data.trainTargets)]
        + ChecksumPiece.pieces(of: data.validationFeatures) + [.of(data.validationTargets)])
  }

  init(_ pieces: [ChecksumPiece]) {
    self.pieces = pieces
    sums = Mutex(Array(repeating: Checksum(), count: pieces.count))
    DispatchQueue.global(qos: .utility).async(group: other) { self.work() }
  }

  /// Helps with what is left and waits for the rest. The same value as of all bytes one after the other.
  public func finish() -> Checksum {
    work()
    other.wait()
    return sums.withLock { sums in
      var all = Checksum()
      for (piece, sum) in zip(pieces, sums) { all.add(sum, count: piece.count) }
      return all
    }
  }

  private func work() {
    while true {
      let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if piece >= pieces.count { return }
      var sum = Checksum()
      pieces[piece].add(&sum)
      sums.withLock { $0[piece] = sum }
    }
  }
}
