import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// Error bounds of quadratic functions under constraints, whose solutions and derivatives are small fractions: truth needs no rounding but one.
@Suite struct QuadraticBoundTests {
  /// ½ wᵀQw − cᵀw with Q = (4 1 0; 1 3 1; 0 1 2), c = (1, 2, −3) + λ (1, 0, 0).
  private func function<T: Scalar>(_: T.Type) -> QuadraticFunction<T> {
    QuadraticFunction(
      Matrix([[4, 1, 0], [1, 3, 1], [0, 1, 2]]), linear: [1, 2, -3], parameters: Matrix([[1], [0], [0]]))
  }

  private func check<T: Scalar, G: CertifiablePenalty<T>>(
    _ g: G, _ λ: Vector<T>, solution: [(Int, Int)], derivative: [(Int, Int)], shift: T, _ name: String
  ) throws {
    let map = ProximalGradientMap(function(T.self), g)
    let exact = Vector<T>(count: 3) { T(solution[$0].0) / T(solution[$0].1) }
    var w = exact
    for j in 0..<3 where w[j] != 0 && (j != 1 || !(g is Box<T>)) { w[j] += (j % 2 == 0 ? shift : -shift) }
    let objective = LinearObjective<T>(cotangent: [1, 2, 4])
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let strategy = AID<ProximalGradientMap<QuadraticFunction<T>, G>>(.direct)
    let workspace = strategy.makeWorkspace(for: map)
    var (value, scratch) = (Vector<T>.zeros(λ.count), Vector<T>.zeros(λ.count))
    _ = try strategy.hypergradient(of: objective, problem, into: &value, scratch: &scratch, workspace: workspace)
    let certificate = try strategy.certify(problem, objective: objective, workspace: workspace)
    let bound = try #require(certificate.hypergradientErrorBound, "\(name)")
    let truth = Vector<T>(count: λ.count) { T(derivative[$0].0) / T(derivative[$0].1) }
    // The fractions are rounded once.
    #expect(value.distance(to: truth) <= bound + .ulpOfOne * truth.norm, "\(name): \(value) against \(truth)")
    #expect(w.distance(to: exact) <= certificate.stateErrorBound + .ulpOfOne * exact.norm, "\(name)")
    #expect(certificate.stateErrorBound <= 200 * max(shift, 64 * .ulpOfOne), "\(name): a bound that says nothing")
  }

  /// w ≥ 0: w₃ = 0 and (4 1; 1 3) w = (1 + λ, 2). At λ = 0 w = (1, 7)/11, dw/dλ = (3, −1)/11.
  /// The simplex of sum 1 at λ = 0: w₃ = 0, Q w − c = τ: 3 w₁ − 2 w₂ = −1 with w₁ + w₂ = 1: w = (1, 4)/5, dw/dr = (2, 3)/5, dw/dλ = (1, −1)/5.
  /// Box [0, ½]: w₂ = ½, 4 w₁ = ½ + λ; dw/dh = (−¼, 1), dw/dλ = (¼, 0).
  private func run<T: Scalar>(_: T.Type) throws {
    for shift in [0, 1e-4, 1e-3] as [T] {
      try check(
        Box<T>.nonNegative, [0], solution: [(1, 11), (7, 11), (0, 1)], derivative: [(1, 11)], shift: shift,
        "nonnegative \(shift)")
      try check(
        Simplex<T>(), [1, 0], solution: [(1, 5), (4, 5), (0, 1)], derivative: [(8, 5), (-1, 5)], shift: shift,
        "simplex \(shift)")
      try check(
        Box<T>(lower: .fixed(0), upper: .parameters()), [0.5, 0], solution: [(1, 8), (1, 2), (0, 1)],
        derivative: [(7, 4), (1, 4)], shift: shift, "box \(shift)")
    }
  }

  /// What a step rests on: the curvature that a gradient states is at least the largest eigenvalue, with ridges of every size for each coordinate too.
  @Test func theStatedCurvatureIsTheLargest() {
    let X = Matrix<Double>([[2, 1], [1, 3], [1, 1]])
    for factors in [nil, [1, 1000], [1000, 0]] as [Vector<Double>?] {
      let f = LinearModel(QuadraticLoss(features: DenseDesign(X), targets: [1, 2, 3]), ridgeFactors: factors)
      let g = f.roundedGradient(at: [1, -1], parameters: [0.5], active: IndexSubset([0, 1], universe: 2))
      let stated = g.weights.dot(g.weights) * g.changePerRoot * g.changePerRoot + g.ridgeCurvature
      let H = f.makeHessian()
      var slope = Vector<Double>.zeros(2)
      f.linearize(at: [1, -1], parameters: [0.5], into: H, gradient: &slope)
      var dense = Matrix<Double>.zeros(2, 2)
      H.assemble(on: IndexSubset([0, 1], universe: 2), into: &dense)
      // The larger root of the characteristic polynomial of a symmetric 2 × 2 matrix.
      let (half, difference) = ((dense[0, 0] + dense[1, 1]) / 2, (dense[0, 0] - dense[1, 1]) / 2)
      let largest = half + Double.hypot(difference, dense[0, 1])
      #expect(stated >= largest * (1 - 16 * .ulpOfOne), "\(String(describing: factors)): \(stated), \(largest)")
      #expect(stated <= 2 * largest)
    }
  }

  @Test func fractionsInDouble() throws { try run(Double.self) }
  @Test func fractionsInFloat() throws { try run(Float.self) }
}

/// E = yᵀw, whose gradient does not change and rounds nothing.
private struct LinearObjective<Element: Scalar>: OuterObjective {
  var cotangent: Vector<Element>
  func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { cotangent.dot(w) }
  func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state: inout Vector<Element>, parameters: inout Vector<Element>
  ) {
    state.copy(from: cotangent)
    parameters.fill(0)
  }
  func gradientLipschitzConstant(on support: IndexSubset) -> Element? { 0 }
  var parameterGradientLipschitzConstant: Element? { 0 }
  func gradientRoundingErrors(at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset) -> (
    state: Element, parameters: Element
  )? { (0, 0) }
}
