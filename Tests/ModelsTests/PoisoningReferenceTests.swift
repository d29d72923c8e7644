import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import TestSupport
import Testing

/// The poisoning case with a known exact hypergradient, by every strategy, with X held as a matrix and as a sparse matrix
/// (half of a digit's pixels are zero).
@Suite struct PoisoningReferenceTests {
  typealias Map = PoisoningMap<Double>

  struct Answer: Decodable {
    let lambda1: Double
    let lambda2: Double
    let value: Double
    let support_size: Int
    let hypergradient_norm: Double
  }

  enum Storage: CaseIterable, Sendable { case dense, sparse }

  let dense: Map
  let sparse: Map
  let denseObjective: HeldOutCrossEntropy<Double>
  let sparseObjective: HeldOutCrossEntropy<Double>
  let Γ: Vector<Double>
  let exactSolution: Vector<Double>
  let exact: Vector<Double>
  let answer: Answer

  init() throws {
    let folder = ReferenceCase.root + "/poisoning-digits/"
    answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: folder + "case.json")))
    let X = try NPY.matrix(at: folder + "X_train.npy", as: Double.self)
    let y = try NPY.indices(at: folder + "y_train.npy")
    let poisoned = try NPY.indices(at: folder + "poisoned.npy")
    dense = PoisoningMap(
      features: X, labels: y, classCount: 10, poisoned: poisoned, λ1: answer.lambda1, λ2: answer.lambda2)
    sparse = PoisoningMap(
      features: SparseMatrix(X), labels: y, classCount: 10, poisoned: poisoned, λ1: answer.lambda1, λ2: answer.lambda2)
    let XVal = try NPY.matrix(at: folder + "X_val.npy", as: Double.self)
    let yVal = try NPY.indices(at: folder + "y_val.npy")
    denseObjective = HeldOutCrossEntropy(features: XVal, labels: yVal, classCount: 10, negated: true)
    sparseObjective = HeldOutCrossEntropy(features: SparseMatrix(XVal), labels: yVal, classCount: 10, negated: true)
    Γ = Self.rows(try NPY.matrix(at: folder + "noise.npy", as: Double.self))
    exact = Self.rows(try NPY.matrix(at: folder + "hypergradient.npy", as: Double.self))
    exactSolution = Self.rows(try NPY.matrix(at: folder + "solution.npy", as: Double.self).transposed)
  }

  func map(_ storage: Storage) -> Map { storage == .dense ? dense : sparse }
  func objective(_ storage: Storage) -> HeldOutCrossEntropy<Double> {
    storage == .dense ? denseObjective : sparseObjective
  }

  /// The entries of a matrix row by row.
  private static func rows(_ A: Matrix<Double>) -> Vector<Double> {
    Vector((0..<A.rows).flatMap { i in (0..<A.columns).map { A[i, $0] } })
  }

  func solved(_ map: Map) throws -> FixedPointProblem<Map> {
    let w = try FixedPointSolver<Double>(acceleration: .anderson(memory: 8)).solve(map, parameters: Γ).get()
    return FixedPointProblem(map, parameters: Γ, state: w)
  }

  @Test(arguments: Storage.allCases) func theInnerProblemIsTheReferences(_ storage: Storage) throws {
    let (map, objective) = (map(storage), objective(storage))
    let w = try solved(map).state
    // ‖w − w*‖ ≤ ρ/(1 − q), ρ ≤ 64 ε max(1, ‖w‖). Of the shifted rows the map knows no factor; strong convexity by λ2 bounds the slow
    // directions, and the step 2/(L/2 + 2 λ2) reflects no other: with steps of at most 2/h, q = 1 − s λ2.
    let q = 1 - map.stepSize(parameters: .zeros(map.parameterCount)) * answer.lambda2
    #expect(w.distance(to: exactSolution) <= 2 * 64 * .ulpOfOne * max(1, w.norm) / (1 - q))
    #expect(w.nonzeroCount == answer.support_size)
    #expect(abs(objective.value(at: w, parameters: Γ) - answer.value) <= 1e-12)
  }

  @Test(
    arguments: [AID<Map>.Solver.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct],
    Storage.allCases)
  func aidMeetsTheExactHypergradient(_ solver: AID<Map>.Solver, _ storage: Storage) throws {
    let got = try AID<Map>(solver).hypergradient(of: objective(storage), solved(map(storage))).get()
    #expect(relativeError(got, exact) <= 1e-8, "\(solver)")
  }

  @Test(arguments: Storage.allCases) func slowerStrategiesMeetItToo(_ storage: Storage) throws {
    let (map, objective) = (map(storage), objective(storage))
    let problem = try solved(map)
    #expect(relativeError(try AID<Map>(.fixedPoint).hypergradient(of: objective, problem).get(), exact) <= 1e-7)
    let fromZero = FixedPointProblem(map, parameters: Γ)
    #expect(relativeError(try ReverseITD<Map>().hypergradient(of: objective, fromZero).get(), exact) <= 1e-7)
  }

  /// ⟨y, w'(Γ) M⟩ = ⟨w'(Γ)ᵀ y, M⟩ for tangents and adjoints that share no code but the map.
  @Test(arguments: Storage.allCases) func tangentsAgreeWithAdjoints(_ storage: Storage) throws {
    let (map, objective) = (map(storage), objective(storage))
    let problem = try solved(map)
    let direction = Vector<Double>(count: Γ.count) { Double(($0 * 37) % 11) - 5 }
    let tangent = try AID<Map>(.conjugateGradient).jvp(problem, direction: direction).get()
    let forward = try ForwardITD<Map>().jvp(FixedPointProblem(map, parameters: Γ), direction: direction).get()
    #expect(forward.distance(to: tangent) <= 1e-7 * tangent.norm)
    var y = Vector<Double>.zeros(map.stateCount)
    var scratch = Vector<Double>.zeros(Γ.count)
    objective.gradient(at: problem.state, parameters: Γ, support: nil, state: &y, parameters: &scratch)
    #expect(abs(y.dot(tangent) - exact.dot(direction)) <= 1e-8 * exact.norm * direction.norm)
  }

  @Test(arguments: Storage.allCases) func finiteDifferencesAgree(_ storage: Storage) throws {
    let (map, objective) = (map(storage), objective(storage))
    let problem = try solved(map)
    let direction = Vector<Double>(count: Γ.count) { Double(($0 * 37) % 11) - 5 }
    // Central differences: truncation h² and the solver's accuracy over h balance near 1e-7 relative at this h.
    let h = 1e-5 / direction.norm
    func value(_ t: Double) throws -> Double {
      var shifted = Vector(copying: Γ)
      shifted.add(t, direction)
      let w = try FixedPointSolver<Double>(acceleration: .anderson(memory: 8)).solve(
        map, parameters: shifted, from: problem.state
      ).get()
      return objective.value(at: w, parameters: shifted)
    }
    let difference = try (value(h) - value(-h)) / (2 * h)
    #expect(abs(difference - exact.dot(direction)) <= 1e-5 * exact.norm * direction.norm)
  }

  /// Minibatches over all samples are the full map: value, A1ᵀ and A2ᵀ.
  @Test(arguments: Storage.allCases) func theOracleOverAllSamplesIsTheMap(_ storage: Storage) throws {
    let map = map(storage)
    let problem = try solved(map)
    let oracle = map.makeOracle()
    let n = map.sampleCount
    oracle.prepare(at: problem.state, parameters: Γ)
    for batch in [Minibatch.all(of: n), Minibatch(Array((0..<n).reversed()))] {
      var u = Vector<Double>.zeros(map.stateCount)
      oracle.addValue(batch, scale: 1, to: &u)
      var w = u
      map.applyOuter(u, parameters: Γ, relaxation: 1, into: &w)
      #expect(w.distance(to: problem.state) <= 1e-12)

      let outer = map.makeOuterLinearization()
      map.linearizeOuter(at: u, parameters: Γ, into: outer)
      let linearization = map.makeLinearization()
      map.linearize(at: problem.state, parameters: Γ, into: linearization, value: &w)
      let v = Vector<Double>(count: map.stateCount) { Double(($0 * 29) % 13) - 6 }
      var z = v
      outer.applyStateAdjoint(v, into: &z)
      var x = Vector<Double>.zeros(map.stateCount)
      oracle.addStateAdjoint(batch, z, scale: 1, to: &x)
      var expected = x
      linearization.state.applyAdjoint(v, into: &expected)
      #expect(x.distance(to: expected) <= 1e-12 * expected.norm)

      var g = Vector<Double>.zeros(Γ.count)
      oracle.addParametersAdjoint(batch, z, scale: 1, to: &g)
      var expectedG = g
      linearization.parameters.applyAdjoint(v, into: &expectedG)
      #expect(g.distance(to: expectedG) <= 1e-12 * expectedG.norm)
    }
  }
}
