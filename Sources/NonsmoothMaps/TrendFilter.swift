public import LinAlg

/// `g(w, λ) = λ ‖Δᵏ w‖₁` with the differences of order k ≥ 1 along a line: few knots between polynomials of degree k − 1. Of order 1 it is ``TotalVariation``.
///
/// x = u − Δᵏᵀz with |z| ≤ t = sλ, found exactly by pivoting (``BoxedPivoting``). With N an orthonormal basis of the rows of Δᵏ that vanish at x, D = I − N Nᵀ, a
/// projector of rank k + the number of knots, and B = −s D Δᵏᵀσ, σ the signs at the knots. Where a knot appears, all rules of ``KinkRule`` take the piece without it.
/// Where rounding does not let the pivoting end, x is NaN. Cost: the value O(p k²) per pivot, the derivative a QR factorization of p × (p − rank).
///
/// S.-J. Kim, K. Koh, S. Boyd, D. Gorinevsky: ℓ1 trend filtering. SIAM Rev. 51 (2009).
public struct TrendFilter<Element: Scalar>: ProximalMap {
  public let order: Int
  /// The coefficients of a difference.
  let stencil: [Element]

  /// - Precondition: an order of at least 1.
  public init(order k: Int = 2) {
    precondition(k >= 1, "TrendFilter: differences of order \(k)")
    order = k
    var coefficients: [Element] = [1]
    for _ in 0..<k { coefficients = zip([0] + coefficients, coefficients + [0]).map { $0 - $1 } }
    stencil = coefficients
  }

  public var parameterCount: Int { 1 }

  /// Δᵏ w, p − k entries.
  func differences(_ w: Vector<Element>) -> Vector<Element> {
    Vector(count: max(0, w.count - order)) { i in (0...order).reduce(0) { $0 + stencil[$1] * w[i + $1] } }
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    // Differences of polynomials are those of rounding, about their size's ulps.
    λ[0] * differences(w).oneNorm
  }

  func solve(_ u: Vector<Element>, _ t: Element) -> BoxedPivoting<Element>? {
    if u.count <= order || t == 0 { return nil }
    return BoxedPivoting(stencil, u, bound: t)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    guard let found = solve(u, s * λ[0]) else { return }
    if found.isSettled { u.copy(from: found.value) } else { u.fill(.nan) }
  }

  public func makeLinearization(count p: Int) -> NormalComplement<Element> {
    NormalComplement(count: p, parameterCount: 1)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: NormalComplement<Element>
  ) {
    if u.firstNonFinite != nil { return L.fill(nil, parameters: [], kinkDistance: .nan) }
    guard let found = solve(u, s * λ[0]) else {
      // Of a strength of 0 the signs of the differences pull at once.
      let pull = transposed(Vector(differences(u).map { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) }), count: u.count)
      return L.fill(nil, column: -s * pull, kinkDistance: 0)
    }
    guard found.isSettled else {
      return L.fill(nil, column: Vector(repeating: .nan, count: u.count), kinkDistance: .nan)
    }
    let (flat, signs) = (found.free, found.signs)
    let pull = -s * transposed(signs, count: u.count)
    let normals = Matrix<Element>(rows: u.count, columns: flat.count) { i, j in
      let offset = i - flat[j]
      return offset >= 0 && offset <= order ? stencil[offset] : 0
    }
    L.fill(flat.isEmpty ? nil : try? QR(normals), count: flat.count, column: pull)
    // Multipliers are linear in u with gradients of the rows of the pseudoinverse of the flat rows, the differences at knots with gradients D m.
    var distance = Element.infinity
    for (k, i) in flat.enumerated() {
      distance = min(distance, max(0, found.bound - found.multipliers[i].magnitude) / L.multiplierNorm(k))
    }
    let jumps = differences(found.value)
    var (row, moved) = (Vector<Element>.zeros(u.count), Vector<Element>.zeros(u.count))
    for i in 0..<jumps.count where signs[i] != 0 {
      row.fill(0)
      for k in 0...order { row[i + k] = stencil[k] }
      L.apply(row, into: &moved)
      distance = min(distance, max(0, jumps[i] * signs[i]) / moved.norm)
    }
    L.kinkDistance = distance
  }

  /// Δᵏᵀ z.
  private func transposed(_ z: Vector<Element>, count p: Int) -> Vector<Element> {
    var x = Vector<Element>.zeros(p)
    for i in 0..<z.count where z[i] != 0 { for k in 0...order { x[i + k] += stencil[k] * z[i] } }
    return x
  }

  /// The signs of the differences, those of the size of rounding errors as zeros.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let rounding = Element(1 << (2 * order + 3)) * Element(w.count) * .ulpOfOne * w.maxNorm
    return Vector(differences(w).map { $0.magnitude <= rounding ? 0 : $0 }).signPattern
  }
}
