public import LinAlg

/// The derivative of the group lasso's proximal map, after soft thresholding or without: a block per group.
///
/// A block has R = a (I − h hᵀ) + b h hᵀ, so D = a² (I − h hᵀ) + b² h hᵀ, with a² = 1 − t/n and b = 1 away from kinks. With a = 0 (n = t) R is the
/// single column b h. A coordinate at the kink of its own threshold, where h is zero, is a block of its own.
public final class GroupLinearization<Element: Scalar>: ProximalLinearization {
  typealias Block = GroupBlock<Element>

  let groups: Groups
  let groupStrengths: SharedStrengths
  let coordinateStrengths: SharedStrengths?
  private(set) var blocks: [Block] = []
  /// The active coordinates, block after block.
  private(set) var members: [Int] = []
  /// h, in the order of `members`.
  private(set) var directions: [Element] = []
  /// What D makes B's columns of: −s factor sign(u) in the order of `members`, and −s weight, a multiple of h, for each block.
  private(set) var signs: [Element] = []
  private(set) var pulls: [Element] = []
  /// Of each member its place among the active coordinates, and its entry of z.
  private(set) var places: [Int] = []
  private(set) var slots: [Int] = []
  /// The places by coordinate.
  private var position: [Int]
  private var isActive: Vector<Element>
  private var thresholded: Vector<Element>
  private var thresholds: Vector<Element>
  private var roots: Vector<Element>?

  public private(set) var active: IndexSubset
  public private(set) var rank = 0
  public private(set) var isMask = false
  public private(set) var isProjection = false
  public private(set) var kinkDistance: Element?
  public var diagonalRoots: Vector<Element>? { isMask ? nil : roots }
  public var parametersLieInRange: Bool { true }

  /// - Parameters:
  ///   - groups: disjoint groups of the p coordinates, each with its weight.
  ///   - groupStrengths: the strength of every group, after those of the coordinates.
  ///   - coordinateStrengths: the strength of every coordinate's soft threshold, the first of λ; nil where there is none.
  public init(_ groups: Groups, count p: Int, groupStrengths: SharedStrengths, coordinateStrengths: SharedStrengths?) {
    precondition(groups.coordinateCount == p, "GroupLasso: groups of \(groups.coordinateCount) coordinates for \(p)")
    self.groups = groups
    self.groupStrengths = groupStrengths
    self.coordinateStrengths = coordinateStrengths
    active = IndexSubset(universe: p)
    position = Array(repeating: 0, count: p)
    isActive = .zeros(p)
    thresholded = .zeros(p)
    thresholds = .zeros(p)
  }

  // MARK: - Filling

