import LinAlg

/// The pieces of `λ Σ ωᵢ x₍ᵢ₎`, of the values or of the sizes |x|, about an argument u: by falling size, z = size(u) − tω is made nonincreasing by means (and not negative for sizes).
///
/// Let v = (u − x)/t be the subgradient at x. Among entries of one value the penalty is the support function of the permutahedron of their weights, and the critical cone its normal cone at v: it is
/// spanned by the indicators of the sets of entries whose v sum to as much as that many weights can, the *tight* ones. Where weights differ those are the first k by falling v for some k, one
/// inside the other: *levels* that move together, the earlier ones no less than the later ones. Where v and the weights are equal over a run of places, all whose beginnings are tight, any of its
/// entries may be the first: a level whose entries move on their own. Of sizes at zero the last level is held, and signs are those of u.
struct OrderedPieces<Element: Scalar> {
  typealias Entry = CriticalCone<Element>.Entry

  let u: Vector<Element>
  let weights: Vector<Element>
  let usesSizes: Bool
  let threshold: Element
  let tolerance: Element
  /// Coordinates by falling size.
  private(set) var order: [Int]
  /// x and z by that order.
  private(set) var x: [Element] = []
  private(set) var z: [Element]
  /// How many x are not at the zero of sizes.
  let positive: Int
  /// Of the boundary behind every place: how far u is from another state of it, and whether x differs there.
  private(set) var distances: [Element]
  private(set) var isJump: [Bool]

  /// - Parameter rates: of u: entries whose sizes agree to within the tolerance are ordered by how fast they grow.
  init(
    _ u: Vector<Element>, weights: Vector<Element>, threshold t: Element, usesSizes: Bool, tolerance: Element,
    rates: Vector<Element>? = nil
  ) throws(KinkRefusal) {
    (self.u, self.weights, self.usesSizes, threshold, self.tolerance) = (u, weights, usesSizes, t, tolerance)
    let p = u.count
    var order = SortedOrder.falling(u, magnitudes: usesSizes)
    func sign(_ j: Int) -> Element { usesSizes && u[j] < 0 ? -1 : 1 }
    if let rates {
      var start = 0
      while start < p {
        var end = start + 1
        while end < p, sign(order[end - 1]) * u[order[end - 1]] - sign(order[end]) * u[order[end]] <= 2 * tolerance {
          end += 1
        }
        order[start..<end].sort { sign($0) * rates[$0] > sign($1) * rates[$1] }
        start = end
      }
    }
    self.order = order
    z = (0..<p).map { sign(order[$0]) * u[order[$0]] - t * weights[$0] }
    var blocks: [(sum: Element, count: Int)] = []
    for value in z {
      blocks.append((value, 1))
      while blocks.count > 1 {
        let (a, b) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
        if a.sum / Element(a.count) >= b.sum / Element(b.count) { break }
        blocks.removeLast()
        blocks[blocks.count - 1] = (a.sum + b.sum, a.count + b.count)
      }
    }
    for block in blocks {
      let mean = block.sum / Element(block.count)
      x += Array(repeating: usesSizes ? max(0, mean) : mean, count: block.count)
    }
    positive = usesSizes ? (x.firstIndex { $0 <= 0 } ?? p) : p
    distances = Array(repeating: .infinity, count: p)
    isJump = Array(repeating: false, count: p)
    measure()
    // At a tight boundary sizes differ by at least as much as the weights do: below the tolerance the order of such entries is rounding.
    for i in 0..<max(0, p - 1) where isWeak(i) && weights[i] != weights[i + 1] {
      if t * (weights[i] - weights[i + 1]) <= 2 * tolerance {
        throw .meetingKinks("the weights \(i) and \(i + 1) cannot be told apart within the tolerance \(tolerance)")
      }
    }
  }

  private mutating func measure() {
    let p = x.count
    var start = 0
    while start < positive {
      var end = start
      while end + 1 < positive && x[end + 1] == x[start] { end += 1 }
      let n = Element(end - start + 1)
      var sum: Element = 0
      for i in start..<end {
        sum += z[i] - x[i]
        let k = Element(i - start + 1)
        distances[i] = max(0, -sum) / (k * (n - k) / n).squareRoot()
      }
      var next = end + 1
      while next < positive && x[next] == x[end + 1] { next += 1 }
      isJump[end] = usesSizes || end + 1 < p
      if isJump[end] {
        let gap = x[end] - (end + 1 < p ? x[end + 1] : 0)
        distances[end] = gap / (1 / n + (end + 1 < positive ? 1 / Element(next - end - 1) : 0)).squareRoot()
      }
      start = end + 1
    }
    var sum: Element = 0
    for i in positive..<max(positive, p) {
      sum += z[i]
      distances[i] = max(0, -sum) / Element(i + 1 - positive).squareRoot()
    }
  }

