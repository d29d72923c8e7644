// What users add to the package from outside, each in a file of its own, put together and checked against formulas written by hand.
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

@main
struct Main {
  static func main() throws {
    try functionAndPenalty()
    try penaltyOfSums()
    try lossAndStorage()
  }

  /// A smooth function, a penalty and an adjoint solver of one's own.
  static func functionAndPenalty() throws {
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

  /// A penalty whose D is not diagonal: Q w + λ₀ 1 1ᵀw = λ₁ c, so the derivatives are −(Q + λ₀ 1 1ᵀ)⁻¹ 1 Σw and (Q + λ₀ 1 1ᵀ)⁻¹ c.
  static func penaltyOfSums() throws {
    let Q = Matrix<Double>([[2, 0.5, 0.1], [0.5, 1, 0.2], [0.1, 0.2, 1]])
    let c: Vector<Double> = [1, -1, 0.5]
    let λ: Vector<Double> = [0.7, 1.5]
    let map = ProximalGradientMap(CoupledQuadratic(Q: Q, c: c), NetExposure())
    let solution = map.solve(at: λ)
    let w = try solution.get()
    let factor = try Cholesky(Matrix<Double>(rows: 3, columns: 3) { Q[$0, $1] + λ[0] })
    var (first, second) = (Vector<Double>(repeating: -w.reduce(0, +), count: 3), c)
    factor.solve(&first)
    factor.solve(&second)
    typealias Map = ProximalGradientMap<CoupledQuadratic, NetExposure>
    for solver in [.automatic, .direct, .conjugateGradient, .minres, .gmres(), .fixedPoint] as [AID<Map>.Solver] {
      let derivative = try AID<Map>(solver).jacobian(solution.problem)
      let J = try derivative.get()
      let error = max((J.column(0) - first).maxNorm, (J.column(1) - second).maxNorm)
      print("net exposure, \(derivative.report.method): off by \(error)")
      precondition(error < 1e-9, "the Jacobian is off by \(error)")
    }
  }

  /// A loss over a storage of one's own, solved by working sets and differentiated: as on the same matrix stored, and as differences say.
  static func lossAndStorage() throws {
    typealias Loss = SeparableLoss<LogCosh>
    let X = Convolution(filter: [1, 0.5, 0.25], columns: 12)
    let truth = Vector<Double>(count: 12) { $0 % 5 == 0 ? 2 : 0 }
    var y = Vector<Double>(count: X.rows) { 0.1 * Double($0 * 7 % 5) - 0.2 }
    X.multiply(truth, alpha: 1, beta: 1, into: &y)
    let stored = Matrix<Double>(rows: X.rows, columns: 12) { i, j in (0..<3).contains(i - j) ? X.filter[i - j] : 0 }
    let λ: Vector<Double> = [0.02, 0.1]

    func hypergradient(_ design: any DesignMatrix<Double>) throws -> Vector<Double> {
      let loss = HeldOutLoss<Loss>(features: design, targets: heldOut(y))
      let solution = PenalizedMap(loss: Loss(features: design, targets: y)).solve(at: λ)
      return try AID(.automatic).hypergradient(of: loss, solution.problem).get()
    }
    let own = try hypergradient(X)
    let error = own.distance(to: try hypergradient(DenseDesign(stored))) / own.norm
    print("log cosh over a convolution: \(own), off by \(error)")
    precondition(error < 1e-9, "the hypergradient is off by \(error)")

    let map = PenalizedMap(loss: Loss(features: X, targets: y))
    let loss = HeldOutLoss<Loss>(features: X, targets: heldOut(y))
    for k in 0..<2 {
      var (up, down) = (λ, λ)
      up[k] += 1e-5
      down[k] -= 1e-5
      let slope =
        try
        (loss.value(at: map.solve(at: up).get(), parameters: up)
        - loss.value(at: map.solve(at: down).get(), parameters: down)) / 2e-5
      precondition(abs(slope - own[k]) < 1e-6, "differences give \(slope) for entry \(k), not \(own[k])")
    }
  }

  /// Held-out targets: those of training, a little off.
  static func heldOut(_ y: Vector<Double>) -> Vector<Double> { Vector(count: y.count) { y[$0] + 0.1 * Double($0 % 3) } }
}
