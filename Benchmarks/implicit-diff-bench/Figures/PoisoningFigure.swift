import CommandSupport
import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import RandomStreams

/// MNIST digits as figure C takes them: pixels in [−1, 1], shuffled, half to train on and half held out.
struct Digits: Sendable {
  let features: Matrix<Double>
  let labels: [Int]

  /// Reads `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (.gz or not) from a folder.
  init(folder: String) throws(DatasetError) {
    let (X, y) = try IDX.labelled(
      features: Self.find("train-images-idx3-ubyte", folder), labels: Self.find("train-labels-idx1-ubyte", folder),
      as: Double.self, scaledTo: -1...1)
    if let bad = y.firstIndex(where: { $0 > 9 }) {
      throw .invalid(
        path: Self.find("train-labels-idx1-ubyte", folder),
        reason: "label \(y[bad]) at item \(bad); expected digits, 0 to 9")
    }
    // Half of them train, in minibatches of 300.
    guard y.count >= 2 * PoisoningFigure.batchSize else {
      throw .invalid(
        path: Self.find("train-labels-idx1-ubyte", folder),
        reason: "\(y.count) digits; figure C needs at least \(2 * PoisoningFigure.batchSize)")
    }
    features = X
    labels = y
  }

  private static func find(_ name: String, _ folder: String) -> String {
    let plain = "\(folder)/\(name)"
    let zipped = plain + ".gz"
    return !FileManager.default.fileExists(atPath: plain) && FileManager.default.fileExists(atPath: zipped)
      ? zipped : plain
  }
}

/// Figure C: the hypergradient of an attack's objective with respect to the shift of 30 % of the training rows.
struct PoisoningFigure {
  typealias Map = PoisoningMap<Double>
  static let batchSize = 300

  let settings: FigureSettings
  let rule: StepRule
  let digits: Digits
  let points: Int
  let innerIterations: Int
  let epochs: Int

  init(seed: Int, rule: StepRule, scale: String, digits: Digits) {
    self.rule = rule
    self.digits = digits
    points = scale == "quick" ? 6 : 20
    innerIterations = 999
    epochs = 200
    settings = FigureSettings(
      figure: "c", panel: "poisoning", seed: seed, scale: scale,
      numbers: [
        "lambda1": 0.02, "lambda2": 0.1, "points": Double(points), "batch": Double(Self.batchSize),
        "inner_iterations": Double(innerIterations), "epochs": Double(epochs), "poisoned_share": 0.3,
        "digits": Double(digits.labels.count),
      ], words: ["steps": rule.rawValue])
  }

