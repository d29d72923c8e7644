/// The proximal maps once more, in extended precision and by the plainest way there is: value, D and B.
struct TruePenalty {
  typealias Number = DoubleDouble

  struct Point {
    var value: [Number]
    /// p × p.
    var D: [[Number]]
    /// p × m.
    var B: [[Number]]
  }

  let kind: PenaltyKind
  /// Weights of groups as the type of the run has them.
  let isSinglePrecision: Bool
  private let clusters: TrueClusters

  init(kind: PenaltyKind, isSinglePrecision: Bool) {
    self.kind = kind
    self.isSinglePrecision = isSinglePrecision
    clusters = TrueClusters(kind: kind)
  }

  func callAsFunction(_ u: [Number], step s: Number, parameters λ: [Number]) -> Point {
    let p = u.count
    switch kind {
    case .l1, .weightedL1: return soft(u, s, λ)
    case .elasticNet:
      let a = Number.one / (.one + s * λ[1])
      return entrywise(u, m: 2) { u in
        let (t, size) = (s * λ[0], u.magnitude)
        guard size > t else { return (.zero, .zero, [.zero, .zero]) }
        let x = a * (size - t) * u.sign
        return (x, a, [-s * a * u.sign, -s * a * x])
      }
    case .asymmetricL1:
      return entrywise(u, m: 2) { u in
        if u < -s * λ[0] { return (u + s * λ[0], .one, [s, .zero]) }
        return u > s * λ[1] ? (u - s * λ[1], .one, [.zero, -s]) : (.zero, .zero, [.zero, .zero])
      }
    case .nonnegativeL1:
      return entrywise(u, m: 1) { u in u > s * λ[0] ? (u - s * λ[0], .one, [-s]) : (.zero, .zero, [.zero]) }
    case .nonnegative: return entrywise(u, m: 0) { u in u > .zero ? (u, .one, []) : (.zero, .zero, []) }
    case .box:
      return entrywise(u, m: 2) { u in
        if u <= λ[0] { return (λ[0], .zero, [.one, .zero]) }
        return u >= λ[1] ? (λ[1], .zero, [.zero, .one]) : (u, .one, [.zero, .zero])
      }
    case .lInfinityBall:
      return entrywise(u, m: 1) { u in
        u.magnitude >= λ[0] ? (u.sign * λ[0], .zero, [u.sign]) : (u, .one, [.zero])
      }
    case .huber:
      return entrywise(u, m: 2) { u in
        let (r, δ) = (s * λ[0], λ[1])
        if u.magnitude <= δ * (.one + r) {
          let a = Number.one / (.one + r)
          return (a * u, a, [-s * a * a * u, .zero])
        }
        return (u - r * δ * u.sign, .one, [-s * δ * u.sign, -r * u.sign])
      }
    case .groupLasso: return grouped(Point(value: u, D: identity(p), B: u.map { _ in [] }), s, λ[0])
    case .sparseGroupLasso:
      var point = soft(u, s, [λ[0]])
      point = grouped(point, s, λ[1])
      return point
    case .l2Norm: return shrunk(Point(value: u, D: identity(p), B: u.map { _ in [] }), Array(0..<p), s * λ[0], -s)
    case .l2Ball:
      let n = u.dot(u).squareRoot()
      if n <= λ[0] { return Point(value: u, D: identity(p), B: u.map { _ in [.zero] }) }
      let h = u.map { $0 / n }
      let D = (0..<p).map { i in
        (0..<p).map { j in λ[0] / n * ((i == j ? .one : .zero) - h[i] * h[j]) }
      }
      return Point(value: h.map { λ[0] * $0 }, D: D, B: h.map { [$0] })
    case .simplex: return face(u, sum: λ[0], signs: u.map { _ in .one })
    case .l1Ball:
      let sizes = u.map(\.magnitude)
      if sizes.reduce(.zero, +) <= λ[0] { return Point(value: u, D: identity(p), B: u.map { _ in [.zero] }) }
      return face(sizes, sum: λ[0], signs: u.map(\.sign))
    case .sortedL1, .orderedSum, .totalVariation, .fusedLasso, .isotonic:
      return clusters.point(u, s, λ)
    }
  }

