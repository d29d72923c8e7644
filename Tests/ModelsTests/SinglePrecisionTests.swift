import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import TestSupport
import Testing

/// The direct method on large dense supports: a factor in single precision, refined to full accuracy, or the factor in full precision where
/// that cannot be.
@Suite struct SinglePrecisionDirectTests {
  typealias Map = ElasticNetMap<Double>

  /// 6000 × 160 with a solution that is nowhere zero; `scale` times Gaussian columns, of which the last is nearly the one
  /// before where `dependence` is small.
  private static func problem(scale: Double = 1, dependence: Double = 1) -> FixedPointProblem<Map> {
    var random = RandomStream(seed: 17)
    let (n, p) = (6000, 160)
    var X = Matrix<Double>(rows: n, columns: p) { _, _ in scale * random.nextNormal() }
    for i in 0..<n { X[i, p - 1] = X[i, p - 2] + dependence * X[i, p - 1] }
    let map = Map(features: X, targets: Vector(count: n) { Double($0 % 7) - 3 }, step: .fixed(0.1 / (scale * scale)))
    let w = Vector<Double>(count: p) { Double($0 % 3) + 1 }
    return FixedPointProblem(map, parameters: [1e-3, 0], state: w, stateIsSolution: true)
  }

  private static let cotangent = Vector<Double>(count: 160) { Double($0 * 3 % 7) - 3 }

  @Test func aLargeFactorIsMadeInSinglePrecisionAndRefined() throws {
    let problem = Self.problem()
    let direct = try AID<Map>(.direct).vjp(problem, cotangent: Self.cotangent)
    #expect(direct.report.outcome == .converged)
    // Each step gains the digits of single precision less those of the condition number, here 2: three at most.
    #expect((1...3).contains(direct.report.products), "\(direct.report)")
    let cg = try AID<Map>(.conjugateGradient, stopping: .tolerance(1e-14)).vjp(problem, cotangent: Self.cotangent)
    #expect(relativeError(direct.estimate, cg.estimate) <= 1e-11)
  }

  /// Condition numbers of about 4/d², 4e2 and 4e4, both within single precision's: refinement reaches what a factor in full
  /// precision does, its rounding times the condition number.
  @Test(arguments: [0.1, 0.01])
  func refinementReachesFullAccuracy(_ dependence: Double) throws {
    let problem = Self.problem(dependence: dependence)
    let direct = try AID<Map>(.direct).vjp(problem, cotangent: Self.cotangent)
    #expect(direct.report.outcome == .converged && direct.report.products > 0, "\(direct.report)")
    // The system written out, by LAPACK's LU: w'ᵀy = −(signs, w)ᵀ H⁻¹ y on the full support.
    let linearization = problem.map.makeLinearization()
    problem.map.linearize(atSolution: problem.state, parameters: problem.parameters, into: linearization)
    var H = Matrix<Double>.zeros(160, 160)
    linearization.hessian.assemble(on: linearization.proximal.active, into: &H)
    var v = Vector(copying: Self.cotangent)
    try LU(H).solve(&v)
    let exact: Vector<Double> = [-(0..<160).reduce(0) { $0 + v[$1] }, -problem.state.dot(v)]
    let condition = 8 / (dependence * dependence)
    #expect(relativeError(direct.estimate, exact) <= 160 * condition * .ulpOfOne)
  }

  /// Squares of 1e25 are beyond `Float`: the factor in full precision serves, as the missing products show.
  @Test func numbersBeyondItsRangeAreFactoredInFullPrecision() throws {
    let direct = try AID<Map>(.direct).vjp(Self.problem(scale: 1e25), cotangent: Self.cotangent)
    #expect(direct.report.outcome == .converged && direct.report.products == 0)
    let plain = try AID<Map>(.direct).vjp(Self.problem(), cotangent: Self.cotangent)
    // The Hessian is 1e50 times as large, and so the derivative as small.
    #expect(relativeError(1e50 * direct.estimate, plain.estimate) <= 1e-11)
  }

  /// A condition number of 1e10 is beyond single precision's 1e5, not beyond double precision's.
  @Test func illConditionedSystemsAreFactoredInFullPrecision() throws {
    let problem = Self.problem(dependence: 1e-5)
    let direct = try AID<Map>(.direct).vjp(problem, cotangent: Self.cotangent)
    #expect(direct.report.outcome == .converged && direct.report.products == 0)
    let gmres = try AID<Map>(.gmres(restart: 160), stopping: .tolerance(1e-14, limit: 2000)).vjp(
      problem, cotangent: Self.cotangent)
    #expect(relativeError(direct.estimate, gmres.estimate) <= 1e-4)
  }

  @Test func dependentColumnsAreSingularAsBefore() throws {
    let direct = try AID<Map>(.direct).vjp(Self.problem(dependence: 0), cotangent: Self.cotangent)
    #expect(direct.report.outcome == .singular || direct.report.outcome == .indefinite(curvature: 0))
  }
}
