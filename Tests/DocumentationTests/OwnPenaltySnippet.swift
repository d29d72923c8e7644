import LinAlg
import NonsmoothMaps

/// Σ λ₀ w + λ₁ w²/2 over w ≥ 0: prox_{s g}(u) = max(0, u − s λ₀)/(1 + s λ₁), two pieces.
struct NonnegativeElasticNet: PiecewiseLinearMap, CertifiablePenalty {
  typealias Element = Double
  let parameterCount = 2
  func term(_ w: Double, parameters λ: Vector<Double>) -> Double { w < 0 ? .infinity : λ[0] * w + λ[1] * w * w / 2 }
  func pieces(step s: Double, parameters λ: Vector<Double>, into pieces: inout LinearPieces<Double>) {
    let (t, a) = (s * λ[0], 1 / (1 + s * λ[1]))
    pieces.add(end: t, slope: 0, anchor: 0, value: 0)
    pieces.add(end: .infinity, slope: a, anchor: t, value: 0, shift: (-s * a, 0), growth: (0, -s * a))
  }
}
