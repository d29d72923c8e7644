// A penalty of one's own: g(w, λ) = λ Σ wⱼ over w ≥ 0. Its proximal map is max(0, u − s λ), entry by entry.
import LinAlg
import NonsmoothMaps

struct NonnegativeLasso: ProximalMap {
  var parameterCount: Int { 1 }

  func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double {
    w.contains { $0 < 0 } ? .infinity : λ[0] * w.oneNorm
  }

  func apply(step s: Double, parameters λ: Vector<Double>, to u: inout Vector<Double>) {
    for j in 0..<u.count { u[j] = max(0, u[j] - s * λ[0]) }
  }

  func makeLinearization(count p: Int) -> NonnegativeLassoLinearization { NonnegativeLassoLinearization(count: p) }

  func linearize(
    at u: Vector<Double>, step s: Double, parameters λ: Vector<Double>, kink: KinkRule,
    into L: NonnegativeLassoLinearization
  ) {
    L.step = s
    let t = s * λ[0]
    L.setDerivative(kinkDistance: u.map { abs($0 - t) }.min()) { d in
      for j in 0..<u.count { d[j] = u[j] == t ? kink.derivative : u[j] > t ? 1 : 0 }
    }
  }
}

/// D is the mask of the coordinates that are free, and B = −s D 1: it lies in the range of D.
final class NonnegativeLassoLinearization: MaskLinearization<Double> {
  var step = 0.0

  override func addParameters(_ μ: Vector<Double>, to x: inout Vector<Double>) {
    for k in 0..<active.count { x[active[k]] -= step * derivative[active[k]] * μ[0] }
  }

  override func addParametersAdjoint(_ v: Vector<Double>, scale α: Double, to g: inout Vector<Double>) {
    for k in 0..<active.count { g[0] -= α * step * derivative[active[k]] * v[active[k]] }
  }
}
