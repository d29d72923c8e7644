public import LinAlg

/// `g(w, λ) = λ ‖w‖₂`: ``GroupLasso`` with all coordinates in one group. prox shrinks the norm by t = sλ.
///
/// With n = ‖u‖ > t and h = u/n, D = (1 − t/n)(I − h hᵀ) + h hᵀ and B = −s h; for n ≤ t both are zero, under all rules of ``KinkRule``. At λ = 0
/// D = I and B is that of growing λ. Cost: O(p).
public struct L2Norm<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { λ[0] * w.norm }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let (n, t) = (u.norm, s * λ[0])
    if t == 0 && n.isFinite { return }
    if !n.isFinite { return u.fill(.nan) }
    // Not 1 − t/n, which loses the digits of n − t.
    u.scale(by: n <= t ? 0 : (n - t) / n)
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) { fill(u, norm: u.norm, value: u.norm - s * λ[0], s, s * λ[0], isArgument: true, L) }

  /// Possible where λ is not 0: ‖u‖ = ‖w‖ + t.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    into L: ComplementLinearization<Element>
  ) -> Bool {
    let (n, t) = (w.norm, s * λ[0])
    if t == 0 { return false }
    fill(w, norm: n + t, value: n, s, t, isArgument: false, L)
    return true
  }

  /// - Parameters:
  ///   - n: ‖u‖.
  ///   - value: n − t.
  private func fill(
    _ direction: Vector<Element>, norm n: Element, value: Element, _ s: Element, _ t: Element, isArgument: Bool,
    _ L: ComplementLinearization<Element>
  ) {
    let distance = isArgument ? value.magnitude : nil
    let length = direction.norm
    if (t > 0 && value <= 0) || !length.isFinite {
      return L.fill(free: .zeros(direction.count), kinkDistance: distance)
    }
    let all = Vector<Element>(repeating: 1, count: direction.count)
    if length == 0 { return L.fill(free: all, kinkDistance: distance) }
    let h = direction.divided(by: length)
    L.fill(
      free: all, root: (value / n).squareRoot(), line: h, lineRoot: 1, columns: [-s * h],
      isCurved: t > 0 && direction.count > 1,
      kinkDistance: distance)
  }

  /// Zero or not.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.norm == 0 ? 0 : 1 }
}