  func sign(_ place: Int) -> Element { usesSizes && u[order[place]] < 0 ? -1 : 1 }
  func isWeak(_ i: Int) -> Bool { distances[i] <= tolerance }

  /// Whether nothing happens at a boundary: two entries of equal weights pass each other.
  private func isVoid(_ i: Int) -> Bool {
    guard i + 1 < positive, isJump[i], weights[i] == weights[i + 1] else { return false }
    return (i == 0 || isJump[i - 1]) && isJump[i + 1]
  }

  /// Places that move together, or each on its own.
  private struct Level {
    var places: Range<Int>
    var isLoose: Bool
  }

  /// The levels of the places from `start` on, split behind the weak ones of `boundaries`.
  private func levels(_ start: Int, through boundaries: Range<Int>, end: Int) -> [Level] {
    var found: [Level] = []
    var first = start
    for i in boundaries where isWeak(i) || i + 1 == end {
      let places = first..<i + 1
      first = i + 1
      if places.count == 1, let last = found.last, last.isLoose || last.places.count == 1,
        weights[last.places.lowerBound] == weights[i]
      {
        found[found.count - 1] = Level(places: last.places.lowerBound..<i + 1, isLoose: true)
      } else {
        found.append(Level(places: places, isLoose: false))
      }
    }
    return found
  }

  private func entries(_ places: Range<Int>, scale: Element = 1) -> [Entry] {
    places.map { Entry(order[$0], scale * sign($0)) }
  }

  private func refuse(_ level: Level) -> KinkRefusal {
    let names = level.places.map { "\(order[$0])" }.joined(separator: ", ")
    return .meetingKinks(
      "the coordinates \(names), of equal weights, may part from two sides: more than two pieces meet")
  }

  func cone(radius: Element) throws(KinkRefusal) -> CriticalCone<Element> {
    let p = x.count
    var cone = CriticalCone(point: Vector<Element>.zeros(p))
    var start = 0
    while start < p {
      var end = start + 1
      while end < p && !(isJump[end - 1] && !isWeak(end - 1)) { end += 1 }
      if usesSizes && (end > positive || isWeak(end - 1)) && end == p {
        try addZeros(start..<end, to: &cone)
      } else {
        try addCluster(start..<end, to: &cone)
      }
      start = end
    }
    for i in 0..<p {
      cone.slope.append(.init(order[i], 0, sign(i) * weights[i]))
      if !isWeak(i), distances[i] <= radius, !isVoid(i) {
        var first = i
        while first > 0 && !isJump[first - 1] { first -= 1 }
        cone.nearby.append(
          record(first..<i + 1, distances[i], isZero: i + 1 > positive || (i + 1 == positive && usesSizes)))
      }
    }
    return cone
  }

  private func addCluster(_ places: Range<Int>, to cone: inout CriticalCone<Element>) throws(KinkRefusal) {
    var mean: Element = 0
    for (k, i) in places.enumerated() { mean += (x[i] - mean) / Element(k + 1) }
    for i in places { cone.point[order[i]] = sign(i) * mean }
    let levels = levels(places.lowerBound, through: places, end: places.upperBound)
    if levels.count == 1 && levels[0].isLoose {
      for i in places { cone.free.append(.init(entries(i..<i + 1))) }
      return
    }
    cone.free.append(.init(entries(places, scale: 1 / Element(places.count).squareRoot())))
    let last = levels.count - 1
    if let middle = levels.indices.first(where: { levels[$0].isLoose && $0 != 0 && $0 != last }) {
      throw refuse(levels[middle])
    }
    if last == 1 && levels[0].isLoose && levels[1].isLoose { throw refuse(levels[0]) }
    for k in 0..<last {
      if k == 0 && levels[0].isLoose {
        for i in levels[0].places { add(i..<i + 1, moving: entries(i..<i + 1), isZero: false, to: &cone) }
      } else if k + 1 == last && levels[last].isLoose {
        for i in levels[last].places { add(i..<i + 1, moving: entries(i..<i + 1, scale: -1), isZero: false, to: &cone) }
      } else {
        let first = places.lowerBound..<levels[k].places.upperBound
        add(first, moving: entries(first), isZero: false, to: &cone)
      }
    }
  }

