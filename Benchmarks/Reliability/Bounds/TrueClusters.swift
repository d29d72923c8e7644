/// Proximal maps that make coordinates equal, in extended precision.
final class TrueClusters {
  typealias Number = DoubleDouble
  private let kind: PenaltyKind
  /// The jumps that were right the last time, tried first.
  private var lastJumps: [Int] = []

  init(kind: PenaltyKind) { self.kind = kind }

  func point(_ u: [Number], _ s: Number, _ λ: [Number]) -> TruePenalty.Point {
    let p = u.count
    switch kind {
    case .isotonic:
      return joined(u, Self.pooled(u), pulls: u.map { _ in [] })
    case .sortedL1, .orderedSum:
      let σ = kind == .sortedL1 ? u.map { $0 < .zero ? -Number.one : .one } : u.map { _ in .one }
      let order = (0..<p).sorted { σ[$0] * u[$0] > σ[$1] * u[$1] }
      let ω = PenaltyKind.weights(count: p).map { Number($0) }
      // Nonincreasing is nondecreasing of the negative.
      let labels = Self.pooled((0..<p).map { s * λ[0] * ω[$0] - σ[order[$0]] * u[order[$0]] })
      var (all, pulls, moved) = (Array(repeating: 0, count: p), Array(repeating: [Number.zero], count: p), u)
      for i in 0..<p {
        all[order[i]] = labels[i]
        pulls[order[i]] = [-s * ω[i]]
        moved[order[i]] = σ[order[i]] * u[order[i]] - s * λ[0] * ω[i]
      }
      var point = joined(moved, all, pulls: pulls)
      for j in 0..<p where kind == .sortedL1 {
        let isZero = !(point.value[j] > .zero)
        point.value[j] = isZero ? .zero : σ[j] * point.value[j]
        point.B[j] = isZero ? [.zero] : [σ[j] * point.B[j][0]]
        for i in 0..<p { point.D[j][i] = isZero ? .zero : σ[j] * σ[i] * point.D[j][i] }
      }
      return point
    case .fusedLasso:
      var point = variation(u, s, λ[1])
      for j in 0..<p {
        let x = point.value[j]
        let isZero = !(x.magnitude > s * λ[0])
        point.value[j] = isZero ? .zero : x - s * λ[0] * x.sign
        point.B[j] = isZero ? [.zero, .zero] : [-s * x.sign, point.B[j][0]]
        if isZero { point.D[j] = point.D[j].map { _ in .zero } }
      }
      return point
    default: return variation(u, s, λ[0])
    }
  }

  /// Means over equal labels, of the values and of what is added to them per unit of the parameters.
  private func joined(_ y: [Number], _ labels: [Int], pulls: [[Number]]) -> TruePenalty.Point {
    let sizes = labels.indices.map { i in Number(Double(labels.count { $0 == labels[i] })) }
    func mean(_ i: Int, _ of: (Int) -> Number) -> Number {
      labels.indices.reduce(Number.zero) { labels[$1] == labels[i] ? $0 + of($1) : $0 } / sizes[i]
    }
    return TruePenalty.Point(
      value: y.indices.map { mean($0) { y[$0] } },
      D: y.indices.map { i in y.indices.map { labels[$0] == labels[i] ? .one / sizes[i] : .zero } },
      B: y.indices.map { i in pulls[i].indices.map { k in mean(i) { pulls[$0][k] } } })
  }

  /// The runs of the nearest nondecreasing sequence: pool adjacent violators.
  private static func pooled(_ y: [Number]) -> [Int] {
    var blocks: [(sum: Number, count: Int)] = []
    for entry in y {
      blocks.append((entry, 1))
      while blocks.count > 1 {
        let (a, b) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
        guard a.sum / Number(Double(a.count)) >= b.sum / Number(Double(b.count)) else { break }
        blocks.removeLast(2)
        blocks.append((a.sum + b.sum, a.count + b.count))
      }
    }
    return blocks.enumerated().flatMap { Array(repeating: $0, count: $1.count) }
  }

  /// Total variation by its dual: the bounded sums z with x = u − (differences of z), found by trying which bounds hold, at most 3^(p − 1) ways.
  private func variation(_ u: [Number], _ s: Number, _ λ: Number) -> TruePenalty.Point {
    let (p, t) = (u.count, s * λ)
    // A jump between j and j + 1: up (1), down (−1) or none (0).
    var jumps = Array(repeating: 0, count: max(0, p - 1))
    var best: (TruePenalty.Point, Number)?
    func attempt() {
      var (labels, pulls, moved) = (Array(repeating: 0, count: p), Array(repeating: [Number.zero], count: p), u)
      for j in 0..<p - 1 {
        labels[j + 1] = labels[j] + (jumps[j] == 0 ? 0 : 1)
        let σ = Number(Double(jumps[j]))
        pulls[j][0] += s * σ
        pulls[j + 1][0] -= s * σ
      }
      for j in 0..<p { moved[j] += λ * pulls[j][0] }
      let point = joined(moved, labels, pulls: pulls)
      // How far the conditions are violated at most.
      var violation = Number.zero
      var sum = Number.zero
      for j in 0..<p - 1 {
        sum += u[j] - point.value[j]
        let gap = point.value[j + 1] - point.value[j]
        // x grows where the sum is at −t.
        let miss = jumps[j] == 0 ? sum.magnitude - t : -gap * Number(Double(jumps[j]))
        violation = max(violation, miss)
      }
      if best == nil || violation < best!.1 {
        best = (point, violation)
        lastJumps = jumps
      }
    }
    func choose(_ j: Int) {
      if best != nil && best!.1 <= .zero { return }
      guard j < p - 1 else { return attempt() }
      for jump in [0, 1, -1] {
        jumps[j] = jump
        choose(j + 1)
      }
    }
    if p < 2 { return joined(u, [0], pulls: [[.zero]]) }
    if lastJumps.count == p - 1 {
      jumps = lastJumps
      attempt()
    }
    choose(0)
    return best!.0
  }
}
