public import LinAlg

/// The constraint A w = b in its first rows and A w ≤ b in the others, with b as the parameters: an affine set where all are equations.
///
/// The projection by an active set of linearly independent rows: violated rows enter one by one, rows whose multipliers would turn negative leave.
/// With N an orthonormal basis of the active rows D = I − N Nᵀ, a
/// projector, and B = A⁺ of them, outside of D's range. A row that holds with equality but was not needed counts as inactive under all rules of
/// ``KinkRule``. Cost: a QR factorization per row that enters or
/// leaves, O(pk²) for k active rows.
///
/// D. Goldfarb, A. Idnani: A numerically stable dual method for solving strictly convex quadratic programs. Math. Program. 27 (1983).
public struct Polyhedron<Element: Scalar>: ProximalMap {
  /// A.
  public let rows: Matrix<Element>
  public let equationCount: Int
  /// Of each row, its length.
  private let lengths: Vector<Element>
  /// Of the equations.
  private let equations: QR<Element>?

  /// - Precondition: at least one row; rows finite and not 0; equations linearly independent.
  public init(_ A: Matrix<Element>, equations: Int = 0) {
    precondition(A.rows >= 1 && equations >= 0 && equations <= A.rows, "Polyhedron: \(equations) of \(A.rows) rows")
    precondition(equations <= A.columns, "Polyhedron: \(equations) equations for \(A.columns) coordinates")
    rows = A
    equationCount = equations
    lengths = Vector(count: A.rows) { A.row($0).norm }
    for i in 0..<A.rows {
      precondition(lengths[i].isFinite && lengths[i] > 0, "Polyhedron: row \(i) must be finite and not 0")
    }
    let transposed = A.transposed
    self.equations = equations == 0 ? nil : try? QR(transposed[columns: 0..<equations].packed(as: .columnMajor))
    if let R = self.equations?.r {
      for i in 0..<equations {
        precondition(
          R[i, i].magnitude > Element(A.columns) * .ulpOfOne * lengths[i],
          "Polyhedron: equation \(i) depends on the ones before it")
      }
    }
  }

  public var parameterCount: Int { rows.rows }
  public func admits(count p: Int) -> Bool { rows.columns == p }

