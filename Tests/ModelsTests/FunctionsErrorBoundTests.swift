import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// What `f + g` says of its solution over every storage: the bound on a derivative's error, the distance that the solution can have, the margins of
/// the outer map, and products with blocks.
@Suite struct FunctionsErrorBoundTests {
  typealias Solved = FunctionsElasticNetTests.Solved

  @Test(arguments: ReferenceCase.elasticNetNames, FunctionsDerivativeTests.Storage.allCases)
  func theBoundHolds(_ name: String, _ storage: FunctionsDerivativeTests.Storage) throws {
    let solved = try Solved(name, storage)
    let λ = solved.reference.parameters
    let (hypergradient, certificate) = try certified(solved.map, solved)
    if let bound = certificate.hypergradientErrorBound {
      // As in ElasticNetReferenceTests.
      #expect(hypergradient.distance(to: solved.exact) <= bound, "\(name): \(bound)")
      #expect(bound <= 1e-5 * solved.exact.norm, "\(name): a bound that says nothing")
    }
    #expect(certificate.isIdentified && certificate.hypergradientErrorBound != nil)
    #expect(try #require(solved.map.solutionNormBound(parameters: λ)) >= solved.w.norm)
    let u: Vector<Double> = FunctionsDerivativeTests.vector(solved.map.stateCount, seed: 5)
    var δ = u
    #expect(solved.map.outerMargins(at: u, parameters: λ, into: &δ))
    let t = solved.map.stepSize(parameters: λ) * λ[0]
    for j in 0..<u.count { #expect(abs(δ[j] - abs(abs(u[j]) - t)) <= 2 * .ulpOfOne * (abs(u[j]) + t)) }
  }

  private func certified<Map: CertifiableMap<Double>>(_ map: Map, _ solved: Solved) throws -> (
    hypergradient: Vector<Double>, certificate: Certificate<Double>
  ) {
    let problem = FixedPointProblem(
      map, parameters: solved.reference.parameters, state: solved.w, stateIsSolution: true)
    let strategy = AID<Map>(.direct)
    let workspace = strategy.makeWorkspace(for: map)
    var (g, scratch) = (Vector<Double>.zeros(2), Vector<Double>.zeros(2))
    _ = try strategy.hypergradient(of: solved.objective, problem, into: &g, scratch: &scratch, workspace: workspace)
    let certificate = strategy.certificate(for: problem, objective: solved.objective, workspace: workspace)
    return (g, try #require(certificate))
  }

  @Test func blocksAreColumns() throws {
    let solved = try Solved(ReferenceCase.elasticNetNames[0], .dense)
    let map = solved.map
    let p = map.stateCount
    let L = map.makeLinearization()
    map.linearize(atSolution: solved.w, parameters: solved.reference.parameters, into: L)
    let x: [Vector<Double>] = (0..<3).map { FunctionsDerivativeTests.vector(p, seed: 20 + $0) }
    let X = Matrix<Double>(rows: p, columns: 3) { x[$1][$0] }
    var (Y, Z) = (Matrix<Double>.zeros(p, 3), Matrix<Double>.zeros(p, 3))
    L.state.apply(block: X, into: &Y)
    L.state.applyAdjoint(block: X, into: &Z)
    var (y, z) = (x[0], x[0])
    for k in 0..<3 {
      L.state.apply(x[k], into: &y)
      L.state.applyAdjoint(x[k], into: &z)
      // Sums of p terms in s H x, whose norm is at most twice that of x.
      let roundoff = 16 * Double.ulpOfOne * Double(p).squareRoot() * x[k].norm
      #expect(Y.column(k).distance(to: y) <= roundoff)
      #expect(Z.column(k).distance(to: z) <= roundoff)
    }
  }
}
