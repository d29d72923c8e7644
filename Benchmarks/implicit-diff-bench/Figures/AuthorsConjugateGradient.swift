import ImplicitDiff
import LinAlg

/// Conjugate gradient as the paper's public code runs it: in single precision, on the nonsymmetric `I − A1ᵀ`, stopping at a
/// residual of 1e-10 and returning the iterate before the one that met it.
///
/// It is wrong on purpose, for the figure: the system is not symmetric, and the method stalls.
struct AuthorsConjugateGradient<Linearized: Linearization> where Linearized.Element == Float {
  let linearization: Linearized

  /// v after at most `limit` steps on (I − A1ᵀ) v = y.
  func solve(_ y: Vector<Float>, limit: Int) -> Vector<Float> {
    var v = Vector<Float>.zeros(y.count)
    var r = Vector(copying: y)
    var p = Vector(copying: y)
    var Ap = v
    for _ in 0..<limit {
      linearization.state.applyAdjoint(p, into: &Ap)
      Ap.combine(1, p, -1)
      let rr = r.dot(r)
      let α = rr / p.dot(Ap)
      r.add(-α, Ap)
      if r.norm < 1e-10 { return v }
      v.add(α, p)
      p.combine(1, r, r.dot(r) / rr)
    }
    return v
  }
}