  /// Levels are finite, and there is a point that satisfies all.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.notFinite(in: λ) { return violation }
    let result = project(Vector.zeros(rows.columns), λ)
    guard let row = result.infeasible else { return nil }
    return ParameterViolation(
      index: row, value: Double(λ[row]), expected: "a level that some point satisfies together with the other rows")
  }

  private func rounding(_ row: Int, _ w: Vector<Element>, _ λ: Vector<Element>) -> Element {
    8 * Element(w.count + 2) * .ulpOfOne * (lengths[row] * w.norm + λ[row].magnitude)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let scores = rows * w
    for i in 0..<rows.rows {
      let excess = scores[i] - λ[i]
      if excess.isNaN { return .nan }
      if (i < equationCount ? excess.magnitude : excess) > 4 * rounding(i, w, λ) { return .infinity }
    }
    return 0
  }

  /// The active rows with their factor and multipliers, and a row that cannot be met.
  private struct Projection {
    var point: Vector<Element>
    var active: [Int]
    var factor: QR<Element>?
    var multipliers: [Element]
    var infeasible: Int?
  }

  private func factor(_ active: [Int]) -> QR<Element>? {
    if active.isEmpty { return nil }
    return try? QR(Matrix(rows: rows.columns, columns: active.count) { rows[active[$1], $0] })
  }

  /// c with R c = y, and with Rᵀ c = y.
  private func solve(_ R: Matrix<Element>, _ y: [Element], transposed: Bool) -> [Element] {
    var c = y
    let k = y.count
    for i in transposed ? Array(0..<k) : Array((0..<k).reversed()) {
      for l in transposed ? 0..<i : i + 1..<max(i + 1, k) { c[i] -= (transposed ? R[l, i] : R[i, l]) * c[l] }
      c[i] /= R[i, i]
    }
    return c
  }

  /// The projection of u by the dual active-set method.
  private func project(_ u: Vector<Element>, _ λ: Vector<Element>) -> Projection {
    precondition(u.count == rows.columns, "Polyhedron: \(rows.columns) columns for \(u.count) coordinates")
    var state = Projection(point: u, active: [], factor: nil, multipliers: [], infeasible: nil)
    if u.firstNonFinite != nil {
      state.point = Vector(repeating: .nan, count: u.count)
      return state
    }
    if equationCount > 0 {
      state.active = Array(0..<equationCount)
      state.factor = equations
      settle(&state, u, λ)
    }
    // Every pass adds a row for good or ends; rounding is stopped by the count.
    for _ in 0..<100 + 10 * rows.rows {
      let scores = rows * state.point
      var worst: (row: Int, excess: Element)?
      for i in equationCount..<max(equationCount, rows.rows) where !state.active.contains(i) {
        let excess = scores[i] - λ[i]
        if excess > rounding(i, state.point, λ), excess / lengths[i] > (worst?.excess ?? 0) {
          worst = (i, excess / lengths[i])
        }
      }
      guard let worst else { break }
      if !enter(worst.row, &state, λ) {
        state.infeasible = worst.row
        break
      }
      settle(&state, u, λ)
    }
    return state
  }

  /// Makes the row active, letting go of others on the way; false where no point satisfies it with the equations and the rows that are active.
  private func enter(_ row: Int, _ state: inout Projection, _ λ: Vector<Element>) -> Bool {
    var gained: Element = 0
    let normal = rows.row(row)
    while true {
      // The row as z + A_activeᵀ r, z orthogonal to the active rows.
      var rotated = Vector(copying: normal)
      state.factor?.applyQAdjoint(&rotated)
      let k = state.active.count
      var r: [Element] = []
      if let R = state.factor?.r { r = solve(R, (0..<k).map { rotated[$0] }, transposed: false) }
      let free = k == state.point.count ? 0 : rotated[segment: k..<rotated.count].norm
      let isIndependent = free > 8 * Element(rotated.count + 2) * .ulpOfOne * lengths[row]
      // How far the multiplier may grow before another one falls to 0.
      var (most, leaving) = (Element.infinity, -1)
      for (place, i) in state.active.enumerated() where i >= equationCount && r[place] > 0 {
        let ratio = max(0, state.multipliers[place]) / r[place]
        if ratio < most { (most, leaving) = (ratio, place) }
      }
      let excess = normal.dot(state.point) - λ[row]
      let full = isIndependent ? excess / free / free : Element.infinity
      let step = min(full, most)
      if !step.isFinite { return false }
      if isIndependent {
        for i in 0..<k { rotated[i] = 0 }
        if let factor = state.factor { factor.applyQ(&rotated) }
        state.point.add(-step, rotated)
      }
      for place in 0..<k { state.multipliers[place] -= step * r[place] }
      gained += step
      if full <= most {
        state.active.append(row)
        state.multipliers.append(gained)
        state.factor = factor(state.active)
        return true
      }
      state.active.remove(at: leaving)
      state.multipliers.remove(at: leaving)
      state.factor = factor(state.active)
    }
  }

  /// The point and the multipliers of the active rows from the factor anew, so that errors do not add up.
  private func settle(_ state: inout Projection, _ u: Vector<Element>, _ λ: Vector<Element>) {
    guard let factor = state.factor else { return }
    let (R, k) = (factor.r, state.active.count)
    var rotated = Vector(copying: u)
    factor.applyQAdjoint(&rotated)
    let level = solve(R, state.active.map { λ[$0] }, transposed: true)
    state.multipliers = solve(R, (0..<k).map { rotated[$0] - level[$0] }, transposed: false)
    for i in 0..<k { rotated[i] = level[i] }
    factor.applyQ(&rotated)
    state.point = rotated
  }

  /// The projection with the rows that it needs, their factor and their multipliers.
  func activeRows(
    at u: Vector<Element>, parameters λ: Vector<Element>
  ) -> (point: Vector<Element>, active: [Int], factor: QR<Element>?, multipliers: [Element]) {
    let state = project(u, λ)
    return (state.point, state.active, state.factor, state.multipliers)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    u.copy(from: project(u, λ).point)
  }

  public func makeLinearization(count p: Int) -> NormalComplement<Element> {
    NormalComplement(count: p, parameterCount: parameterCount)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: NormalComplement<Element>
  ) {
    let state = project(u, λ)
    if state.point.firstNonFinite != nil { return L.fill(nil, parameters: [], kinkDistance: .nan) }
    // Multipliers are linear in u with gradients of the rows of A⁺ of the active rows, inactive rows' slacks with gradients of at most their lengths.
    var distance = Element.infinity
    if let R = state.factor?.r {
      for (place, i) in state.active.enumerated() where i >= equationCount {
        let row = solve(R, state.active.indices.map { $0 == place ? 1 : 0 }, transposed: true)
        distance = min(distance, max(0, state.multipliers[place]) / Vector(row).norm)
      }
    }
    let scores = rows * state.point
    for i in equationCount..<max(equationCount, rows.rows) where !state.active.contains(i) {
      distance = min(distance, max(0, λ[i] - scores[i]) / lengths[i])
    }
    L.fill(state.factor, parameters: state.active, kinkDistance: distance)
  }

  /// Which rows hold with equality.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let scores = rows * w
    var hash = PieceHash()
    for i in 0..<rows.rows { hash.add(λ[i] - scores[i] <= 4 * rounding(i, w, λ) ? 1 : 0) }
    return hash.value
  }
}
