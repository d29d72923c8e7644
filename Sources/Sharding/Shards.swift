/// Who has which rows of a sharded design: the same on all ranks.
///
/// Rows lie one behind the other by rank, on each rank by block. Their places in that order are the numbers of the samples, or where rows were chosen from a
/// sharded design, `sample` says which one is where.
struct Shards: Sendable {
  /// Where blocks begin, and the number of rows.
  let bounds: [Int]
  /// The blocks of each rank.
  let blocks: [Range<Int>]
  /// The sample at every place; nil where they are in order.
  let sample: [Int]?

  /// How many rows each rank has.
  let counts: [Int]
  var rows: Int { bounds.last! }

  init(bounds: [Int], blocks: [Range<Int>], sample: [Int]? = nil) {
    (self.bounds, self.blocks, self.sample) = (bounds, blocks, sample)
    counts = blocks.map { bounds[$0.upperBound] - bounds[$0.lowerBound] }
  }

  /// A block for each rank, of as many rows.
  init(counts: [Int]) {
    self.init(
      bounds: counts.reduce(into: [0]) { $0.append($0.last! + $1) }, blocks: counts.indices.map { $0..<$0 + 1 })
  }

  /// The places of a block.
  func range(_ block: Int) -> Range<Int> { bounds[block]..<bounds[block + 1] }

  /// The places of a rank.
  func places(ofRank rank: Int) -> Range<Int> { bounds[blocks[rank].lowerBound]..<bounds[blocks[rank].upperBound] }

  /// The samples `indices`, numbered in their order, where their rows lie.
  ///
  /// - Returns: those shards, and for every block which of its rows they are, in the order of the result.
  func chosen(_ indices: [Int]) -> (shards: Shards, rows: [[Int]]) {
    // The numbers that a sample gets; it may be chosen more than once.
    var starts = [Int](repeating: 0, count: rows + 1)
    for i in indices { starts[i + 1] += 1 }
    for i in 0..<rows { starts[i + 1] += starts[i] }
    var next = starts
    var numbers = [Int](repeating: 0, count: indices.count)
    for (k, i) in indices.enumerated() {
      numbers[next[i]] = k
      next[i] += 1
    }
    var (newBounds, newSample, chosenRows) = ([0], [Int](), [[Int]]())
    newSample.reserveCapacity(indices.count)
    for block in 0..<bounds.count - 1 {
      var chosen: [Int] = []
      for place in range(block) {
        let i = sample?[place] ?? place
        for k in starts[i]..<starts[i + 1] {
          chosen.append(place - bounds[block])
          newSample.append(numbers[k])
        }
      }
      chosenRows.append(chosen)
      newBounds.append(newSample.count)
    }
    let isInOrder = newSample.indices.allSatisfy { newSample[$0] == $0 }
    return (Shards(bounds: newBounds, blocks: blocks, sample: isInOrder ? nil : newSample), chosenRows)
  }
}
