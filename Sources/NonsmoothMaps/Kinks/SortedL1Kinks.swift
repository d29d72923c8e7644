public import LinAlg

/// The clusters of the sorted ℓ1 norm at an argument, by falling |u|: z = |u| − tω is made nonincreasing by means and not negative.
private struct SortedClusters<Element: Scalar> {
  let order: [Int]
  /// The sizes of the values by that order, with the kinks taken as they are.
  var sizes: [Element]
  /// The number of sizes above zero.
  let positive: Int
  /// Of each boundary behind place i: how far it is from another state, and whether the two sides have different values.
  var distances: [Element]
  var isJump: [Bool]
  /// Whether something happens there at all: not between equal weights, whose entries pass each other.
  private let weights: Vector<Element>

  init(_ u: Vector<Element>, _ weights: Vector<Element>, threshold t: Element) {
    let p = u.count
    self.weights = weights
    let order = SortedOrder.falling(u, magnitudes: true)
    self.order = order
    let z = order.indices.map { u[order[$0]].magnitude - t * weights[$0] }
    // Pool adjacent violators.
    var blocks: [(sum: Element, count: Int)] = []
    for value in z {
      blocks.append((value, 1))
      while blocks.count > 1 {
        let (a, b) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
        let (first, second) = (a.sum / Element(a.count), b.sum / Element(b.count))
        // Equal sizes of equal weights are no cluster: they pass each other.
        let place = blocks.dropLast().reduce(0) { $0 + $1.count }
        if first > second || (first == second && weights[place - 1] == weights[place]) { break }
        blocks.removeLast()
        blocks[blocks.count - 1] = (a.sum + b.sum, a.count + b.count)
      }
    }
    sizes = []
    distances = Array(repeating: .infinity, count: p)
    isJump = Array(repeating: false, count: p)
    var zero: Int?
    for block in blocks {
      let mean = block.sum / Element(block.count)
      if mean <= 0 && zero == nil { zero = sizes.count }
      sizes += Array(repeating: max(0, mean), count: block.count)
    }
    positive = zero ?? p
    var start = 0
    while start < positive {
      var end = start
      while end + 1 < positive && sizes[end + 1] == sizes[start] { end += 1 }
      let n = Element(end - start + 1)
      var sum: Element = 0
      for i in start..<end {
        sum += z[i] - sizes[i]
        let k = Element(i - start + 1)
        distances[i] = max(0, -sum) / (k * (n - k) / n).squareRoot()
      }
      isJump[end] = true
      var next = end + 1
      while next < positive && sizes[next] == sizes[min(end + 1, p - 1)] { next += 1 }
      let gap = sizes[end] - (end + 1 < p ? sizes[end + 1] : 0)
      let other: Element = end + 1 < positive ? 1 / Element(next - end - 1) : 0
      distances[end] = gap / (1 / n + other).squareRoot()
      start = end + 1
    }
    var sum: Element = 0
    for i in positive..<p {
      sum += z[i]
      distances[i] = max(0, -sum) / Element(i + 1 - positive).squareRoot()
    }
  }

  /// Equal weights on both sides: no boundary.
  func isVoid(_ i: Int) -> Bool { i + 1 < order.count && i + 1 < positive && weights[i] == weights[i + 1] }

  func isWeak(_ i: Int, _ tolerance: Element) -> Bool { distances[i] <= tolerance && !isVoid(i) }
}

extension SortedL1: PolyhedralPenalty {
  private func sign(_ u: Vector<Element>, _ j: Int) -> Element { u[j] < 0 ? -1 : 1 }

