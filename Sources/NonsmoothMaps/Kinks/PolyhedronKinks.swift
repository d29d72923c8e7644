public import LinAlg

/// The rows of a polyhedron that hold at its projection, those at kinks among them: rows with a multiplier of nothing, which may be left, and rows that are met without being
/// needed.
private struct MetRows<Element: Scalar> {
  /// First those that are needed, then those at kinks.
  var needed: [Int]
  var weak: [(row: Int, distance: Element)] = []
  var nearby: [(row: Int, distance: Element)] = []
  private let held: HeldRows<Element>

  init(
    _ polyhedron: Polyhedron<Element>, _ u: Vector<Element>, _ λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) {
    let A = polyhedron.rows
    let found = polyhedron.activeRows(at: u, parameters: λ)
    if found.point.firstNonFinite != nil { throw .notFinite }
    needed = []
    let L = NormalComplement<Element>(count: A.columns, parameterCount: A.rows)
    L.fill(found.factor, parameters: found.active, kinkDistance: nil)
    for (place, i) in found.active.enumerated() {
      let distance = max(0, found.multipliers[place]) / L.multiplierNorm(place)
      if i >= polyhedron.equationCount && distance <= tolerance {
        weak.append((i, distance))
      } else {
        needed.append(i)
        if i >= polyhedron.equationCount && distance <= radius { nearby.append((i, distance)) }
      }
    }
    var moved = Vector<Element>.zeros(A.columns)
    for i in polyhedron.equationCount..<max(polyhedron.equationCount, A.rows) where !found.active.contains(i) {
      let row = A.row(i)
      L.apply(row, into: &moved)
      let slack = max(0, λ[i] - row.dot(found.point))
      // A row that depends on those that are needed never comes nearer, and stays where it is.
      let distance = moved.norm > 8 * Element(A.columns) * .ulpOfOne * row.norm ? slack / moved.norm : .infinity
      if distance <= tolerance {
        weak.append((i, distance))
      } else if distance <= radius {
        nearby.append((i, distance))
      }
    }
    let rows = needed + weak.map(\.row)
    held = try HeldRows(Matrix(rows: A.columns, columns: rows.count) { A[rows[$1], $0] }) { "row \(rows[$0])" }
  }

  var rows: [Int] { needed + weak.map(\.row) }

  func lift(_ k: Int) -> Vector<Element> { held.lift(k) }
  func free() -> [Vector<Element>] { held.free() }
}

extension Polyhedron: PolyhedralPenalty {
  /// The rows that hold span what does not move; a row at a kink may be left, along minus its column of the pseudoinverse. Rows that depend on each other are refused.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let met = try MetRows(self, u, λ, tolerance: tolerance, radius: radius)
    var x = Vector(copying: u)
    apply(step: s, parameters: λ, to: &x)
    // Onto the rows at kinks too.
    let before = x
    for (k, i) in met.rows.enumerated() { x.add(λ[i] - rows.row(i).dot(before), met.lift(k)) }
    var cone = CriticalCone(point: x)
    cone.free = met.free().map { .init($0.coneEntries) }
    for (k, i) in met.rows.enumerated() {
      let lift = met.lift(k)
      cone.offset += lift.coneEntries.map { .init($0.coordinate, i, $0.value) }
      guard k >= met.needed.count else { continue }
      let distance = met.weak[k - met.needed.count].distance
      cone.kinks.append(
        .init(
          record: record(i, distance, tolerance, isHeld: true), entries: (-1 * lift).coneEntries, lower: nil,
          upper: .init(), isFlat: true))
    }
    cone.nearby = met.nearby.map { near in
      record(near.row, near.distance, tolerance, isHeld: met.needed.contains(near.row))
    }
    return cone
  }

  private func record(_ row: Int, _ distance: Element, _ tolerance: Element, isHeld: Bool) -> KinkRecord<Element> {
    KinkRecord(
      place: .row(row), distance: distance, tolerance: tolerance, branches: ("be met", "be left"), isBelow: isHeld)
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    guard let met = try? MetRows(self, u, λ, tolerance: tolerance, radius: 0) else { return nil }
    var least: Element?
    func consider(_ value: Element, _ rate: Element) {
      let t = -value / rate
      if value > 0 && t > 0 && t < least ?? .infinity { least = t }
    }
    let (push, pushRate) = (u - x, rates.argument - rates.value)
    let held = Set(met.rows)
    for (k, i) in met.needed.enumerated() where i >= equationCount {
      let lift = met.lift(k)
      consider(lift.dot(push), lift.dot(pushRate))
    }
    for i in equationCount..<max(equationCount, rows.rows) where !held.contains(i) {
      consider(λ[i] - rows.row(i).dot(x), rates.parameters[i] - rows.row(i).dot(rates.value))
    }
    return least
  }
}

