// A penalty of one's own whose D is not diagonal: g(w, λ) = λ (Σ wⱼ)²/2, on the net exposure of a portfolio. Its proximal map takes the same number
// off every entry, so D = I − 1 1ᵀ sλ/(1 + sλp) is 1 everywhere but along q = 1/√p, where it is 1/(1 + sλp).
import LinAlg
import NonsmoothMaps

struct NetExposure: ProximalMap {
  var parameterCount: Int { 1 }

  func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double {
    let exposure = w.reduce(0, +)
    return λ[0] * exposure * exposure / 2
  }

  func apply(step s: Double, parameters λ: Vector<Double>, to u: inout Vector<Double>) {
    let excess = s * λ[0] * u.reduce(0, +) / (1 + s * λ[0] * Double(u.count))
    for j in 0..<u.count { u[j] -= excess }
  }

  func makeLinearization(count p: Int) -> ComplementLinearization<Double> { ComplementLinearization(count: p) }

  func linearize(
    at u: Vector<Double>, step s: Double, parameters λ: Vector<Double>, kink: KinkRule,
    into L: ComplementLinearization<Double>
  ) {
    let p = u.count
    let shrinkage = 1 / (1 + s * λ[0] * Double(p))
    // ∂x/∂λ = −s Σu/(1 + sλp)² along 1, which D does not take to 0.
    L.fill(
      free: Vector(repeating: 1, count: p), line: Vector(repeating: 1 / Double(p).squareRoot(), count: p),
      lineRoot: shrinkage.squareRoot(),
      columns: [Vector(repeating: -s * u.reduce(0, +) * shrinkage * shrinkage, count: p)], kinkDistance: .infinity)
  }
}