  func identity(_ p: Int) -> [[Number]] { (0..<p).map { i in (0..<p).map { $0 == i ? .one : .zero } } }

  private func entrywise(_ u: [Number], m: Int, _ map: (Number) -> (Number, Number, [Number])) -> Point {
    let all = u.map(map)
    return Point(
      value: all.map(\.0), D: u.indices.map { i in u.indices.map { $0 == i ? all[i].1 : .zero } }, B: all.map(\.2))
  }

  private func soft(_ u: [Number], _ s: Number, _ λ: [Number]) -> Point {
    var point = Point(value: u, D: identity(u.count), B: u.map { _ in λ.map { _ in .zero } })
    for j in u.indices {
      let k = λ.count == 1 ? 0 : j
      if u[j].magnitude > s * λ[k] {
        point.value[j] = u[j] - s * λ[k] * u[j].sign
        point.B[j][k] = -s * u[j].sign
      } else {
        point.value[j] = .zero
        point.D[j][j] = .zero
      }
    }
    return point
  }

  /// After it the groups are shrunk, with one more parameter.
  private func grouped(_ point: Point, _ s: Number, _ λ: Number) -> Point {
    var (result, start) = (point, 0)
    for j in result.B.indices { result.B[j].append(.zero) }
    for size in PenaltyKind.groups(count: point.value.count) {
      let root = Double(size).squareRoot()
      let weight = Number(isSinglePrecision ? Double(Float(root)) : root)
      result = shrunk(result, Array(start..<start + size), s * λ * weight, -s * weight, appends: false)
      start += size
    }
    return result
  }

  /// The norm of the given coordinates is reduced by t, where ∂t/∂λ = −`pull`.
  private func shrunk(
    _ point: Point, _ group: [Int], _ t: Number, _ pull: Number, appends: Bool = true
  ) -> Point {
    var result = point
    if appends { for j in group { result.B[j].append(.zero) } }
    let x = group.map { point.value[$0] }
    let n = x.dot(x).squareRoot()
    let last = result.B[group[0]].count - 1
    guard n > t else {
      for j in group {
        result.value[j] = .zero
        result.D[j] = result.D[j].map { _ in .zero }
        result.B[j] = result.B[j].map { _ in .zero }
      }
      return result
    }
    let h = x.map { $0 / n }
    /// (1 − t/n) y + (t/n) h hᵀy.
    func apply(_ y: [Number]) -> [Number] {
      let along = h.dot(y)
      return y.indices.map { (.one - t / n) * y[$0] + t / n * along * h[$0] }
    }
    for c in point.D[0].indices {
      let column = apply(group.map { point.D[$0][c] })
      for (i, j) in group.enumerated() { result.D[j][c] = column[i] }
    }
    for c in 0..<last {
      let column = apply(group.map { result.B[$0][c] })
      for (i, j) in group.enumerated() { result.B[j][c] = column[i] }
    }
    for (i, j) in group.enumerated() {
      result.value[j] = (.one - t / n) * x[i]
      result.B[j][last] = pull * h[i]
    }
    return result
  }

  /// max(y − τ, 0) with the sum r, signs put back.
  private func face(_ y: [Number], sum r: Number, signs σ: [Number]) -> Point {
    let sorted = y.sorted(by: >)
    var (τ, total) = (Number.zero, Number.zero)
    for (i, entry) in sorted.enumerated() {
      total += entry
      let candidate = (total - r) / Number(Double(i + 1))
      if entry > candidate { τ = candidate }
    }
    let inside = y.map { $0 > τ }
    let count = Number(Double(inside.count { $0 }))
    let D = y.indices.map { i in
      y.indices.map { j in
        inside[i] && inside[j] ? (i == j ? Number.one : .zero) - σ[i] * σ[j] / count : .zero
      }
    }
    return Point(
      value: y.indices.map { inside[$0] ? σ[$0] * (y[$0] - τ) : .zero }, D: D,
      B: y.indices.map { [inside[$0] ? σ[$0] / count : .zero] })
  }
}