extension BoxHyperplane: PolyhedralPenalty {
  /// Strictly between the bounds, at a bound to within the tolerance, and how far every coordinate is from one.
  private func split(
    _ u: Vector<Element>, _ c: Element, tolerance: Element
  ) throws(KinkRefusal) -> (free: [Int], weak: [Int], distances: [Element], value: Vector<Element>, multiplier: Element)
  {
    guard let τ = multiplier(u, c) else { throw .notFinite }
    var inside: Element = 0
    let y = Vector<Element>(count: u.count) { u[$0] - τ * normal[$0] }
    for j in 0..<u.count where y[j] > lower[j] && y[j] < upper[j] { inside = .hypot(inside, normal[j]) }
    var (free, weak): ([Int], [Int]) = ([], [])
    let distances: [Element] = (0..<u.count).map { j in
      let gap = min((y[j] - lower[j]).magnitude, (y[j] - upper[j]).magnitude)
      let share = inside > 0 ? normal[j] / inside : 0
      let isInside = y[j] > lower[j] && y[j] < upper[j]
      let slope = isInside ? (1 - share) * (1 + share) : 1 + share * share
      return slope > 0 ? gap / slope.squareRoot() : .infinity
    }
    for j in 0..<u.count {
      if distances[j] <= tolerance {
        weak.append(j)
      } else if y[j] > lower[j] && y[j] < upper[j] {
        free.append(j)
      }
    }
    let x = Vector<Element>(count: u.count) { min(max(y[$0], lower[$0]), upper[$0]) }
    return (free, weak, distances, x, τ)
  }

  private func record(_ j: Int, _ distance: Element, _ tolerance: Element, _ x: Vector<Element>) -> KinkRecord<Element>
  {
    let atUpper = (upper[j] - x[j]).magnitude < (x[j] - lower[j]).magnitude
    let isInside = distance > tolerance && x[j] > lower[j] && x[j] < upper[j]
    let stop = "stop at its \(atUpper ? "upper" : "lower") bound"
    return KinkRecord(
      place: .coordinate(j), distance: distance, tolerance: tolerance,
      branches: atUpper ? ("leave its bound", stop) : (stop, "leave its bound"), isBelow: atUpper == isInside)
  }

  /// Moves of the free coordinates F that keep aᵀx are free; a coordinate at its bound enters along ±(e_z − a_z a_F/‖a_F‖²). Where no coordinate is free by more than the tolerance
  /// the multiplier is not unique, and that is refused.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let (free, weak, distances, x, _) = try split(u, λ[0], tolerance: tolerance)
    let square = free.reduce(0) { $0 + normal[$1] * normal[$1] }
    guard square > 0 else {
      throw .meetingKinks("no coordinate is strictly between its bounds by more than the tolerance \(tolerance)")
    }
    var point = Vector(copying: x)
    for z in weak { point[z] = (upper[z] - x[z]).magnitude < (x[z] - lower[z]).magnitude ? upper[z] : lower[z] }
    // What the kinks' coordinates were off is made good by the free ones.
    let missing = (λ[0] - normal.dot(point)) / square
    for j in free { point[j] += missing * normal[j] }
    var cone = CriticalCone(point: point)
    for j in free { cone.offset.append(.init(j, 0, normal[j] / square)) }
    // Columns of the reflection that takes a_F to a multiple of the first unit vector, without that one.
    let length = square.squareRoot()
    let sign: Element = normal[free[0]] < 0 ? -1 : 1
    let first = 1 + normal[free[0]].magnitude / length
    for k in 1..<max(1, free.count) {
      let factor = normal[free[k]] / length / first
      var entries = free.indices.map { i in
        CriticalCone<Element>.Entry(free[i], -factor * (normal[free[i]] / length + (i == 0 ? sign : 0)))
      }
      entries[k].value += 1
      cone.free.append(.init(entries))
    }
    for z in weak {
      let up: Element = point[z] == lower[z] ? 1 : -1
      let entries =
        free.map { CriticalCone<Element>.Entry($0, -up * normal[z] * normal[$0] / square) } + [.init(z, up)]
      cone.kinks.append(
        .init(
          record: record(z, distances[z], tolerance, point), entries: entries, lower: nil, upper: .init(), isFlat: true)
      )
    }
    for j in 0..<u.count where distances[j] > tolerance && distances[j] <= radius {
      cone.nearby.append(record(j, distances[j], tolerance, x))
    }
    return cone
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    guard let (free, weak, _, _, τ) = try? split(u, λ[0], tolerance: tolerance), let first = free.first else {
      return nil
    }
    let τRate = (rates.argument[first] - rates.value[first]) / normal[first]
    let known = Set(weak)
    var least: Element?
    for j in 0..<u.count {
      let (y, rate) = (u[j] - τ * normal[j], rates.argument[j] - τRate * normal[j])
      for bound in [lower[j], upper[j]] where bound.isFinite {
        // A kink that u is on is not one to come to; the other bound of its coordinate is.
        if known.contains(j) && (y - bound).magnitude <= 4 * tolerance { continue }
        let t = (bound - y) / rate
        if t > 0 && t < least ?? .infinity { least = t }
      }
    }
    return least
  }
}
