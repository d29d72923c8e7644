internal import RandomStreams

/// A random part of the rows, held out to judge by.
public struct HoldOut: Sendable, Equatable {
  /// The rows that stay, in their order.
  public let train: [Int]
  /// The rows held out, in their order.
  public let heldOut: [Int]

  /// - Parameters:
  ///   - fraction: of the rows, rounded to a whole number of them, of every class to within one.
  ///   - count: n.
  ///   - labels: the class of every row; nil where all are of one kind.
  /// - Returns: nil where a part would be empty, or without one of the classes.
  public init?(fraction: Double, of count: Int, seed: UInt64, stratifiedBy labels: [Double]? = nil) {
    precondition(labels?.count ?? count == count, "HoldOut: \(labels?.count ?? 0) labels for \(count) rows")
    var order = Array(0..<count)
    // A stream of its own: folds of the same seed are dealt from others.
    var stream = RandomStream(seed: seed, stream: 1 << 32)
    stream.shuffle(&order)
    let classes = labels.map { labels in
      Dictionary(grouping: order) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
    }
    var isHeldOut = [Bool](repeating: false, count: count)
    for members in classes ?? [order] {
      let part = Int((fraction * Double(members.count)).rounded())
      if part < 1 || part >= members.count { return nil }
      for i in members[..<part] { isHeldOut[i] = true }
    }
    train = (0..<count).filter { !isHeldOut[$0] }
    heldOut = (0..<count).filter { isHeldOut[$0] }
  }
}