  /// Runs of places by falling |u| that are not parted for certain move together; a boundary at a kink lets what is before it grow beyond what is behind. The zeros do not move, but the
  /// first of them up to a boundary at a kink may enter together. Where entries of equal |u| are on the two sides of such a boundary, which of them leads is not decided, and that is refused.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    if u.firstNonFinite != nil { throw .notFinite }
    let p = u.count
    let t = s * λ[0]
    if !(t * (weights.first ?? 1) > tolerance) && p > 0 && (weights.first ?? 0) > 0 {
      throw .meetingKinks("the penalty is zero to within the tolerance \(tolerance)")
    }
    let clusters = SortedClusters(u, weights, threshold: t)
    var cone = CriticalCone(point: Vector<Element>.zeros(p))
    func members(_ places: Range<Int>) -> [CriticalCone<Element>.Entry] {
      places.map { .init(clusters.order[$0], sign(u, clusters.order[$0])) }
    }
    func record(_ i: Int, from start: Int) -> KinkRecord<Element> {
      let isJump = clusters.isJump[i]
      let isLast = i + 1 >= clusters.positive && isJump
      let names =
        i < clusters.positive
        ? (isLast ? ("become zero", "leave zero") : ("join the next one", "part from the next one"))
        : ("become zero", "leave zero")
      let distance = clusters.distances[i]
      return KinkRecord(
        place: .cluster(clusters.order[start...i].sorted()), distance: distance, tolerance: tolerance, branches: names,
        isBelow: !isJump || distance <= tolerance)
    }
    var start = 0
    while start < p {
      // A run: up to a boundary that is parted for certain, or where equal weights lie side by side with different values.
      var end = start
      while end + 1 < p {
        let parted = clusters.isJump[end] && (!clusters.isWeak(end, tolerance))
        if parted { break }
        end += 1
      }
      // Whether it is tied to zero: it holds zeros, or its end is at a kink with nothing.
      let holdsZeros = end >= clusters.positive
      let endsAtZero = end + 1 == p && !holdsZeros && clusters.isJump[end] && clusters.isWeak(end, tolerance)
      let isTied = holdsZeros || endsAtZero
      var size: Element = 0
      if !isTied {
        for i in start...end { size += (clusters.sizes[i] - size) / Element(i - start + 1) }
        let scale = 1 / Element(end - start + 1).squareRoot()
        cone.free.append(.init(members(start..<end + 1).map { .init($0.coordinate, $0.value * scale) }))
        for entry in members(start..<end + 1) { cone.point[entry.coordinate] = entry.value * size }
      }
      for i in start...end where clusters.isWeak(i, tolerance) && (i < end || isTied) {
        let (a, b) = (u[clusters.order[i]].magnitude, i + 1 < p ? u[clusters.order[i + 1]].magnitude : -.infinity)
        if a - b <= 2 * tolerance {
          throw .meetingKinks(
            "coordinates \(clusters.order[i]) and \(clusters.order[i + 1]) are of one size at the end of a cluster")
        }
        cone.kinks.append(
          .init(
            record: record(i, from: start), entries: members(start..<i + 1), lower: nil, upper: .init(), isFlat: true))
      }
      start = end + 1
    }
    for i in 0..<p {
      let entry = members(i..<i + 1)[0]
      cone.slope.append(.init(entry.coordinate, 0, entry.value * weights[i]))
      if !clusters.isVoid(i), clusters.distances[i] > tolerance, clusters.distances[i] <= radius {
        var first = i
        while first > 0 && !clusters.isJump[first - 1] { first -= 1 }
        cone.nearby.append(record(i, from: first))
      }
    }
    return cone
  }

  /// Sizes meet, sums of the first members of a cluster reach its mean, those of zeros zero; and the order of |u| changes, after which sums are others.
  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let clusters = SortedClusters(u, weights, threshold: s * λ[0])
    let (order, p) = (clusters.order, u.count)
    func sizeRate(_ i: Int) -> Element { sign(u, order[i]) * rates.argument[order[i]] }
    func valueRate(_ i: Int) -> Element { sign(u, order[i]) * rates.value[order[i]] }
    var least: Element?
    func consider(_ value: Element, _ rate: Element) {
      let t = -value / rate
      if value > 0 && t > 0 && t < least ?? .infinity { least = t }
    }
    var (sum, rate) = (Element(0), Element(0))
    for i in 0..<p {
      let size = u[order[i]].magnitude
      // Whichever comes first of entries that pass each other, or zero.
      if i + 1 < p { consider(size - u[order[i + 1]].magnitude, sizeRate(i) - sizeRate(i + 1)) }
      if i + 1 == p { consider(size, sizeRate(i)) }
      sum += size - s * λ[0] * weights[i] - clusters.sizes[i]
      rate += sizeRate(i) - s * rates.parameters[0] * weights[i] - valueRate(i)
      if clusters.isVoid(i) && clusters.isJump[i] { continue }
      if clusters.distances[i] > tolerance {
        if clusters.isJump[i] {
          let next: (Element, Element) = i + 1 < p ? (clusters.sizes[i + 1], valueRate(i + 1)) : (0, 0)
          consider(clusters.sizes[i] - next.0, valueRate(i) - next.1)
        } else {
          consider(-sum, -rate)
        }
      }
      if clusters.isJump[i] { (sum, rate) = (0, 0) }
    }
    return least
  }
}