  func run(_ progress: (Double) -> Void) throws -> FigureFile {
    let setup = try PoisoningSetup(digits, seed: settings.seed)
    let (map, Γ, objective) = (setup.map, setup.shift, setup.objective)
    let n = map.sampleCount
    let q = setup.q
    let last = FixedPointSolver<Double>(stopping: .iterations(innerIterations)).solve(map, parameters: Γ)
    progress(0.2)
    let solution = try FixedPointSolver<Double>(stopping: .tolerance(1e-12), acceleration: .anderson(memory: 10)).solve(
      map, parameters: Γ, from: last.estimate
    ).get()
    let exact = try AID<Map>(.conjugateGradient).hypergradient(
      of: objective, FixedPointProblem(map, parameters: Γ, state: solution, stateIsSolution: true)
    ).get()
    let problem = FixedPointProblem(map, parameters: Γ, state: last.estimate)
    // What AID-FP tends to: the linear system solved exactly at an iterate that is not the solution.
    let floor = try AID<Map>(.conjugateGradient).hypergradient(of: objective, problem).estimate
    func error(_ g: Vector<Double>) -> Double? { finite(g.distance(to: exact) / exact.norm) }

    let βopt = 2 / (1 - q * q)
    // The noise of a batch of this size is below the signal on the support: γ = 2β as in figure B.
    let decreasing: StepSizes<Double> =
      rule == .theory ? .decreasing(β: βopt, γ: 2 * βopt) : .decreasing(β: 2 * βopt, γ: 0.001 * βopt)
    let constant: StepSizes<Double> = rule == .theory ? .constant(0.25) : .constant(2000)

    let grid = evaluationGrid(epochs, points).filter { $0 > 0 }
    var fixedPoint = Curve(name: "AID-FP", k: [0] + grid, x: [0] + grid.map(Double.init), error: [1])
    for (step, k) in grid.enumerated() {
      progress(0.3 + 0.1 * Double(step) / Double(grid.count))
      fixedPoint.error.append(
        error(try AID<Map>(.fixedPoint, stopping: .iterations(k)).hypergradient(of: objective, problem).estimate))
    }
    var curves = [fixedPoint]
    let perEpoch = Double(n) / Double(Self.batchSize)
    let stochasticGrid = grid.map { Int((Double($0) * perEpoch / 1.05).rounded()) }
    for (index, kind) in [("NSID decreasing", decreasing), ("NSID constant", constant)].enumerated() {
      var curve = Curve(name: kind.0, k: stochasticGrid, x: [], error: [])
      for (step, k) in stochasticGrid.enumerated() {
        progress(0.4 + 0.3 * (Double(index) + Double(step) / Double(grid.count)))
        let J = (k + 1 + 19) / 20
        curve.x.append(Double(k + J) / perEpoch)
        let got = try NSID<Map>(
          iterations: k, innerBatches: J, batchSize: Self.batchSize, steps: kind.1, sampling: .reshuffledEpochs,
          seed: UInt64(settings.seed) << 32 | UInt64(k), forced: true
        ).hypergradient(of: objective, problem)
        curve.error.append(got.report.outcome == .notFinite() ? nil : error(got.estimate))
      }
      curves.append(curve)
    }
    return FigureFile(
      settings: settings,
      facts: [
        "q": [q], "step": [map.stepSize(parameters: .zeros(map.parameterCount))], "train": [Double(n)],
        "support": [Double(solution.nonzeroCount)],
        "support_at_the_state": [Double(last.estimate.nonzeroCount)],
        "identified_at_the_state": [last.estimate.signPattern == solution.signPattern ? 1 : 0],
        "floor_of_AID": [floor.distance(to: exact) / exact.norm],
        "hypergradient_norm": [exact.norm], "accuracy": [objective.accuracy(at: solution)],
        "decreasing_first_step": [decreasing.step(0)], "constant_step": [constant.step(0)],
      ], curves: curves)
  }
}

/// The attack's problem for one seed: split, poisoned rows, shift and step.
struct PoisoningSetup {
  let map: PoisoningMap<Double>
  let shift: Vector<Double>
  let objective: HeldOutCrossEntropy<Double>
  /// The factor that the step is chosen for.
  let q: Double

  init(_ digits: Digits, seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), stream: 7)
    var order = Array(0..<digits.labels.count)
    random.shuffle(&order)
    let half = order.count / 2
    func rows(_ indices: ArraySlice<Int>) -> (Matrix<Double>, [Int]) {
      var X = Matrix<Double>.zeros(indices.count, digits.features.columns, layout: .rowMajor)
      X.gatherRows(Array(indices), from: digits.features.with(layout: .rowMajor))
      return (X, indices.map { digits.labels[$0] })
    }
    let (X, y) = rows(order[..<half])
    let (XVal, yVal) = rows(order[half...])
    var candidates = Array(0..<half)
    random.shuffle(&candidates)
    let poisoned = candidates[..<Int(0.3 * Double(half))].sorted()
    shift = Vector(count: poisoned.count * X.columns) { _ in 0.1 * random.nextUniform() }
    // The published step: the eigenvalues of XᵀX/n divided by ten, the softmax's curvature being about a tenth.
    let spectrum = ExtremalEigenvalues.ofGram(X, scale: 1 / Double(half))
    let (L, μ) = (spectrum.largest / 10, spectrum.smallest / 10)
    let s = 2 / (L + μ + 0.2)
    q = max(abs(1 - s * (L + 0.1)), abs(1 - s * (μ + 0.1)))
    map = PoisoningMap(
      features: X, labels: y, classCount: 10, poisoned: poisoned, λ1: 0.02, λ2: 0.1, step: s)
    objective = HeldOutCrossEntropy(features: XVal, labels: yVal, classCount: 10, negated: true)
  }
}
