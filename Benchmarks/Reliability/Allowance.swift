/// The largest error that the tolerance asked for and the rounding of one type explain, with the reason for each term.
///
/// The package promises a residual: ‖K v − c‖ ≤ τ ‖c‖. Rounding adds a residual of some ulps of the terms that K v is summed
/// from, and a state known to δw moves K and B. So
///
///     ‖δv‖ ≤ ‖K⁻¹‖ (10 τ ‖c_S‖ + C ulp (κ-scale ‖v‖ + ‖c_S‖) + ‖δK‖ ‖v‖)
///     |δg_k| ≤ ‖B_k‖ ‖δv‖ + ‖v‖ ‖δw‖ (ridge) + C ulp Σ |B_jk v_j|
///
/// with C = 16 (n + p + 4): sums of n and p terms are rounded n + p times, and a factorization, a recurrence or a Gram matrix
/// does so a few times over. The κ-scale is ‖K‖ for solvers of the symmetric system; those that apply I − A1 = s K by
/// subtraction round the identity too, which is 1/s seen from K. The 10 is for tolerances that are met by an estimate (a measured
/// contraction factor) and for the norms' square roots of p. The bound is not sharp and need not be: a wrong number is wrong by more.
struct Allowance {
  typealias Number = DoubleDouble
  let linearized: Linearized
  let ulp: Double
  /// C ulp.
  let rounding: Double
  /// τ.
  let tolerance: Double
  /// 1/s where the full system is used, 0 otherwise.
  let identityScale: Double
  /// ‖δw‖, where the state is the strategy's own.
  let stateError: Double
  /// How fast K moves with w: ‖δK‖ ≤ this ‖δw‖.
  let curvatureRate: Double
  /// The error of each entry of the cotangent, where it is evaluated in the type of the run.
  var cotangentError = 0.0
  /// ‖c‖ where the tolerance is relative to all of it, and not to its entries on the support.
  var wholeCotangent = 0.0

  private var inverse: Double { linearized.system.inverseNorm }
  private var systemScale: Double { max(linearized.systemScale, identityScale) }
  private var systemError: Double {
    linearized.curvatureUlps * ulp * linearized.systemScale + curvatureRate * stateError
  }

  /// ‖δv‖ or ‖δx‖ for a right-hand side and a solution of these sizes.
  func solutionError(rightHandSide c: Double, solution v: Double, rightHandSideError: Double = 0) -> Double {
    inverse
      * (10 * tolerance * c + rounding * (systemScale * v + c) + systemError * v + rightHandSideError)
  }

  /// |δg_k| for g = Bᵀ v.
  func adjoint(_ v: [Number], cotangent c: [Number], sourceFloors: [Double]) -> [Double] {
    let size = v.norm
    let error = solutionError(
      rightHandSide: max(c.norm, wholeCotangent), solution: size, rightHandSideError: cotangentError)
    return (0..<linearized.parameterCount).map { k in
      var terms = 0.0
      for (row, x) in zip(linearized.sources, v) { terms += (row[k] * x).magnitude.value }
      let moved = k == linearized.parameterCount - 1 ? size * stateError : 0
      return max(linearized.sourceNorm(k), sourceFloors[k]) * error + moved + rounding * terms
    }
  }

  /// ‖δx‖ for x = K⁻¹ B μ.
  func tangent(_ x: [Number], direction μ: [Number], sourceFloor: Double) -> Double {
    var terms = 0.0
    for k in μ.indices { terms += linearized.sourceNorm(k) * μ[k].magnitude.value }
    var rightHandSide = [Number](repeating: .zero, count: x.count)
    for (i, row) in linearized.sources.enumerated() { rightHandSide[i] = row.dot(μ) }
    return solutionError(
      rightHandSide: max(rightHandSide.norm, sourceFloor), solution: x.norm,
      rightHandSideError: rounding * terms + stateError * (μ.last?.magnitude.value ?? 0))
  }
}
