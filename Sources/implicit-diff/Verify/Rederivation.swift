import ImplicitDiff
import LinAlg
import Models

/// The numbers of a report derived again from the data: w from its optimality conditions, the hypergradient from their derivative on the support, and
/// once more from differences of the validation loss over problems that are solved anew.
struct Rederivation<Loss: SmoothLoss<Double>> {
  let solver: ConditionSolver<Loss>
  let objective: HeldOutLoss<Loss>
  let solved: ConditionSolver<Loss>.Solved
  let value: Double
  let hypergradient: Vector<Double>
  /// Its own error: backward errors of assembling and solving, (n + p) ulps, by the condition number.
  let error: Double
  /// ‖∇E‖ on the support, ‖v‖, and ‖∂(strength σ + λ₂ w)/∂λ‖, whose product with ‖v‖ the hypergradient is at most.
  private let slope: Double
  private let adjoint: Double
  private let reach: Double

  init(
    _ solver: ConditionSolver<Loss>, _ objective: HeldOutLoss<Loss>, _ solved: ConditionSolver<Loss>.Solved
  ) {
    (self.solver, self.objective, self.solved) = (solver, objective, solved)
    let (w, λ, S) = (solved.w, solved.λ, solved.support)
    value = objective.value(at: w, parameters: λ)
    var (b, ofParameters) = (Vector<Double>.zeros(w.count), Vector<Double>.zeros(λ.count))
    objective.gradient(at: w, parameters: λ, support: nil, state: &b, parameters: &ofParameters)
    var v = Vector(count: S.count) { b[S[$0]] }
    slope = v.norm
    solved.factor.solve(&v)
    // H w' + σ δ₁ + w δ₂ = 0 on the support.
    var gradient = ofParameters
    for (k, j) in S.enumerated() {
      gradient[solver.place(j)] -= solved.signs[k] * v[k]
      gradient[λ.count - 1] -= w[j] * v[k]
    }
    hypergradient = gradient
    (adjoint, reach) = (v.norm, Double(S.count).squareRoot() + w.norm)
    error = solver.roundoff * solved.condition * adjoint * reach
  }

  /// How far a w with this violation is from the solution at most, as long as it has its support; with the error of the solution derived here.
  func distance(violation: Double) -> Double {
    solved.inverseNorm * Double(solved.support.count).squareRoot() * violation + solved.error
  }

  /// How far E may be off for a w that is off by `distance`.
  func valueError(_ distance: Double) -> Double {
    let L = objective.gradientLipschitzConstant(on: IndexSubset(solved.support, universe: solved.w.count)) ?? 0
    return slope * distance + L * distance * distance + solver.roundoff * value.magnitude
  }

  /// Of a hypergradient without a bound: relative residuals, of the adjoint and of w, by the condition number.
  func hypergradientError(residual: Double, violation: Double) -> Double {
    let inner = distance(violation: violation) / max(solved.w.norm, .leastNormalMagnitude)
    return solved.condition * (residual + inner) * adjoint * reach
  }

  /// The smallest strength − |∇f| where w is zero; nil where it is nowhere.
  var margin: Double? {
    (0..<solved.w.count).filter { solved.w[$0] == 0 && solved.λ[solver.place($0)] > 0 }
      .map { solved.λ[solver.place($0)] - solved.gradient[$0].magnitude }.min()
  }

  /// By how much the margin may be off for a w that is off by `distance`: gradients move by at most ‖∇²f‖ times that.
  func marginError(_ distance: Double) -> Double {
    let ofSmooth: Vector<Double> = [solved.λ[solved.λ.count - 1]]
    return solver.map.smooth.curvatureBounds(parameters: ofSmooth).largest * distance
      + solver.roundoff * solver.map.smooth.gradientMagnitude(at: solved.w, parameters: ofSmooth)
  }

  /// dE/dt along δ by differences of second order over steps h and 2h: what is left of the third derivative is a third of what the two differ by, rounding is that of E
  /// over h. Central where λ stays in its domain, to one side otherwise. nil where another support is met, however small the step.
  func slope(along δ: Vector<Double>) -> (value: Double, error: Double)? {
    for exponent in [-13, -17, -21] {
      let h = Double(sign: .plus, exponent: exponent, significand: 1)
      let isCentral = (0..<δ.count).allSatisfy { solved.λ[$0] >= 2 * h * δ[$0].magnitude }
      if let found = isCentral ? central(δ, h) : forward(δ, h) { return found }
    }
    return nil
  }

  private func central(_ δ: Vector<Double>, _ h: Double) -> (value: Double, error: Double)? {
    guard let a = moved(δ, h), let b = moved(δ, -h), let c = moved(δ, 2 * h), let d = moved(δ, -2 * h) else {
      return nil
    }
    let (near, far) = ((a - b) / (2 * h), (c - d) / (4 * h))
    return (near, (near - far).magnitude + valueError(solved.error) / h)
  }

  private func forward(_ δ: Vector<Double>, _ h: Double) -> (value: Double, error: Double)? {
    guard let a = moved(δ, h), let b = moved(δ, 2 * h), let c = moved(δ, 4 * h) else { return nil }
    let (near, far) = ((4 * a - b - 3 * value) / (2 * h), (4 * b - c - 3 * value) / (4 * h))
    return (near, (near - far).magnitude + 4 * valueError(solved.error) / h)
  }

  /// E(w(λ + tδ)); nil where the signs of w are others there.
  private func moved(_ δ: Vector<Double>, _ t: Double) -> Double? {
    let λ = solved.λ + t * δ
    guard λ.allSatisfy({ $0 >= 0 }), let there = try? solver.solve(at: λ, from: solved.w),
      there.support == solved.support, there.signs == solved.signs
    else { return nil }
    return objective.value(at: there.w, parameters: λ)
  }
}
