public import LinAlg

/// The ranks that run one program together, or a group of them; lent by ``MPI/run(exitCode:explanation:_:)`` and not to be copied. Every function here is
/// collective: all ranks call it, in the same order.
public struct World: ~Copyable {
  let communicator: Communicator
  private let exitCode: @Sendable (any Error) -> Int32
  private let isGroup: Bool

  init(_ communicator: Communicator, exitCode: @escaping @Sendable (any Error) -> Int32, isGroup: Bool = false) {
    (self.communicator, self.exitCode, self.isGroup) = (communicator, exitCode, isGroup)
  }

  deinit { if isGroup { communicator.close() } }

  /// Which of the ranks this one is, from 0.
  public var rank: Int { communicator.rank }
  /// How many there are.
  public var ranks: Int { communicator.ranks }

  /// The ranks that give the same color, for as long as the result lives: folds of a cross-validation, each on a group of ranks.
  public func split(color: Int) throws(MPIError) -> World {
    World(try communicator.split(color: color), exitCode: exitCode, isGroup: true)
  }

  /// What this world has exchanged so far: messages, the numbers that were reduced in them and those that were gathered. The same on all ranks.
  public var traffic: (messages: Int, reduced: Int, gathered: Int) {
    (
      communicator.messages.load(ordering: .relaxed), communicator.reduced.load(ordering: .relaxed),
      communicator.gathered.load(ordering: .relaxed)
    )
  }

  /// Waits for all ranks.
  public func barrier() throws(MPIError) { try communicator.barrier() }

  // MARK: - Numbers, in place

  /// Every entry ← its sum (maximum, minimum) over the ranks, the same bits on all. All have as many entries.
  public func allreduce<Element: Scalar>(_ x: inout Vector<Element>, _ reduction: Reduction = .sum) throws(MPIError) {
    try communicator.allreduce(x.mutableBase(), x.count, .of(Element.self), reduction)
  }

  /// The same for a matrix, in one message where its entries have no gaps.
  public func allreduce<Element: Scalar>(_ A: inout Matrix<Element>, _ reduction: Reduction = .sum) throws(MPIError) {
    let base = A.mutableBase()
    for line in A.lines { try communicator.allreduce(base + line.lowerBound, line.count, .of(Element.self), reduction) }
  }

  /// Reduces while `body` computes something else: the memory is lent until both are done.
  public func allreduce<Element: Scalar, R, E: Error>(
    _ x: inout Vector<Element>, _ reduction: Reduction = .sum, during body: () throws(E) -> R
  ) throws -> R {
    try communicator.allreduce(x.mutableBase(), x.count, .of(Element.self), reduction, during: body).get()
  }

  /// The root's entries to all.
  public func broadcast<Element: Scalar>(_ x: inout Vector<Element>, from root: Int = 0) throws(MPIError) {
    try communicator.broadcast(x.mutableBase(), x.count, .of(Element.self), from: root)
  }

  public func broadcast<Element: Scalar>(_ A: inout Matrix<Element>, from root: Int = 0) throws(MPIError) {
    let base = A.mutableBase()
    for line in A.lines {
      try communicator.broadcast(base + line.lowerBound, line.count, .of(Element.self), from: root)
    }
  }

  /// Rank k has `counts[k]` entries, behind those of the ranks before; afterwards the root has them all, or all ranks where that is nil.
  ///
  /// - Precondition: `counts` is the same on all ranks, one per rank, and adds up to the number of entries.
  public func gather<Element: Scalar>(_ x: inout Vector<Element>, counts: [Int], to root: Int? = 0) throws(MPIError) {
    requireCounts(counts, x.count)
    if let root {
      try communicator.gather(x.mutableBase(), counts, .of(Element.self), to: root)
    } else {
      try communicator.allgather(x.mutableBase(), counts, .of(Element.self))
    }
  }

  /// Rank k has `counts[k]` lines of a matrix without gaps (columns where it is column-major); otherwise as with vectors.
  public func gather<Element: Scalar>(_ A: inout Matrix<Element>, counts: [Int], to root: Int? = 0) throws(MPIError) {
    let entries = lineCounts(A, counts)
    if let root {
      try communicator.gather(A.mutableBase(), entries, .of(Element.self), to: root)
    } else {
      try communicator.allgather(A.mutableBase(), entries, .of(Element.self))
    }
  }

  /// The root has all entries; afterwards rank k has the `counts[k]` behind those of the ranks before.
  public func scatter<Element: Scalar>(_ x: inout Vector<Element>, counts: [Int], from root: Int = 0) throws(MPIError) {
    requireCounts(counts, x.count)
    try communicator.scatter(x.mutableBase(), counts, .of(Element.self), from: root)
  }

