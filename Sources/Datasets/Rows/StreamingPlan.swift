/// How rows that stay in their files are gone over within so much memory.
///
/// Beside two blocks of rows and what is gathered from one, memory holds what is computed: vectors of the samples and of the features, and Gram matrices of at most
/// 4096 features.
public struct StreamingPlan: Sendable {
  /// Bytes of all of that.
  public var memory: Int
  /// Inner problems side by side, each with vectors of the samples: one, or one for each fold.
  public var problems: Int

  public init(memory: Int, problems: Int = 1) { (self.memory, self.problems) = (memory, problems) }

  /// Bytes of an entry.
  private static var size: Int { 8 }

  /// Bytes beside the blocks: 8 vectors of the samples for each problem, as many again of all of them, 16 of the features and three Gram matrices.
  static func fixedBytes(rows n: Int, columns p: Int, problems: Int) -> Int {
    let gram = min(p, 4096)
    return Memory.sum([(n, 8 * size * (1 + problems)), (p, 16 * size), (3 * gram * gram, size)])
  }

  /// The least memory that rows to fit and to judge by, n together, can be gone over with.
  public func leastBytes(rows n: Int, columns p: Int) -> Int {
    Memory.sum([(Self.fixedBytes(rows: n, columns: p, problems: problems), 1), (3 * p, Self.size)])
  }

  /// The rows of a block: 2 MiB of them where there is room, which a second cache nearly holds.
  ///
  /// - Throws: ``DatasetError`` where not even one has.
  func height(rows n: Int, columns p: Int, path: String) throws(DatasetError) -> Int {
    let row = max(1, p) * Self.size
    let left = memory - Self.fixedBytes(rows: n, columns: p, problems: problems)
    guard left >= 3 * row else {
      throw .invalid(
        path: path,
        reason:
          "\(n) rows of \(p) columns take at least \(leastBytes(rows: n, columns: p) >> 20 + 1) MiB though they stay in their files; \(memory >> 20) MiB were given"
      )
    }
    return max(1, min(left / (3 * row), (2 << 20) / row))
  }
}

/// A design that reads its rows as it goes, and so may fail after it was made.
public protocol ReadsRows {
  /// Asked before what was computed with it is believed.
  ///
  /// - Throws: why rows could not be read.
  func requireRead() throws
}

extension StreamedDesign: ReadsRows {}
