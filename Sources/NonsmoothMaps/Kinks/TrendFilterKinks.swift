public import LinAlg

/// The differences that vanish, those at kinks among them: a difference of zero whose multiplier is at its limit, and a knot of nothing.
private struct Knots<Element: Scalar> {
  let filter: TrendFilter<Element>
  let found: BoxedPivoting<Element>
  let jumps: Vector<Element>
  /// Differences that stay zero; those at kinks, with the sign that their knot has or would have; and knots.
  private(set) var flat: [Int] = []
  private(set) var weak: [(row: Int, sign: Element, distance: Element, isKnot: Bool)] = []
  private(set) var open: [Int] = []
  private(set) var nearby: [(row: Int, distance: Element, isKnot: Bool)] = []
  let held: HeldRows<Element>

  init(
    _ filter: TrendFilter<Element>, _ u: Vector<Element>, bound t: Element, tolerance: Element, radius: Element
  ) throws(KinkRefusal) {
    if u.firstNonFinite != nil { throw .notFinite }
    guard t > tolerance else { throw .meetingKinks("the penalty is zero to within the tolerance \(tolerance)") }
    guard let found = filter.solve(u, t), found.isSettled else { throw .notFinite }
    (self.filter, self.found) = (filter, found)
    let p = u.count
    jumps = filter.differences(found.value)
    func row(_ i: Int) -> Vector<Element> {
      Vector(count: p) { $0 >= i && $0 <= i + filter.order ? filter.stencil[$0 - i] : 0 }
    }
    let L = NormalComplement<Element>(count: p, parameterCount: 1)
    let free = found.free
    let normals = Matrix<Element>(rows: p, columns: free.count) { row(free[$1])[$0] }
    L.fill(free.isEmpty ? nil : try? QR(normals), count: free.count, column: .zeros(p))
    for (k, i) in free.enumerated() {
      let z = found.multipliers[i]
      let distance = max(0, t - z.magnitude) / L.multiplierNorm(k)
      if distance <= tolerance {
        weak.append((i, z < 0 ? -1 : 1, distance, false))
      } else {
        flat.append(i)
        if distance <= radius { nearby.append((i, distance, false)) }
      }
    }
    var moved = Vector<Element>.zeros(p)
    for i in 0..<jumps.count where found.signs[i] != 0 {
      L.apply(row(i), into: &moved)
      let distance = max(0, jumps[i] * found.signs[i]) / moved.norm
      if distance <= tolerance {
        weak.append((i, found.signs[i], distance, true))
      } else {
        open.append(i)
        if distance <= radius { nearby.append((i, distance, true)) }
      }
    }
    let rows = flat + weak.map(\.row)
    held = try HeldRows(Matrix(rows: p, columns: rows.count) { row(rows[$1])[$0] }) { "difference \(rows[$0])" }
  }

  var rows: [Int] { flat + weak.map(\.row) }
}

extension TrendFilter: PolyhedralPenalty {
  private func record(_ row: Int, _ distance: Element, _ tolerance: Element, isKnot: Bool) -> KinkRecord<Element> {
    KinkRecord(
      place: .knot(row), distance: distance, tolerance: tolerance, branches: ("vanish", "appear"), isBelow: !isKnot)
  }

  /// What keeps all differences of zero is free; a knot at a kink appears along its column of the pseudoinverse of those differences, with its sign.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    if u.count <= order {
      var cone = CriticalCone(point: Vector(copying: u))
      cone.free = (0..<u.count).map { .init([.init($0, 1)]) }
      return cone
    }
    let knots = try Knots(self, u, bound: s * λ[0], tolerance: tolerance, radius: radius)
    var x = Vector(copying: knots.found.value)
    for (k, i) in knots.rows.enumerated() { x.add(-knots.jumps[i], knots.held.lift(k)) }
    var cone = CriticalCone(point: x)
    cone.free = knots.held.free().map { .init($0.coneEntries) }
    for (k, one) in knots.weak.enumerated() {
      let lift = knots.held.lift(knots.flat.count + k)
      cone.kinks.append(
        .init(
          record: record(one.row, one.distance, tolerance, isKnot: false), entries: (one.sign * lift).coneEntries,
          lower: nil, upper: .init(), isFlat: true))
    }
    for (i, sign) in knots.open.map({ ($0, knots.found.signs[$0]) }) + knots.weak.map({ ($0.row, $0.sign) }) {
      for k in 0...order { cone.slope.append(.init(i + k, 0, sign * stencil[k])) }
    }
    cone.nearby = knots.nearby.map { record($0.row, $0.distance, tolerance, isKnot: $0.isKnot) }
    return cone
  }

  public func firstCrossing(
    at u: Vector<Element>, value: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let (t, ṫ) = (s * λ[0], s * rates.parameters[0])
    guard let knots = try? Knots(self, u, bound: t, tolerance: tolerance, radius: 0) else { return nil }
    var least: Element?
    func consider(_ value: Element, _ rate: Element) {
      let t = -value / rate
      if value > 0 && t > 0 && t < least ?? .infinity { least = t }
    }
    let jumpRates = differences(rates.value)
    // Δᵀ ż = u̇ − ẋ, where the ż of knots are those of their limits.
    var push = rates.argument - rates.value
    for i in knots.open {
      let sign = knots.found.signs[i]
      consider(sign * knots.jumps[i], sign * jumpRates[i])
      for k in 0...order { push[i + k] -= ṫ * sign * stencil[k] }
    }
    for (k, i) in knots.rows.enumerated() {
      let (z, ż) = (knots.found.multipliers[i], knots.held.lift(k).dot(push))
      // At one limit the other one is still to come where the difference stays zero.
      let sign: Element = k < knots.flat.count ? 0 : knots.weak[k - knots.flat.count].sign
      if sign <= 0 { consider(t - z, ṫ - ż) }
      if sign >= 0 { consider(t + z, ṫ + ż) }
    }
    return least
  }
}
