import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models

/// ITD against AID, both after t iterations, at w_t: the paper's toy figure and its figure A.
struct DeterministicFigure {
  typealias Map = ElasticNetMap<Double>

  let settings: FigureSettings
  let problem: PaperRegression
  let λ: Vector<Double>
  let iterations: Int
  let points: Int

  init(
    figure: String, panel: String, problem: PaperRegression, seed: Int, λ: Vector<Double>, iterations: Int,
    scale: String
  ) {
    self.problem = problem
    self.λ = λ
    self.iterations = iterations
    points = scale == "quick" ? 50 : 200
    settings = FigureSettings(
      figure: figure, panel: panel, seed: seed, scale: scale,
      numbers: [
        "lambda1": λ[0], "lambda2": λ[1], "iterations": Double(iterations), "points": Double(points),
        "train": Double(problem.trainCount), "validation": Double(problem.validationCount),
        "features": Double(problem.features),
      ], words: [:])
  }

  func run(_ progress: (Double) -> Void) throws -> FigureFile {
    let data: HeldOutData<Double> = try problem.draw(seed: UInt32(settings.seed)).data
    let map = Map(features: data.trainFeatures, targets: data.trainTargets)
    let objective = HeldOutSquaredError(features: data.validationFeatures, targets: data.validationTargets)
    let w = try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
    let exactProblem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let exact = try AID<Map>(.direct).hypergradient(of: objective, exactProblem).get()
    let plain = FixedPointSolver<Double>(stopping: .iterations(iterations), keepsIterates: true).solve(
      map, parameters: λ)

    let grid = evaluationGrid(iterations, points)
    let itd = try iterativeCurve(map, objective, exact)
    var curves = [itd]
    var fixedPoint = Curve(name: "AID-FP", k: grid, x: grid.map(Double.init), error: [])
    var symmetric = Curve(name: "AID-CG, symmetric form", k: grid, x: grid.map(Double.init), error: [])
    var authors = Curve(name: "AID-CG as the authors ran it", k: grid, x: grid.map(Double.init), error: [])
    let single = SinglePrecision(data, λ)
    for (index, t) in grid.enumerated() {
      progress(Double(index) / Double(grid.count))
      let problem = FixedPointProblem(map, parameters: λ, state: plain.iterates[t])
      fixedPoint.error.append(try error(AID<Map>(.fixedPoint, stopping: .iterations(t)), problem, objective, exact))
      symmetric.error.append(
        try error(
          AID<Map>(.conjugateGradient, stopping: .iterations(t), preconditions: false), problem, objective, exact))
      authors.error.append(single.error(at: plain.iterates[t], steps: t, exact))
    }
    curves += [fixedPoint, authors, symmetric]
    return FigureFile(settings: settings, facts: try facts(map, w, exact), curves: curves)
  }

  private func error(
    _ strategy: AID<Map>, _ problem: FixedPointProblem<Map>, _ objective: HeldOutSquaredError<Double>,
    _ exact: Vector<Double>
  ) throws -> Double? {
    if case .iterations(0) = strategy.stopping { return 1 }  // v = 0: the error of the answer 0
    let got = try strategy.hypergradient(of: objective, problem).estimate
    return finite(got.distance(to: exact) / exact.norm)
  }

  /// ITD at every t of the grid from one run of the tangents.
  private func iterativeCurve(
    _ map: Map, _ objective: HeldOutSquaredError<Double>, _ exact: Vector<Double>
  ) throws -> Curve {
    let grid = evaluationGrid(iterations, points)
    let tangents = TangentTrajectory(map, parameters: λ)
    var curve = Curve(name: "ITD", k: grid, x: grid.map(Double.init), error: [])
    var y = Vector<Double>.zeros(map.stateCount)
    var scratch = Vector<Double>.zeros(2)
    for t in grid {
      tangents.advance(to: t)
      objective.gradient(at: tangents.state, parameters: λ, support: nil, state: &y, parameters: &scratch)
      curve.error.append(finite((tangents.tangents.transposed * y).distance(to: exact) / exact.norm))
    }
    return curve
  }

