import LinAlg

/// The minimizer of ½ wᵀQw − cᵀw + Σ λⱼ |wⱼ| for a few unknowns by trying every pattern of signs: no code of the package but the containers.
enum LassoTruth {
  /// The pattern whose optimality conditions are violated least, with its w.
  static func minimizer(_ Q: Matrix<Double>, _ c: Vector<Double>, _ λ: Vector<Double>) -> (
    w: Vector<Double>, violation: Double
  ) {
    let p = c.count
    var best = (w: Vector<Double>.zeros(p), violation: Double.infinity)
    var total = 1
    for _ in 0..<p { total *= 3 }
    for number in 0..<total {
      var rest = number
      let signs = (0..<p).map { _ in
        defer { rest /= 3 }
        return Double(rest % 3 - 1)
      }
      let S = (0..<p).filter { signs[$0] != 0 }
      let solved = solve(S.map { i in S.map { Q[i, $0] } }, S.map { c[$0] - λ[$0] * signs[$0] })
      var w = Vector<Double>.zeros(p)
      for (a, j) in S.enumerated() { w[j] = solved[a] }
      let gradient = c - Q * w
      var violation = 0.0
      for j in 0..<p {
        violation = max(violation, signs[j] == 0 ? abs(gradient[j]) - λ[j] : -signs[j] * w[j])
      }
      if violation < best.violation { best = (w, violation) }
    }
    return best
  }

  /// The x with A x = b by Gauss's elimination with pivots.
  static func solve(_ A: [[Double]], _ b: [Double]) -> [Double] {
    let n = b.count
    var (A, b) = (A, b)
    for k in 0..<n {
      let pivot = (k..<n).max { abs(A[$0][k]) < abs(A[$1][k]) }!
      A.swapAt(k, pivot)
      b.swapAt(k, pivot)
      for i in k + 1..<max(n, k + 1) {
        let factor = A[i][k] / A[k][k]
        for j in k..<n { A[i][j] -= factor * A[k][j] }
        b[i] -= factor * b[k]
      }
    }
    for k in stride(from: n - 1, through: 0, by: -1) {
      for j in k + 1..<max(n, k + 1) { b[k] -= A[k][j] * b[j] }
      b[k] /= A[k][k]
    }
    return b
  }
}
