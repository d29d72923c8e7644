import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// Bounds hold coordinates at values other than zero, where the derivative of the proximal map vanishes: the Hessian at a solution that is vouched
/// for depends on them all the same.
@Suite struct BoundedSolutionTests {
  static let X = Matrix<Double>([
    [1, 0.5, -0.2, 0.8, 0.1], [0.3, -1, 0.4, 0.2, -0.7], [0.2, 0.1, 0.9, -0.4, 0.5], [-0.5, 0.7, 0.6, 0.3, 0.4],
  ])
  static let labels: Vector<Double> = [1, -1, 1, 1]
  static let ρ = 0.3
  static var f: LinearModel<LogisticLoss<Double>> {
    LinearModel<LogisticLoss<Double>>(features: DenseDesign(X), targets: labels)
  }

  /// Only the last coordinate is free, and ∇f's entry there vanishes: dw/dρ = −w/(h + ρ) with h that of the Hessian's diagonal.
  @Test func oneFreeCoordinate() throws {
    let map = ProximalGradientMap(
      Self.f, Box(lower: .fixedEach([2, -3, 2, -3, -.infinity]), upper: .fixedEach([3, -2, 3, -2, .infinity])))
    let solution = map.solve(at: [Self.ρ])
    let w = try solution.get()
    #expect(w[segment: 0..<4] == [2, -2, 2, -2])
    var h = 0.0
    for i in 0..<4 {
      let z = Self.X.row(i).dot(w)
      h += Self.X[i, 4] * Self.X[i, 4] / ((1 + exp(z)) * (1 + exp(-z))) / 4
    }
    let expected = -w[4] / (h + Self.ρ)
    let jacobian = try AID(.direct).jacobian(solution.problem).get()
    #expect(solution.problem.stateIsSolution)
    // A handful of roundings of terms of a like size, and w's of 64 ulps at most.
    #expect(abs(jacobian[4, 0] - expected) <= 1000 * .ulpOfOne * abs(expected), "\(jacobian[4, 0]), not \(expected)")
  }

  /// What is read off the solution is what an evaluation of Φ there finds.
  @Test func vouchedForOrNot() throws {
    func check(_ g: some ProximalMap<Double>, _ λ: Vector<Double>) throws {
      let map = ProximalGradientMap(Self.f, g)
      let w = try map.solve(at: λ).get()
      let y = Vector<Double>(count: 5) { 1 / Double($0 + 1) }
      let got = try [true, false].map {
        let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: $0)
        return try AID(.direct).vjp(problem, cotangent: y).get()
      }
      // Two solves of the same system of condition below 10.
      #expect(got[0].distance(to: got[1]) <= 1000 * .ulpOfOne * got[1].norm, "\(g): \(got)")
    }
    let (low, high): (Vector<Double>, Vector<Double>) = ([1, -2, 1, -2, -5], [2, -1, 2, -1, 5])
    try check(Box(lower: .fixedEach(low), upper: .fixedEach(high)), [Self.ρ])
    try check(FixedParameters(Box(lower: .fixedEach(low), upper: .parameters()), [5]), [Self.ρ])
    try check(BoxHyperplane(normal: [1, 1, 1, 1, 1], lower: low, upper: high), [0.4, Self.ρ])
  }
}
