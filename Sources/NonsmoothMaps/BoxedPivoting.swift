import LinAlg

/// The z with |z| ≤ t that minimizes ‖u − Mᵀz‖, for differences M of fixed coefficients along a line: rows that overlap by k entries.
///
/// Multipliers are free, with (M x)ᵢ = 0, or at ±t, where M x has that sign. Blocks of what is not in order change places; as soon as that no longer lessens their number, the last one alone does,
/// by which a strictly convex problem ends after finitely many steps.
///
/// J. J. Júdice, F. M. Pires: A block principal pivoting algorithm for large-scale strictly monotone linear complementarity problems. Comput. Oper. Res. 21 (1994).
struct BoxedPivoting<Element: Scalar> {
  private let stencil: [Element]
  private let u: Vector<Element>
  let bound: Element
  /// −1, 1 at the bounds, 0 where free.
  private(set) var signs: Vector<Element>
  private(set) var multipliers: Vector<Element>
  /// u − Mᵀz.
  private(set) var value: Vector<Element>
  /// Whether all are in order.
  private(set) var isSettled = false

  init(_ stencil: [Element], _ u: Vector<Element>, bound t: Element) {
    let m = u.count - stencil.count + 1
    self.stencil = stencil
    self.u = u
    bound = t
    signs = .zeros(m)
    multipliers = .zeros(m)
    value = u
    var (fewest, patience) = (Int.max, 8)
    for _ in 0..<64 + 16 * m {
      guard solve() else { return }
      let wrong = changes()
      if wrong.isEmpty {
        isSettled = true
        return
      }
      if wrong.count < fewest {
        (fewest, patience) = (wrong.count, 8)
      } else {
        patience -= 1
      }
      for (i, sign) in patience > 0 ? wrong : [wrong[wrong.count - 1]] { signs[i] = sign }
    }
  }

  /// The rows that are free.
  var free: [Int] { (0..<signs.count).filter { signs[$0] == 0 } }

  private func difference(_ x: Vector<Element>, _ i: Int) -> Element {
    (0..<stencil.count).reduce(0) { $0 + stencil[$1] * x[i + $1] }
  }

  /// What is not in order, and its new place.
  private func changes() -> [(Int, Element)] {
    var changes: [(Int, Element)] = []
    let steepness = stencil.reduce(0) { $0 + $1.magnitude }
    // x errs by a few ulps of u and of the multipliers' products.
    let rounding = 8 * .ulpOfOne * steepness * (u.maxNorm + steepness * bound)
    for i in 0..<signs.count {
      if signs[i] == 0 {
        if multipliers[i].magnitude > bound { changes.append((i, multipliers[i] > 0 ? 1 : -1)) }
      } else if difference(value, i) * signs[i] < -rounding {
        changes.append((i, 0))
      }
    }
    return changes
  }

  /// The multipliers and the value for these places, by a banded Cholesky factorization of M_F M_Fᵀ; false where rounding makes that indefinite.
  private mutating func solve() -> Bool {
    let (F, k) = (free, stencil.count - 1)
    var base = u
    for i in 0..<signs.count where signs[i] != 0 {
      multipliers[i] = signs[i] * bound
      for l in 0...k { base[i + l] -= stencil[l] * multipliers[i] }
    }
    // Row a holds the factor's entries at a − k … a.
    var L = Array(repeating: Element(0), count: F.count * (k + 1))
    func product(_ d: Int) -> Element {
      d > k ? 0 : (0...k - d).reduce(0) { $0 + stencil[$1] * stencil[$1 + d] }
    }
    var z = F.map { difference(base, $0) }
    for a in 0..<F.count {
      for b in max(0, a - k)...a {
        var sum = product(F[a] - F[b])
        for c in max(0, a - k, b - k)..<max(max(0, a - k, b - k), b) {
          sum -= L[a * (k + 1) + k - (a - c)] * L[b * (k + 1) + k - (b - c)]
        }
        if b < a {
          L[a * (k + 1) + k - (a - b)] = sum / L[b * (k + 1) + k]
        } else {
          guard sum > 0 else { return false }
          L[a * (k + 1) + k] = sum.squareRoot()
        }
      }
    }
    for a in 0..<F.count {
      for b in max(0, a - k)..<a { z[a] -= L[a * (k + 1) + k - (a - b)] * z[b] }
      z[a] /= L[a * (k + 1) + k]
    }
    for a in (0..<F.count).reversed() {
      z[a] /= L[a * (k + 1) + k]
      for b in max(0, a - k)..<a { z[b] -= L[a * (k + 1) + k - (a - b)] * z[a] }
    }
    value = base
    for (a, i) in F.enumerated() {
      multipliers[i] = z[a]
      for l in 0...k { value[i + l] -= stencil[l] * z[a] }
    }
    return true
  }
}
