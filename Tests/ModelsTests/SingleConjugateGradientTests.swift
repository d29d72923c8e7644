import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import TestSupport
import Testing

/// The automatic choice on large dense supports: conjugate gradient in single precision with refinement, and what it falls back to.
@Suite struct SingleConjugateGradientTests {
  typealias Map = ElasticNetMap<Double>
  private static let p = 700

  /// 2800 × 700, all of w not zero; each column an autoregression on the one before, `correlation` c: a condition number of about
  /// 9 ((1 + c)/(1 − c))², 9 = ((1 + ½)/(1 − ½))² being that of Gaussian columns.
  private static func problem(scale: Double = 1, correlation c: Double = 0) -> FixedPointProblem<Map> {
    var random = RandomStream(seed: 23)
    let n = 4 * p
    var X = Matrix<Double>(rows: n, columns: p) { _, _ in scale * random.nextNormal() }
    for j in 1..<p { for i in 0..<n { X[i, j] = c * X[i, j - 1] + (1 - c * c).squareRoot() * X[i, j] } }
    let map = Map(features: X, targets: Vector(count: n) { Double($0 % 7) - 3 }, step: .fixed(0.1 / (scale * scale)))
    let w = Vector<Double>(count: p) { Double($0 % 3) + 1 }
    return FixedPointProblem(map, parameters: [1e-3, 0], state: w, stateIsSolution: true)
  }

  private static let cotangent = Vector<Double>(count: p) { Double($0 * 3 % 7) - 3 }

  private static func solve(_ solver: AID<Map>.Solver, _ problem: FixedPointProblem<Map>) throws -> Derivative<
    Vector<Double>, Double
  > { try AID<Map>(solver).vjp(problem, cotangent: cotangent) }

  /// The residual is at most the default tolerance, so the error at most that times the condition number, 9 and some.
  @Test func itReachesFullAccuracy() throws {
    let problem = Self.problem()
    let (auto, direct) = (try Self.solve(.automatic, problem), try Self.solve(.direct, problem))
    #expect(auto.report.outcome == .converged && auto.report.method == "aid-cg", "\(auto.report)")
    #expect(relativeError(auto.estimate, direct.estimate) <= 100 * AID<Map>.defaultTolerance)
  }

  /// With a condition number of 10⁵ conjugate gradient takes hundreds of products and a factor the time of some tens.
  @Test func itIsGivenUpWhereItIsSlow() throws {
    let problem = Self.problem(correlation: 0.96)
    let (auto, direct) = (try Self.solve(.automatic, problem), try Self.solve(.direct, problem))
    #expect(auto.report.outcome == .converged && auto.report.method == "aid-direct", "\(auto.report)")
    #expect(auto.estimate == direct.estimate)
  }

  /// Squares of 1e25 are beyond `Float`: conjugate gradient goes on in full precision.
  @Test func numbersBeyondItsRangeAreSolvedInFullPrecision() throws {
    let auto = try Self.solve(.automatic, Self.problem(scale: 1e25))
    let direct = try Self.solve(.direct, Self.problem(scale: 1e25))
    #expect(auto.report.outcome == .converged, "\(auto.report)")
    #expect(relativeError(auto.estimate, direct.estimate) <= 100 * AID<Map>.defaultTolerance)
  }

  /// A limit of the caller's is one: no more iterations than that, and no answer passed off as converged.
  @Test func aLimitIsKept() throws {
    let auto = try AID<Map>(.automatic, stopping: .tolerance(1e-12, limit: 3)).vjp(
      Self.problem(), cotangent: Self.cotangent)
    #expect(auto.report.outcome == .iterationLimit, "\(auto.report)")
  }
}
