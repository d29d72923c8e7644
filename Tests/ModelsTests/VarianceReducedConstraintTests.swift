import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// Parameters of constraints move the solution where the outer map's derivative is zero: of the adjoint all entries count, not only those that
/// the next product with B1ᵀ sees.
@Suite struct VarianceReducedConstraintTests {
  static var f: LinearModel<QuadraticLoss<Double>> {
    LinearModel<QuadraticLoss<Double>>(
      features: DenseDesign(Matrix([[1, 0.5, -0.2], [0.3, -1, 0.4], [0.2, 0.1, 0.9], [-0.5, 0.7, 0.6]])),
      targets: [3, -2, 2, 1])
  }

  @Test func nothingButTheConstraint() throws {
    // w = c/2 whatever f.
    let f = LinearModel<QuadraticLoss<Double>>(
      features: DenseDesign(Matrix([[1], [2]])), targets: [1, 1], ridge: .fixed(1))
    #expect(try gradient(f, Hyperplane<Double>(normal: [2]), [6], cotangent: [1]) == [0.5])
  }

  @Test func radiusAndSum() throws {
    let y: Vector<Double> = [1, -0.5, 2]
    for λ: Vector<Double> in [[1.5, 0.2], [0.4, 0.5]] {
      try compare(Self.f, L1Ball<Double>(), λ, y)
      try compare(Self.f, L2Ball<Double>(), λ, y)
      try compare(Self.f, Simplex<Double>(), λ, y)
      try compare(Self.f, Box<Double>(lower: .none, upper: .parameters()), λ, y)
    }
  }

  private func compare(
    _ f: LinearModel<QuadraticLoss<Double>>, _ g: some ProximalMap<Double>, _ λ: Vector<Double>, _ y: Vector<Double>
  ) throws {
    let map = ProximalGradientMap(f, g)
    let exact = try AID(.direct).vjp(map.solve(at: λ).problem, cotangent: y).get()
    let got = try gradient(f, g, λ, cotangent: y)
    // The residual of 1e-12 ‖y‖ over 1 − q, which is above 0.1 here, times ‖A2‖ ≤ 2.
    #expect(got.distance(to: exact) <= 2e-11 * y.norm, "\(g), λ = \(λ): \(got), not \(exact)")
  }

  private func gradient(
    _ f: LinearModel<QuadraticLoss<Double>>, _ g: some ProximalMap<Double>, _ λ: Vector<Double>,
    cotangent y: Vector<Double>
  ) throws -> Vector<Double> {
    let map = ProximalGradientMap(f, g)
    return try reduced(map).vjp(map.solve(at: λ).problem, cotangent: y).get()
  }

  private func reduced<Map: CompositeStochasticMap<Double>>(_ map: Map) -> VarianceReducedNSID<Map> {
    VarianceReducedNSID(epochs: 400, epochLength: 20, batchSize: 2, step: 0.3, tolerance: 1e-12)
  }
}
