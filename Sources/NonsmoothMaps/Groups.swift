import LinAlg

/// A partition of p coordinates into groups that are penalized together, with a weight for each group.
public struct Groups: Sendable, Equatable {
  /// p.
  public let coordinateCount: Int
  /// The number of groups.
  public var count: Int { starts.count - 1 }
  /// The weight of every group: √(its size) unless given.
  public let weights: [Double]
  /// The coordinates, group after group; those of group k stand at `starts[k] ..< starts[k + 1]`, increasing.
  let coordinates: [Int]
  let starts: [Int]

  /// Consecutive groups of these sizes.
  ///
  /// - Precondition: sizes and weights at least 0, as many weights as groups.
  public init(sizes: [Int], weights: [Double]? = nil) {
    precondition(sizes.allSatisfy { $0 >= 0 }, "Groups: sizes cannot be negative")
    var starts = [0]
    for size in sizes { starts.append(starts.last! + size) }
    self.init(coordinates: Array(0..<starts.last!), starts: starts, weights: weights)
  }

  /// Consecutive groups of `size`, the last one of what is left of p.
  ///
  /// - Precondition: a size of at least 1.
  public init(count p: Int, size: Int, weights: [Double]? = nil) {
    precondition(p >= 0 && size >= 1, "Groups: \(p) coordinates in groups of \(size)")
    self.init(sizes: stride(from: 0, to: p, by: size).map { min(size, p - $0) }, weights: weights)
  }

  /// Groups given by their coordinates, which together are 0 ..< p, each once.
  ///
  /// - Precondition: the lists are a partition; weights at least 0, as many as groups.
  public init(_ lists: [[Int]], weights: [Double]? = nil) {
    var starts = [0]
    for list in lists { starts.append(starts.last! + list.count) }
    let coordinates = lists.flatMap { $0.sorted() }
    precondition(
      coordinates.sorted() == Array(0..<coordinates.count),
      "Groups: every coordinate of 0 ..< \(coordinates.count) must stand in exactly one group")
    self.init(coordinates: coordinates, starts: starts, weights: weights)
  }

  /// The same groups, and one more coordinate that is a group of its own and never penalized, such as an intercept.
  public func appendingUnpenalized() -> Groups {
    Groups(
      coordinates: coordinates + [coordinateCount], starts: starts + [coordinateCount + 1], weights: weights + [0])
  }

  private init(coordinates: [Int], starts: [Int], weights: [Double]?) {
    let sizes = zip(starts, starts.dropFirst()).map { $1 - $0 }
    let weights = weights ?? sizes.map { Double($0).squareRoot() }
    precondition(
      weights.count == sizes.count && weights.allSatisfy { $0 >= 0 && $0.isFinite },
      "Groups: \(sizes.count) groups need as many finite weights of at least 0, got \(weights)")
    self.coordinates = coordinates
    self.starts = starts
    self.weights = weights
    coordinateCount = coordinates.count
  }

  /// The number of coordinates of group k.
  public func size(_ k: Int) -> Int { starts[k + 1] - starts[k] }

  /// Coordinate i of group k; they increase.
  public func coordinate(_ k: Int, _ i: Int) -> Int { coordinates[starts[k] + i] }

  /// The largest number of coordinates in a group.
  public var largestSize: Int { (0..<count).reduce(0) { max($0, size($1)) } }

  /// ‖x_G‖₂ of group k, without overflow or underflow on the way.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func norm<Element: Scalar>(_ k: Int, of x: Vector<Element>) -> Element {
    precondition(x.count == coordinateCount, "Groups: of \(coordinateCount) coordinates for \(x.count)")
    let p = x.base
    let range = starts[k]..<starts[k + 1]
    var sum: Element = 0
    for i in range { sum += p[coordinates[i]] * p[coordinates[i]] }
    // Between these no square that matters was lost.
    if sum > .leastNormalMagnitude / .ulpOfOne && sum.isFinite { return sum.squareRoot() }
    var largest: Element = 0
    for i in range where !(p[coordinates[i]].magnitude <= largest) {
      largest = p[coordinates[i]].magnitude
      if largest.isNaN { return .nan }
    }
    if largest == 0 || !largest.isFinite { return largest }
    sum = 0
    for i in range {
      let ratio = p[coordinates[i]] / largest
      sum += ratio * ratio
    }
    return largest * sum.squareRoot()
  }

  /// A hash of which groups are not zero, among those with a weight.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func nonzeroSignature<Element: Scalar>(of x: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for k in 0..<count { hash.add(weights[k] > 0 && norm(k, of: x) == 0 ? 0 : 1) }
    return hash.value
  }

  /// x_G ← the group shrunk towards 0 by t in norm: 0 where ‖x_G‖ ≤ t. A NaN makes the whole group NaN.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func shrink<Element: Scalar>(_ k: Int, by t: Element, in x: inout Vector<Element>) {
    let n = norm(k, of: x)
    if t == 0 && !n.isNaN { return }
    // Not 1 − t/n, which loses the digits of n − t.
    let factor = n <= t ? 0 : (n - t) / n
    let p = x.mutableBase()
    for i in starts[k]..<starts[k + 1] {
      p[coordinates[i]] *= factor
    }
  }
}