  private func facts(_ map: Map, _ w: Vector<Double>, _ exact: Vector<Double>) throws -> [String: [Double]] {
    let long = FixedPointSolver<Double>(stopping: .tolerance(1e-13)).solve(map, parameters: λ)
    let linearization = map.makeLinearization()
    map.linearize(atSolution: w, parameters: λ, into: linearization)
    let S = linearization.proximal.active
    var H = Matrix<Double>.zeros(S.count, S.count)
    linearization.hessian.assemble(on: S, into: &H)
    let h = try SymmetricEigen.eigenvalues(of: H)
    let s = map.stepSize(parameters: λ)
    // With fewer rows than the support has columns, y and the tangents stay (nearly) in the range of X_Sᵀ, where the
    // Hessian is above λ₂: the slope that is seen is this range's.
    let onRange = h.filter { $0 > λ[1] * (1 + 1e-8) }
    return [
      "L": [map.smooth.loss.spectrum.largest], "mu": [map.smooth.loss.spectrum.smallest], "step": [s],
      "q": [map.contractionBound(parameters: λ)!],
      "q_S": [max(abs(1 - s * h[0]), abs(1 - s * h[h.count - 1]))],
      "q_range": [onRange.reduce(0) { max($0, abs(1 - s * $1)) }],
      "support": [Double(w.nonzeroCount)], "identified": [Double(long.identification.stableStep)],
      "hypergradient": Array(exact),
    ]
  }
}

/// About `points` steps from 0 to `last`, the ends included.
func evaluationGrid(_ last: Int, _ points: Int) -> [Int] {
  var grid = (0...points).map { Int((Double(last) * Double($0) / Double(points)).rounded()) }
  grid = grid.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  return grid
}

func finite(_ x: Double) -> Double? { x.isFinite ? x : nil }

/// w_t and X_t = w_t'(λ), advanced together.
private final class TangentTrajectory {
  private let map: ElasticNetMap<Double>
  private let λ: Vector<Double>
  private let linearization: ElasticNetMap<Double>.Linearization
  private var next: Vector<Double>
  private var image: Matrix<Double>
  private var columns: Matrix<Double>
  private let directions = Matrix<Double>.identity(2)
  private var t = 0
  private(set) var state: Vector<Double>
  private(set) var tangents: Matrix<Double>

  init(_ map: ElasticNetMap<Double>, parameters λ: Vector<Double>) {
    self.map = map
    self.λ = λ
    linearization = map.makeLinearization()
    next = .zeros(map.stateCount)
    state = .zeros(map.stateCount)
    tangents = .zeros(map.stateCount, 2)
    image = .zeros(map.stateCount, 2)
    columns = .zeros(map.stateCount, 2)
  }

  func advance(to target: Int) {
    while t < target {
      map.linearize(at: state, parameters: λ, into: linearization, value: &next)
      linearization.state.apply(block: tangents, into: &image)
      linearization.parameters.apply(block: directions, into: &columns)
      image.combine(1, columns, 1)
      swap(&tangents, &image)
      swap(&state, &next)
      t += 1
    }
  }
}

/// The problem in Float, for the curve that the authors' code draws.
private struct SinglePrecision {
  let map: ElasticNetMap<Float>
  let objective: HeldOutSquaredError<Float>
  let λ: Vector<Float>

  init(_ data: HeldOutData<Double>, _ λ: Vector<Double>) {
    map = ElasticNetMap(
      features: Matrix(converting: data.trainFeatures), targets: Vector(converting: data.trainTargets))
    objective = HeldOutSquaredError(
      features: Matrix(converting: data.validationFeatures), targets: Vector(converting: data.validationTargets))
    self.λ = Vector(converting: λ)
  }

  func error(at state: Vector<Double>, steps: Int, _ exact: Vector<Double>) -> Double? {
    let w = Vector<Float>(converting: state)
    let linearization = map.makeLinearization()
    var value = w
    map.linearize(at: w, parameters: λ, into: linearization, value: &value)
    var y = Vector<Float>.zeros(w.count)
    var scratch = Vector<Float>.zeros(2)
    objective.gradient(at: w, parameters: λ, support: nil, state: &y, parameters: &scratch)
    let v = AuthorsConjugateGradient(linearization: linearization).solve(y, limit: steps)
    linearization.parameters.applyAdjoint(v, into: &scratch)
    return finite(Vector<Double>(converting: scratch).distance(to: exact) / exact.norm)
  }
}
