import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// A quadratic problem ½ wᵀQw − (c + C μ)ᵀw + g(w) whose solution at μ = 0 is known because c was made for it, and lies on kinks exactly.
struct KinkCase<G: PolyhedralPenalty> where G.Element == Double {
  typealias Map = ProximalGradientMap<QuadraticFunction<Double>, G>
  let map: Map
  let problem: FixedPointProblem<Map>
  /// Of λ = (parameters of g, μ).
  let parameterCount: Int

  /// - Parameters:
  ///   - w: the solution.
  ///   - subgradient: of g at w, so that c = Q w + subgradient.
  init(_ penalty: G, _ parameters: [Double], solution w: [Double], subgradient: [Double]) {
    let p = w.count
    let Q = Self.hessian(p)
    let w = Vector(w)
    var random = RandomStream(seed: 5)
    let C = Matrix<Double>(rows: p, columns: 2) { _, _ in Double(Int(random.nextIndex(below: 9)) - 4) / 4 }
    map = Map(QuadraticFunction(Q, linear: Q * w + Vector(subgradient), parameters: C), penalty)
    problem = FixedPointProblem(map, parameters: Vector(parameters + [0, 0]), state: w, stateIsSolution: true)
    parameterCount = parameters.count + 2
  }

  /// Integers, symmetric, with a dominant diagonal: eigenvalues between 3 and 9 by Gershgorin's circles, which meet those of 6 ± 3.
  static func hessian(_ p: Int) -> Matrix<Double> {
    Matrix(rows: p, columns: p) { i, j in i == j ? 6 : abs(i - j) == 1 ? 1 : abs(i - j) == 2 ? -0.5 : 0 }
  }

  /// The directions of the test: each parameter alone, both ways, and some mixtures.
  var directions: [Vector<Double>] {
    var all: [Vector<Double>] = []
    for k in 0..<parameterCount {
      for sign in [1.0, -1] { all.append(Vector(count: parameterCount) { $0 == k ? sign : 0 }) }
    }
    var random = RandomStream(seed: 6)
    for _ in 0..<6 {
      all.append(Vector(count: parameterCount) { _ in Double(Int(random.nextIndex(below: 9)) - 4) / 4 })
    }
    return all
  }

  /// Compares one-sided derivatives with one-sided differences of solutions found by the iteration.
  ///
  /// Pieces are affine where no parameter enters products, so differences are exact but for the errors of the two solutions: each within
  /// ρ/(1 − q) of its own, q ≤ ½ for eigenvalues between 3 and 9, ρ at most four errors of Φ. Where they are not affine, `curvature` bounds the second
  /// derivative.
  func check(weak: Int, curvature: Double = 0, _ place: SourceLocation = #_sourceLocation) throws {
    let analysis = try KinkAnalysis(problem)
    #expect(analysis.weaklyActive.count == weak, sourceLocation: place)
    #expect(analysis.weaklyActive.allSatisfy { $0.distance <= $0.tolerance }, sourceLocation: place)
    // A few hundred ulps of numbers below 20; what is no kink is at a distance of 0.05 and more.
    #expect(analysis.tolerance < 1e-12, sourceLocation: place)
    let h = curvature == 0 ? 0x1p-8 : 0x1p-16
    for δ in directions {
      if map.violation(parameters: problem.parameters + h * δ) != nil { continue }
      let got = try analysis.directionalDerivative(along: δ).get()
      let moved = map.iterate(at: problem.parameters + h * δ, from: problem.state)
      #expect(moved.outcome == .converged, sourceLocation: place)
      let difference = (1 / h) * (moved.state - problem.state)
      let error = 8 * map.evaluationError(at: problem.state, parameters: problem.parameters)
      #expect((got - difference).maxNorm <= 2 * error / h + curvature * h, "\(δ)", sourceLocation: place)
    }
  }
}
