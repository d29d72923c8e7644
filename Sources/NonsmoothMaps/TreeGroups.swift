public import LinAlg

/// `g(w, λ) = λ Σ_G weight_G ‖w_G‖₂` over groups of which any two are disjoint or nested, as the subtrees of a tree.
///
/// prox shrinks the groups one after the other, those inside before those around them. With t = sλ weight and n, h the norm and the direction that a
/// group has when its turn comes, D is the product of the
/// blocks (1 − t/n)(I − h hᵀ) + h hᵀ. They commute, since every block that is inside another one has the direction of the outer one among its
/// eigenvectors, so D and its root R, the product of the blocks' roots, are
/// symmetric. B is −s Σ of what the later blocks make of weight · h. At n = t all rules of ``KinkRule`` count the group as zero; a group whose t is
/// 0 has the identity. Cost: the sum of the sizes of the groups.
///
/// R. Jenatton, J. Mairal, G. Obozinski, F. Bach: Proximal methods for hierarchical sparse coding. J. Mach. Learn. Res. 12 (2011).
public struct TreeGroups<Element: Scalar>: ProximalMap {
  /// The groups with inner ones before outer ones, and their weights.
  let order: [(coordinates: [Int], weight: Element)]
  public let coordinateCount: Int

  /// Groups of 0 ..< p. A coordinate may be in several of them or in none.
  ///
  /// - Precondition: any two groups are disjoint or one contains the other; as many finite weights of at least 0 as groups (√size unless given).
  public init(_ groups: [[Int]], count p: Int, weights: [Double]? = nil) {
    let weights = weights ?? groups.map { Double($0.count).squareRoot() }
    precondition(
      weights.count == groups.count && weights.allSatisfy { $0 >= 0 && $0.isFinite },
      "TreeGroups: \(groups.count) groups need as many finite weights of at least 0")
    var sorted = zip(groups, weights).map { (coordinates: $0.sorted(), weight: Element($1)) }
    sorted.sort { $0.coordinates.count < $1.coordinates.count }
    // The group that each coordinate was last seen in: a later one contains all of it or nothing.
    var owner = Array(repeating: -1, count: p)
    for (k, group) in sorted.enumerated() {
      var seen: [Int: Int] = [:]
      for (i, j) in group.coordinates.enumerated() {
        precondition(j >= 0 && j < p, "TreeGroups: coordinate \(j), outside 0 ..< \(p)")
        precondition(i == 0 || group.coordinates[i - 1] < j, "TreeGroups: coordinate \(j) twice in a group")
        if owner[j] >= 0 { seen[owner[j], default: 0] += 1 }
        owner[j] = k
      }
      for (inner, count) in seen {
        precondition(
          count == sorted[inner].coordinates.count,
          "TreeGroups: the groups \(sorted[inner].coordinates) and \(group.coordinates) are neither disjoint nor nested"
        )
      }
    }
    order = sorted
    coordinateCount = p
  }

  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { coordinateCount == p }

  func norm(_ coordinates: [Int], of w: Vector<Element>) -> Element { Vector(coordinates.map { w[$0] }).norm }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for group in order { sum += group.weight * norm(group.coordinates, of: w) }
    return λ[0] * sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    precondition(u.count == coordinateCount, "TreeGroups: of \(coordinateCount) coordinates for \(u.count)")
    for group in order {
      let (n, t) = (norm(group.coordinates, of: u), s * λ[0] * group.weight)
      if t == 0 && !n.isNaN { continue }
      // Not 1 − t/n, which loses the digits of n − t.
      let factor = n <= t ? 0 : (n - t) / n
      for j in group.coordinates { u[j] *= factor }
    }
  }

  public func makeLinearization(count p: Int) -> TreeLinearization<Element> { TreeLinearization(self, count: p) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: TreeLinearization<Element>
  ) { L.fill(at: u, step: s, strength: λ[0]) }

  /// Which groups are not zero.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for group in order { hash.add(norm(group.coordinates, of: w) == 0 ? 0 : 1) }
    return hash.value
  }
}

/// The product of the commuting blocks a² (I − h hᵀ) + h hᵀ of nested groups.
public final class TreeLinearization<Element: Scalar>: ProximalLinearization {
  private struct Block {
    /// Of its members the coordinates, and their places among the active ones.
    var coordinates: [Int]
    var places: [Int]
    var direction: [Element]
    var root: Element
    var pull: Element
  }

