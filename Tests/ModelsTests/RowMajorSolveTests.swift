import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import TestSupport
import Testing

/// Problems on a design by rows have the solutions and the hypergradients of the same numbers by columns.
@Suite struct RowMajorSolveTests {
  private static func data(_ n: Int, _ p: Int) -> (X: Matrix<Double>, y: Vector<Double>) {
    var random = RandomStream(seed: 11)
    // Rounded to single precision, so that both storages hold the same numbers.
    let X = Matrix<Double>(rows: n, columns: p, layout: .rowMajor) { _, _ in Double(Float(random.nextNormal())) }
    let y = Vector<Double>(count: n) { i in X[i, 0] - 2 * X[i, p / 2] + X[i, p - 1] + 0.5 * random.nextNormal() }
    return (X, y)
  }

  private static func hypergradient<Loss: SmoothLoss<Double>>(
    _: Loss.Type, _ X: any DesignMatrix<Double>, _ V: any DesignMatrix<Double>, _ y: Vector<Double>,
    _ z: Vector<Double>, _ λ: Vector<Double>, _ solver: AID<PenalizedMap<Loss>>.Solver
  ) throws -> (w: Vector<Double>, gradient: Vector<Double>, bound: Double?) {
    let map = PenalizedMap(loss: Loss(features: X, targets: y), strengths: .single, step: .optimal)
    let solution = map.solve(at: λ, from: nil, iterationLimit: 100_000) { _ in }
    #expect(solution.outcome == .converged)
    let problem = FixedPointProblem(map, parameters: λ, state: solution.state, stateIsSolution: true)
    let strategy = AID<PenalizedMap<Loss>>(solver)
    let objective = HeldOutLoss<Loss>(features: V, targets: z)
    let workspace = strategy.makeWorkspace(for: map)
    var gradient = Vector<Double>.zeros(2)
    var scratch = gradient
    let report = try strategy.hypergradient(
      of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
    #expect(report.outcome == .converged)
    let certificate = try? strategy.certify(problem, objective: objective, workspace: workspace)
    return (solution.state, gradient, certificate?.hypergradientErrorBound)
  }

  private func compare<Loss: SmoothLoss<Double>>(
    _ loss: Loss.Type, _ n: Int, _ p: Int, _ λ: Vector<Double>, classifies: Bool,
    _ solver: AID<PenalizedMap<Loss>>.Solver
  ) throws {
    let (X, t) = Self.data(n, p)
    let y = classifies ? Vector(count: n) { t[$0] > 0 ? 1 : -1 } : t
    let m = n / 2
    let (V, z) = (X[rows: 0..<m].packed(as: .rowMajor), y[segment: 0..<m])
    let expected = try Self.hypergradient(loss, DenseDesign(X), DenseDesign(V), y, z, λ, solver)
    for (train, held) in [
      (RowMajorDesign(X), RowMajorDesign(V)),
      (
        RowMajorDesign(single: Matrix<Float>(converting: X)), RowMajorDesign(single: Matrix<Float>(converting: V))
      ),
    ] {
      let found = try Self.hypergradient(loss, train, held, y, z, λ, solver)
      // Both are solved to rounding, and condition numbers on supports of random columns with these ridges are below 1e3.
      #expect(relativeError(found.w, expected.w) <= 1e-10)
      #expect(relativeError(found.gradient, expected.gradient) <= 1e-10)
      #expect((found.bound == nil) == (expected.bound == nil))
    }
  }

  @Test(arguments: [(200, 700, 0.3, 0.01), (500, 60, 0.05, 0.001), (60, 300, 0.02, 0.1)])
  func quadratic(_ n: Int, _ p: Int, _ λ1: Double, _ λ2: Double) throws {
    try compare(QuadraticLoss<Double>.self, n, p, [λ1, λ2], classifies: false, .automatic)
    try compare(QuadraticLoss<Double>.self, n, p, [λ1, λ2], classifies: false, .conjugateGradient)
  }

  @Test(arguments: [(200, 700, 0.08, 0.01), (500, 60, 0.02, 0.01)])
  func logistic(_ n: Int, _ p: Int, _ λ1: Double, _ λ2: Double) throws {
    try compare(LogisticLoss<Double>.self, n, p, [λ1, λ2], classifies: true, .automatic)
  }
}
