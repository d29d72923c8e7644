import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// w'(λ)ᵀ y in other units: X by a, y by b, the strengths by ab and a², the cotangent by c, all powers of two. Strategies bring a large cotangent to size 1
/// first; what they compute then must not vanish where the answer is a number.
@Suite struct ScaledCotangentTests {
  typealias Elastic = ElasticNetMap<Double>
  typealias Joint = ProximalGradientMap<LinearModel<QuadraticLoss<Double>>, L1Norm<Double>>

  private static let X = Matrix<Double>([[1, 0.5], [-0.5, 1], [0.25, 0.75]])
  private static let y: Vector<Double> = [1, -2, 0.5]
  private static let (a, b, c) = (0x1p482, 0x1p178, 0x1p600)

  private func check<Map: FixedPointMap<Double>, S: AdjointStrategy<Map>>(
    _ make: (Matrix<Double>, Vector<Double>) -> Map, _ strategy: S
  ) throws {
    let (a, b, c) = (Self.a, Self.b, Self.c)
    let λ: Vector<Double> = [0.125, 0.25]
    func derivative(_ X: Matrix<Double>, _ y: Vector<Double>, _ λ: Vector<Double>, _ cotangent: Vector<Double>) throws
      -> Vector<Double>
    {
      let map = make(X, y)
      let w = try FixedPointSolver<Double>().solve(map, parameters: λ).get()
      #expect(w.nonzeroCount == 2)
      return try strategy.vjp(FixedPointProblem(map, parameters: λ, state: w), cotangent: cotangent).estimate
    }
    let plain = try derivative(Self.X, Self.y, λ, [1, 2])
    let scaled = try derivative(
      Matrix(rows: 3, columns: 2) { a * Self.X[$0, $1] }, b * Self.y, [a * b * λ[0], a * a * λ[1]], [c, 2 * c])
    let expected: Vector<Double> = [plain[0] * (c / a / a), plain[1] * (c / a / a * (b / a))]
    // Powers of two round nothing, but steps are computed from eigenvalues to some ulps, and 300 steps follow them.
    for k in 0..<2 {
      #expect(abs(scaled[k] / expected[k] - 1) <= 1e-10, "\(strategy.name): \(scaled[k]), \(expected[k])")
    }
  }

  private func elastic(_ X: Matrix<Double>, _ y: Vector<Double>) -> Elastic { Elastic(features: X, targets: y) }
  private func joint(_ X: Matrix<Double>, _ y: Vector<Double>) -> Joint {
    Joint(LinearModel(features: DenseDesign(X), targets: y), L1Norm())
  }

  @Test func adjoints() throws {
    try check(joint, AID(.conjugateGradient))
    try check(joint, AID(.fixedPoint))
  }

  @Test func unrolling() throws { try check(joint, ReverseITD()) }

  @Test func minibatches() throws {
    func check<Map: CompositeStochasticMap<Double>>(_ make: (Matrix<Double>, Vector<Double>) -> Map) throws {
      try self.check(
        make, VarianceReducedNSID<Map>(epochs: 40, epochLength: 4, batchSize: 3, step: 1, tolerance: 1e-13))
      try self.check(
        make,
        NSID<Map>(iterations: 300, innerBatches: 1, batchSize: 3, steps: .constant(0.5), innerPass: .full))
    }
    try check(elastic)
    try check(joint)
  }
}
