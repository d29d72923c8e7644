// What users add to the package from outside, each in a file of its own, put together and checked against formulas written by hand.
import ImplicitDiff
import LinAlg

@main
struct Main {
  static func main() throws {
    let Q = Matrix<Double>([[2, 0.5, 0.1], [0.5, 1, 0.2], [0.1, 0.2, 1]])
    let c: Vector<Double> = [1, -1, 0.5]
    let map = ProximalGradientMap(CoupledQuadratic(Q: Q, c: c), NonnegativeLasso())
    let λ: Vector<Double> = [0.1, 1.5]  // the penalty's strength, then the scale of c
    let solution = map.solve(at: λ)
    let w = try solution.get()
    print("w = \(w)")

    // On the support S: Q_SS w_S = λ₁ c_S − λ₀ 1, so the derivatives are −Q_SS⁻¹ 1 and Q_SS⁻¹ c_S.
    let S = IndexSubset(nonzerosOf: w)
    var H = Matrix<Double>.zeros(S.count, S.count)
    H.gatherSubmatrix(S, from: Q)
    let factor = try Cholesky(H)
    var ones = Vector<Double>(repeating: -1, count: S.count)
    var cS = Vector<Double>(count: S.count) { c[S[$0]] }
    factor.solve(&ones)
    factor.solve(&cS)

    typealias Map = ProximalGradientMap<CoupledQuadratic, NonnegativeLasso>
    let own = AdjointSolver<Double>(name: "steepest-descent", for: .symmetric) { SteepestDescent(count: $0) }
    for solver in [.automatic, .direct, .conjugateGradient, .gmres(), .custom(own)] as [AID<Map>.Solver] {
      let derivative = try AID<Map>(solver).jacobian(solution.problem)
      let J = try derivative.get()
      var error = 0.0
      for k in 0..<S.count { error = max(error, abs(J[S[k], 0] - ones[k]), abs(J[S[k], 1] - cS[k])) }
      print("\(derivative.report.method): off by \(error)")
      precondition(error < 1e-10, "the Jacobian is off by \(error)")
    }
  }
}