  /// Fills D and B of the map that soft-thresholds u and shrinks every group's norm by its own threshold, O(p).
  ///
  /// - Parameters:
  ///   - u: p entries.
  ///   - s: the step, above 0.
  ///   - λ: the coordinates' strengths, then those of the groups.
  ///   - kink: the element that is chosen where a group or a coordinate sits on its threshold.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func fill(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule) {
    open(step: s, parameters: λ, thresholded: u)
    if coordinateStrengths != nil { SoftThreshold.apply(thresholds: thresholds, to: &thresholded) }
    var distance = Element.infinity
    for k in 0..<groups.count where groups.starts[k] < groups.starts[k + 1] {
      let n = groups.norm(k, of: thresholded)
      let t = groupThreshold(k, s, λ)
      if groups.weights[k] > 0 { distance = min(distance, (n - t).magnitude) }
      if n < t || (n == t && t > 0 && kink == .zero) { continue }
      // A coordinate's own kink is seen only where its group is not zero: thresholding does not expand.
      if coordinateStrengths != nil {
        for i in groups.starts[k]..<groups.starts[k + 1] {
          let j = groups.coordinates[i]
          if coordinateStrengths!.factor(j) as Element == 0 { continue }
          distance = min(distance, (u[j].magnitude - thresholds[j]).magnitude)
        }
      }
      addGroup(k, norm: n, direction: n, value: n - t, t, step: s, kink: kink) { j in
        thresholds[j] == 0 || u[j].magnitude > thresholds[j] || u[j].isNaN
          ? 1 : (u[j].magnitude == thresholds[j] ? Element(kink.derivative) : 0)
      }
    }
    kinkDistance = distance
    close()
  }

  /// The same at a value w = prox(u) that is known in the place of u: zero groups and entries stay so. ``kinkDistance`` is then unknown.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func fill(atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>) {
    open(step: s, parameters: λ, thresholded: w)
    for k in 0..<groups.count where groups.starts[k] < groups.starts[k + 1] {
      let size = groups.norm(k, of: w)
      let t = groupThreshold(k, s, λ)
      if size == 0 && t > 0 { continue }
      addGroup(k, norm: size + t, direction: size, value: size, t, step: s, kink: .zero) { j in
        w[j] != 0 || thresholds[j] == 0 ? 1 : 0
      }
    }
    kinkDistance = nil
    close()
  }

  func groupThreshold(_ k: Int, _ s: Element, _ λ: Vector<Element>) -> Element {
    s * λ[(coordinateStrengths?.count ?? 0) + groupStrengths.place(k)] * Element(groups.weights[k])
  }

  private func open(step s: Element, parameters λ: Vector<Element>, thresholded x: Vector<Element>) {
    thresholded.copy(from: x)
    blocks.removeAll(keepingCapacity: true)
    members.removeAll(keepingCapacity: true)
    directions.removeAll(keepingCapacity: true)
    signs.removeAll(keepingCapacity: true)
    pulls.removeAll(keepingCapacity: true)
    isActive.fill(0)
    if let coordinateStrengths { coordinateStrengths.fill(&thresholds, from: λ, scale: s) } else { thresholds.fill(0) }
  }

  /// The blocks of group k with n = `norm`, of which `thresholded` has the direction and the norm `direction`.
  ///
  /// - Parameters:
  ///   - value: n − t.
  ///   - derivative: that of the soft threshold at a coordinate.
  private func addGroup(
    _ k: Int, norm n: Element, direction: Element, value: Element, _ t: Element, step s: Element, kink: KinkRule,
    derivative: (Int) -> Element
  ) {
    // With t = 0 the map is the identity even at 0.
    let a = t == 0 ? 1 : (value / n).squareRoot()
    let b = t > 0 && n == t ? Element(kink.derivative).squareRoot() : 1
    let weight = Element(groups.weights[k])
    let coordinates = groups.starts[k]..<groups.starts[k + 1]
    let first = members.count
    for i in coordinates {
      let j = groups.coordinates[i]
      if derivative(j) == 1 && (a > 0 || thresholded[j] != 0) {
        append(j, direction: direction == 0 ? 0 : thresholded[j] / direction, step: s)
      }
    }
    if members.count > first {
      let isSingle = members.count == first + 1
      // Alone, h is ±1 and the block is b²; where the direction is 0 (or another coordinate's) it is a².
      let root = isSingle && directions[first] == 0 ? a : b
      pulls.append(-s * weight)
      blocks.append(Block(range: first..<members.count, a: a, b: root, isCurved: t > 0, group: k))
    }
    for i in coordinates {
      let d = derivative(groups.coordinates[i])
      if d == 0 || d == 1 || a == 0 { continue }
      append(groups.coordinates[i], direction: 0, step: s)
      pulls.append(-s * weight)
      let root = a * d.squareRoot()
      blocks.append(Block(range: members.count - 1..<members.count, a: root, b: root, isCurved: true, group: k))
    }
  }

  private func append(_ j: Int, direction h: Element, step s: Element) {
    isActive[j] = 1
    members.append(j)
    directions.append(h)
    guard let coordinateStrengths, thresholded[j] != 0 else {
      signs.append(0)
      return
    }
    let size: Element = s * coordinateStrengths.factor(j)
    signs.append(thresholded[j] > 0 ? -size : size)
  }

  /// Numbers the active coordinates and the entries of z: in the order of the coordinates, a line's at its first.
  private func close() {
    active.refill(nonzerosOf: isActive)
    for c in 0..<active.count { position[active[c]] = c }
    places.removeAll(keepingCapacity: true)
    slots.removeAll(keepingCapacity: true)
    for j in members { places.append(position[j]) }
    slots.append(contentsOf: places)
    isMask = true
    isProjection = true
    var isDiagonal = true
    var hasWideLine = false
    for block in blocks {
      let isSingle = block.range.count == 1
      // Decided by the threshold, not by a: rounded to 1 it would leave the norm's curvature out of the system, however small H is.
      let isFlat =
        block.b == 1 && (isSingle ? directions[block.range.lowerBound] != 0 || !block.isCurved : !block.isCurved)
      if !isFlat { isMask = false }
      if block.b != 1 || !(block.isLine || isFlat) { isProjection = false }
      if !isSingle && block.a != block.b { isDiagonal = false }
      if !isSingle && block.isLine { hasWideLine = true }
    }
    rank = members.count
    if hasWideLine { numberSlots() }
    roots = nil
    if isDiagonal && !isMask {
      var diagonal = Vector<Element>.zeros(rank)
      for block in blocks { for m in block.range { diagonal[slots[m]] = block.b } }
      roots = diagonal
    }
  }

  /// With fewer entries of z than active coordinates.
  private func numberSlots() {
    var owner = Array(repeating: 0, count: members.count)
    for (b, block) in blocks.enumerated() { for m in block.range { owner[places[m]] = b } }
    var memberAt = Array(repeating: 0, count: members.count)
    for m in 0..<members.count { memberAt[places[m]] = m }
    var lineSlot = Array(repeating: -1, count: blocks.count)
    rank = 0
    for c in 0..<members.count {
      let b = owner[c]
      if blocks[b].isLine && lineSlot[b] >= 0 {
        slots[memberAt[c]] = lineSlot[b]
      } else {
        slots[memberAt[c]] = rank
        lineSlot[b] = rank
        rank += 1
      }
    }
  }
}
