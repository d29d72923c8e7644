/// A partition of the coordinates 0 ..< p into blocks that a penalty takes together: the groups of a group lasso.
public struct BlockPartition: Sendable, Equatable {
  /// Block b is at places `starts[b] ..< starts[b + 1]` of the order.
  let starts: [Int]
  /// The coordinates block by block; nil where they are 0 ..< p in order.
  let order: [Int]?

  /// Blocks of neighbouring coordinates of the given sizes.
  ///
  /// - Precondition: sizes of at least 1.
  public init(sizes: [Int]) {
    precondition(sizes.allSatisfy { $0 >= 1 }, "BlockPartition: a block needs at least one coordinate")
    var starts = [0]
    for size in sizes { starts.append(starts.last! + size) }
    self.starts = starts
    order = nil
  }

  /// Blocks of neighbouring coordinates, all of `size` but the last, which takes what is left of p.
  public init(count p: Int, size: Int) {
    precondition(p >= 0 && size >= 1, "BlockPartition: \(p) coordinates in blocks of \(size)")
    self.init(sizes: stride(from: 0, to: p, by: size).map { min(size, p - $0) })
  }

  /// Blocks by their coordinates.
  ///
  /// - Precondition: every coordinate of 0 ..< p is in exactly one block, and no block is empty.
  public init(_ blocks: [[Int]]) {
    let order = blocks.flatMap { $0 }
    precondition(
      order.sorted() == Array(0..<order.count) && blocks.allSatisfy { !$0.isEmpty },
      "BlockPartition: each of the \(order.count) coordinates must be in one block, and no block empty")
    var starts = [0]
    for block in blocks { starts.append(starts.last! + block.count) }
    self.starts = starts
    self.order = order
  }

  /// The number of blocks.
  public var count: Int { starts.count - 1 }
  /// p.
  public var coordinateCount: Int { starts[count] }

  /// The number of coordinates of block b.
  public func size(_ b: Int) -> Int { starts[b + 1] - starts[b] }

  /// Coordinate i of block b.
  public func coordinate(_ b: Int, _ i: Int) -> Int { order.map { $0[starts[b] + i] } ?? starts[b] + i }

  /// The largest number of coordinates in a block.
  public var largestSize: Int { (0..<count).reduce(0) { max($0, size($1)) } }
}
