import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// One body for Float and Double; objectives from closures.
@Suite struct PrecisionTests {
  static func hypergradient<Element: Scalar>(_ type: Element.Type) throws -> Vector<Element> {
    let X = Matrix<Element>(converting: FunctionTests.matrix(40, 6, 1))
    let y = Vector<Element>(converting: FunctionTests.vector(40, 2))
    let f = try TracedFunction<Element>(state: 6, parameters: 1) { w, λ in
      mean(softplus(y * (X * w))) + λ[0] * norm2(w) / 2
    }
    let E = try TracedObjective<Element>(state: 6, parameters: 2) { w, λ in mean(square(X * w - y)) + λ[0] * λ[1] }
    let map = ProximalGradientMap(f, L1Norm<Element>())
    let solution = map.solve(at: [0.01, 0.2])
    return try AID<ProximalGradientMap<TracedFunction<Element>, L1Norm<Element>>>().hypergradient(
      of: E, solution.problem
    ).get()
  }

  @Test func singlePrecisionAgrees() throws {
    let (double, float) = (try Self.hypergradient(Double.self), try Self.hypergradient(Float.self))
    // AID's default tolerance in Float is 6e-6, and the condition number here is below 20.
    #expect(relativeError(Vector<Double>(converting: float), double) <= 2e-4)
  }

  @Test func objectivesHaveBothGradients() throws {
    let X = FunctionTests.X
    let E = try TracedObjective<Double>(state: 5, parameters: 2) { w, λ in norm2(X * w) * λ[0] + exp(λ[1]) }
    let w = FunctionTests.vector(5, 3)
    let λ: Vector<Double> = [0.4, 0.2]
    var (g, r) = (0 * w, 0 * λ)
    E.gradient(at: w, parameters: λ, support: nil, state: &g, parameters: &r)
    let image = X * w
    #expect(g.distance(to: 2 * 0.4 * (X.transposed * image)) <= 1e-13 * 10)
    #expect(r.distance(to: [image.dot(image), exp(0.2)]) <= 1e-13 * 10)
    #expect(abs(E.value(at: w, parameters: λ) - (0.4 * image.dot(image) + exp(0.2))) <= 1e-13 * 10)
  }
}