  private let groups: TreeGroups<Element>
  /// Of the groups that are not zero and have a threshold, inner ones first.
  private var blocks: [Block] = []
  public private(set) var active: IndexSubset
  public private(set) var kinkDistance: Element?
  private var isActive: Vector<Element>
  private var value: Vector<Element>

  init(_ groups: TreeGroups<Element>, count p: Int) {
    precondition(p == groups.coordinateCount, "TreeGroups: of \(groups.coordinateCount) coordinates for \(p)")
    self.groups = groups
    active = IndexSubset(universe: p)
    isActive = .zeros(p)
    value = .zeros(p)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(at u: Vector<Element>, step s: Element, strength: Element) {
    value.copy(from: u)
    isActive.fill(1)
    blocks.removeAll(keepingCapacity: true)
    var distance = Element.infinity
    for group in groups.order where !group.coordinates.isEmpty {
      let (n, t) = (groups.norm(group.coordinates, of: value), s * strength * group.weight)
      // No group before this one expands, so that u moves what it sees by no more.
      distance = min(distance, (n - t).magnitude)
      if n <= t && t > 0 {
        for j in group.coordinates { (value[j], isActive[j]) = (0, 0) }
      } else {
        let direction = group.coordinates.map { n == 0 ? 0 : value[$0] / n }
        let ratio = t == 0 ? 1 : (n - t) / n
        blocks.append(
          Block(
            coordinates: group.coordinates, places: [], direction: direction, root: ratio.squareRoot(),
            pull: -s * group.weight))
        for j in group.coordinates { value[j] *= ratio }
      }
    }
    active.refill(nonzerosOf: isActive)
    var position = Array(repeating: -1, count: u.count)
    for k in 0..<active.count { position[active[k]] = k }
    // Where a group around it is zero, a block has nothing left.
    for b in blocks.indices {
      let kept = blocks[b].coordinates.indices.filter { position[blocks[b].coordinates[$0]] >= 0 }
      blocks[b].direction = kept.map { blocks[b].direction[$0] }
      blocks[b].coordinates = kept.map { blocks[b].coordinates[$0] }
      blocks[b].places = blocks[b].coordinates.map { position[$0] }
    }
    blocks.removeAll { $0.places.isEmpty }
    kinkDistance = distance
  }

  public var rank: Int { active.count }
  public var isMask: Bool { blocks.allSatisfy { $0.root == 1 } }
  public var isProjection: Bool { isMask }
  public var parametersLieInRange: Bool { true }

  /// x ← (c (I − h hᵀ) + h hᵀ) x.
  private func multiply(_ block: Block, _ c: Element, _ x: inout Vector<Element>, at places: [Int]) {
    var dot: Element = 0
    for (i, j) in places.enumerated() { dot += block.direction[i] * x[j] }
    for (i, j) in places.enumerated() { x[j] = c * x[j] + (1 - c) * dot * block.direction[i] }
  }

  private func multiply(_ x: Vector<Element>, into y: inout Vector<Element>, _ factor: (Element) -> Element) {
    y.copy(from: x)
    for block in blocks where block.root != 1 { multiply(block, factor(block.root), &y, at: block.places) }
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { multiply(x, into: &z) { $0 } }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { multiply(z, into: &x) { $0 } }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) { multiply(z, into: &y) { $0 * $0 } }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { multiply(z, into: &x) { 1 / $0 } }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { multiply(x, into: &z) { 1 / $0 } }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    y.assignProduct(isActive, x)
    for block in blocks where block.root != 1 { multiply(block, block.root * block.root, &y, at: block.coordinates) }
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    var sum = Vector<Element>.zeros(active.universe)
    for block in blocks {
      // What the blocks before it did, first through this one: its own pull is along h, which it leaves as it is.
      if block.root != 1 { multiply(block, block.root * block.root, &sum, at: block.coordinates) }
      for (i, j) in block.coordinates.enumerated() { sum[j] += block.pull * μ[0] * block.direction[i] }
    }
    x.add(1, sum)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    var column = Vector<Element>.zeros(active.universe)
    addParameters([1], to: &column)
    g[0] += α * column.dot(v)
  }
}
