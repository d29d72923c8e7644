import LinAlg

/// What every product is made of: sums over the rows of all ranks, and numbers of each row from all ranks. In the order that MPI likes nothing is allocated but by MPI.
extension ShardedDesign {
  /// y ← α Σ + β y, Σ the sum over the blocks of rows of the numbers that `body` gives for a block: its rows and its number among all blocks. One message.
  func sum(
    into y: inout Vector<Element>, alpha α: Element = 1, beta β: Element = 0,
    _ body: (_ part: any DesignMatrix<Element>, _ block: Int, _ sum: inout Vector<Element>) -> Void
  ) {
    guard case .any = order else { return y.combine(α, orderedSum(y.count, body), β) }
    if β == 0 {
      sumOfRanks(&y, body)
      if α != 1 { y.scale(by: α) }
      return
    }
    var total = lend(y.count)
    sumOfRanks(&total, body)
    y.combine(α, total, β)
    giveBack(total)
  }

  /// Those of a matrix of column-major entries without gaps, as one vector.
  func sum(
    _ count: Int, _ body: (_ part: any DesignMatrix<Element>, _ block: Int, _ sum: inout Vector<Element>) -> Void
  ) -> Vector<Element> {
    var total = Vector<Element>.zeros(count)
    sum(into: &total, body)
    return total
  }

  private func sumOfRanks(
    _ total: inout Vector<Element>,
    _ body: (_ part: any DesignMatrix<Element>, _ block: Int, _ sum: inout Vector<Element>) -> Void
  ) {
    // A rank has one block where the order does not matter.
    let own = shards.blocks[communicator.rank]
    total.fill(0)
    for (k, part) in parts.enumerated() where part.rows > 0 { body(part, own.lowerBound + k, &total) }
    let count = total.count
    communicator.orEnd { () throws(MPIError) in
      try communicator.allreduce(total.mutableBase(), count, .of(Element.self), .sum)
    }
  }

  /// The sums of all blocks by themselves, added in the order of the rows.
  private func orderedSum(
    _ count: Int, _ body: (_ part: any DesignMatrix<Element>, _ block: Int, _ sum: inout Vector<Element>) -> Void
  ) -> Vector<Element> {
    let own = shards.blocks[communicator.rank]
    var total = Vector<Element>.zeros(count)
    var sums: [Vector<Element>] = []
    for (k, part) in parts.enumerated() {
      var one = Vector<Element>.zeros(count)
      if part.rows > 0 { body(part, own.lowerBound + k, &one) }
      sums.append(one)
    }
    // Stretch by stretch, so that no rank holds all sums of a large matrix.
    let blocks = shards.bounds.count - 1
    let stretch = min(count, 1 << 16)
    if stretch == 0 { return total }
    var gathered = Vector<Element>.zeros(blocks * stretch)
    for first in Swift.stride(from: 0, to: count, by: stretch) {
      let length = min(stretch, count - first)
      for (k, one) in sums.enumerated() {
        let place = (own.lowerBound + k) * length
        gathered[segment: place..<place + length] = one[segment: first..<first + length]
      }
      communicator.orEnd { () throws(MPIError) in
        try communicator.allgather(gathered.mutableBase(), shards.blocks.map { $0.count * length }, .of(Element.self))
      }
      var stretchSum = Vector(copying: gathered[segment: 0..<length])
      for block in 1..<max(1, blocks) {
        stretchSum.add(1, gathered[segment: block * length..<(block + 1) * length])
      }
      total[segment: first..<first + length] = stretchSum
    }
    return total
  }

  /// y ← α v + β y, v the numbers that `body` gives for every row of a block, of all rows: `width` for each, those of sample i from i · width on.
  func gather(
    width: Int = 1, into y: inout Vector<Element>, alpha α: Element = 1, beta β: Element = 0,
    _ body: (_ part: any DesignMatrix<Element>, _ values: inout Vector<Element>) -> Void
  ) {
    guard β != 0 || shards.sample != nil else {
      gatherInPlaces(width, into: &y, body)
      if α != 1 { y.scale(by: α) }
      return
    }
    var all = lend(rows * width)
    gatherInPlaces(width, into: &all, body)
    if let sample = shards.sample {
      var ordered = lend(rows * width)
      let (from, to) = (all.base, ordered.mutableBase())
      for (place, i) in sample.enumerated() { (to + i * width).update(from: from + place * width, count: width) }
      y.combine(α, ordered, β)
      giveBack(ordered)
    } else {
      y.combine(α, all, β)
    }
    giveBack(all)
  }

  func gather(
    width: Int = 1, _ body: (_ part: any DesignMatrix<Element>, _ values: inout Vector<Element>) -> Void
  ) -> Vector<Element> {
    var all = Vector<Element>.zeros(rows * width)
    gather(width: width, into: &all, body)
    return all
  }

  /// In the order of the places.
  private func gatherInPlaces(
    _ width: Int, into all: inout Vector<Element>,
    _ body: (_ part: any DesignMatrix<Element>, _ values: inout Vector<Element>) -> Void
  ) {
    let own = shards.blocks[communicator.rank]
    let target = all.mutableBase()
    for (k, part) in parts.enumerated() where part.rows > 0 {
      var values = lend(part.rows * width)
      body(part, &values)
      let range = shards.range(own.lowerBound + k)
      (target + range.lowerBound * width).update(from: values.base, count: values.count)
      giveBack(values)
    }
    communicator.orEnd { () throws(MPIError) in
      let counts = width == 1 ? shards.counts : shards.counts.map { $0 * width }
      try communicator.allgather(target, counts, .of(Element.self))
    }
  }

  /// The entries of a vector of samples that belong to a block.
  func entries(_ r: Vector<Element>, of block: Int) -> Vector<Element> {
    let range = shards.range(block)
    guard let sample = shards.sample else { return r[segment: range] }
    return Vector(count: range.count) { r[sample[range.lowerBound + $0]] }
  }

  /// Calls `body` with those.
  func withEntries(_ r: Vector<Element>, of block: Int, _ body: (Vector<Element>) -> Void) {
    let range = shards.range(block)
    guard let sample = shards.sample else { return body(r[segment: range]) }
    var some = lend(range.count)
    let target = some.mutableBase()
    for k in 0..<range.count { target[k] = r.base[sample[range.lowerBound + k]] }
    body(some)
    giveBack(some)
  }

  // MARK: - Memory

  /// A vector of so many entries, whatever they are.
  func lend(_ count: Int) -> Vector<Element> {
    let kept = spare.withLock { spare in
      spare.firstIndex { $0.count == count }.map { spare.remove(at: $0) }
    }
    return kept ?? .zeros(count)
  }

  func giveBack(_ x: Vector<Element>) {
    spare.withLock { spare in
      if spare.count == 8 { spare.removeFirst() }
      spare.append(x)
    }
  }
}