  public func scatter<Element: Scalar>(_ A: inout Matrix<Element>, counts: [Int], from root: Int = 0) throws(MPIError) {
    try communicator.scatter(A.mutableBase(), lineCounts(A, counts), .of(Element.self), from: root)
  }

  private func requireCounts(_ counts: [Int], _ sum: Int) {
    precondition(
      counts.count == ranks && counts.allSatisfy { $0 >= 0 } && counts.reduce(0, +) == sum,
      "World: the counts \(counts) of \(ranks) ranks for \(sum) entries")
  }

  private func lineCounts<Element: Scalar>(_ A: Matrix<Element>, _ counts: [Int]) -> [Int] {
    let (lines, length) = A.layout == .columnMajor ? (A.columns, A.rows) : (A.rows, A.columns)
    precondition(A.stride == max(1, length), "World: a matrix with gaps between its lines (a view of another)")
    requireCounts(counts, lines)
    return counts.map { $0 * length }
  }

  /// One number of each rank.
  public func allgather(_ number: Int) throws(MPIError) -> [Int] {
    var all = [Int](repeating: 0, count: ranks)
    all[rank] = number
    try all.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in
      try communicator.allgather(buffer.baseAddress!, Array(repeating: 1, count: ranks), .integer)
    }
    return all
  }

  /// The root's text.
  public func broadcast(_ text: String, from root: Int = 0) throws(MPIError) -> String {
    var bytes = Array(text.utf8)
    let count = try allgather(bytes.count)[root]
    bytes += Array(repeating: 0, count: max(0, count - bytes.count))
    bytes.removeSubrange(count...)
    try bytes.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in
      if let base = buffer.baseAddress { try communicator.broadcast(base, count, .byte, from: root) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: - Deciding and failing together

  /// For what one rank alone can know, as the time or a signal.
  public func decision() -> Decision { Decision(communicator: communicator) }

  /// Runs `body` on every rank; where it throws on some, all throw the error of the first of them.
  ///
  /// For what each rank does by itself and may fail at, as reading its file: without it the others would wait for a rank that has gone.
  ///
  /// - Throws: ``RankFailure``; ``MPIError``.
  public func together<R>(_ body: () throws -> R) throws -> R {
    let result = Result { try body() }
    var code = 0
    var reason = ""
    if case .failure(let error) = result {
      let nested = error as? RankFailure
      code = Int(nested?.exitCode ?? exitCode(error))
      reason = nested?.reason ?? "\(error)"
      if code == 0 { code = 1 }
    }
    let codes = try allgather(code)
    guard let first = codes.firstIndex(where: { $0 != 0 }) else { return try result.get() }
    throw RankFailure(
      rank: first, reason: try broadcast(reason, from: first), exitCode: Int32(truncatingIfNeeded: codes[first]))
  }

  /// Refuses ranks whose text is not that of rank 0: options, versions, shapes.
  ///
  /// - Parameter name: what the text is, for the message.
  /// - Throws: ``RankFailure`` that names the first rank which differs.
  public func requireSame(_ name: String, _ text: String, exitCode: Int32 = 1) throws {
    let first = try broadcast(text)
    let differs = try allgather(text == first ? 0 : 1)
    guard let rank = differs.firstIndex(of: 1) else { return }
    let other = try broadcast(text, from: rank)
    throw RankFailure(rank: rank, reason: "\(name) '\(other)'; expected '\(first)', as rank 0 has", exitCode: exitCode)
  }
}

/// What rank 0 decides, for all ranks; may be kept where the world may not, and is of use within ``MPI/run(exitCode:explanation:_:)`` alone. Collective.
public struct Decision: Sendable {
  let communicator: Communicator

  /// - Parameter own: what this rank would decide.
  public func callAsFunction(_ own: Bool) -> Bool {
    var decided: Vector<Double> = [own ? 1 : 0]
    communicator.orEnd { () throws(MPIError) in
      try communicator.broadcast(decided.mutableBase(), 1, .double, from: 0)
    }
    return decided[0] != 0
  }
}

extension Matrix {
  /// The entries as runs without gaps, by their places from the first.
  fileprivate var lines: [Range<Int>] {
    let (lines, length) = layout == .columnMajor ? (columns, rows) : (rows, columns)
    return stride == length ? [0..<count] : (0..<lines).map { $0 * stride..<$0 * stride + length }
  }
}