  /// What is at zero: its tight beginnings may leave it together, what is behind the last of them stays.
  private func addZeros(_ places: Range<Int>, to cone: inout CriticalCone<Element>) throws(KinkRefusal) {
    guard let end = places.last(where: { isWeak($0) }) else { return }
    let levels = levels(places.lowerBound, through: places.lowerBound..<end + 1, end: end + 1)
    for (k, level) in levels.enumerated() {
      // Without weights nothing holds the first level, nor tells the signs of what is at zero.
      let isFree = k == 0 && levels.count == 1 && level.places.allSatisfy { weights[$0] == 0 }
      if isFree && (level.isLoose || level.places.count == 1) {
        for i in level.places { cone.free.append(.init(entries(i..<i + 1))) }
        continue
      }
      if level.isLoose && k > 0 { throw refuse(level) }
      if let i = level.places.first(where: { u[order[$0]].magnitude <= 2 * tolerance }) {
        throw .meetingKinks("coordinate \(order[i]) may leave zero with either sign, as far as those before it do")
      }
      if level.isLoose {
        for i in level.places { add(i..<i + 1, moving: entries(i..<i + 1), isZero: true, to: &cone) }
      } else {
        let first = places.lowerBound..<level.places.upperBound
        add(first, moving: entries(first), isZero: true, to: &cone)
      }
    }
  }

  private func add(
    _ members: Range<Int>, moving entries: [Entry], isZero: Bool, to cone: inout CriticalCone<Element>
  ) {
    let distance = min(tolerance, distances[members.upperBound - 1])
    cone.kinks.append(
      .init(
        record: record(members, distance, isZero: isZero), entries: entries, lower: nil, upper: .init(), isFlat: true))
  }

  private func record(_ members: Range<Int>, _ distance: Element, isZero: Bool) -> KinkRecord<Element> {
    let names =
      isZero ? ("become zero", "leave zero") : ("join those of its size", "part from those of its size")
    let isApart = isJump[members.upperBound - 1] && distance > tolerance
    return KinkRecord(
      place: .cluster(members.map { order[$0] }.sorted()), distance: distance, tolerance: tolerance, branches: names,
      isBelow: !isApart)
  }

  /// Sizes meet, sums of the first members of a cluster reach those of its weights; and the order of sizes changes, after which the sums are others.
  func firstCrossing(
    argument u̇: Vector<Element>, value ẋ: Vector<Element>, threshold ṫ: Element
  ) -> Element? {
    let p = x.count
    var least: Element?
    func consider(_ value: Element, _ rate: Element) {
      let t = -value / rate
      if value > 0 && t > 0 && t < least ?? .infinity { least = t }
    }
    var (sum, rate) = (Element(0), Element(0))
    for i in 0..<p {
      let (j, size, speed) = (order[i], sign(i) * u[order[i]], sign(i) * u̇[order[i]])
      let next = i + 1 < p ? (sign(i + 1) * u[order[i + 1]], sign(i + 1) * u̇[order[i + 1]]) : (0, 0)
      if i + 1 < p || usesSizes, size - next.0 > 2 * tolerance { consider(size - next.0, speed - next.1) }
      sum += z[i] - x[i]
      rate += speed - ṫ * weights[i] - sign(i) * ẋ[j]
      if !isWeak(i) {
        if isJump[i] {
          let isLast = i + 1 >= positive
          let (value, speed) = isLast ? (0, 0) : (x[i + 1], sign(i + 1) * ẋ[order[i + 1]])
          if !isVoid(i) { consider(x[i] - value, sign(i) * ẋ[j] - speed) }
        } else if distances[i].isFinite {
          consider(-sum, -rate)
        }
      }
      if isJump[i] { (sum, rate) = (0, 0) }
    }
    return least
  }
}

extension OrderedPieces {
  /// - Throws: ``KinkRefusal/meetingKinks(_:)`` where the penalty is nothing, and u with it at all its kinks.
  init(
    of u: Vector<Element>, weights: Vector<Element>, threshold t: Element, usesSizes: Bool, tolerance: Element
  ) throws(KinkRefusal) {
    if u.firstNonFinite != nil { throw .notFinite }
    let (first, last) = (weights.first ?? 0, usesSizes ? 0 : weights.last ?? 0)
    if first > last && !(t * (first - last) > tolerance) {
      throw .meetingKinks("the penalty is zero to within the tolerance \(tolerance)")
    }
    try self.init(u, weights: weights, threshold: t, usesSizes: usesSizes, tolerance: tolerance, rates: nil)
  }
}
