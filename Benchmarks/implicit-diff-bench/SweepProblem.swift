import Datasets
import ImplicitDiff
import LinAlg
import Models

/// One size of the sweep: data, strengths and the inner solution.
struct SweepProblem {
  let name: String
  let map: ElasticNetMap<Double>
  let objective: HeldOutSquaredError<Double>
  let parameters: Vector<Double>
  let validationSamples: Int
  let innerTolerance = 1e-12

  /// Gaussian features, some tens of informative ones; λ1 a tenth of the value that empties the support, λ2 = 0.01.
  init(samples n: Int, features p: Int) {
    let draw = SyntheticRegression<Double>(
      rows: n + max(1, n / 2), columns: p, informative: min(60, max(5, p / 10)), noise: 0.5, seed: 1)
    let data = HeldOutData(
      trainFeatures: draw.features[rows: 0..<n].packed(as: .columnMajor), trainTargets: draw.targets[segment: 0..<n],
      validationFeatures: draw.features[rows: n..<draw.features.rows].packed(as: .columnMajor),
      validationTargets: draw.targets[segment: n..<draw.targets.count])
    let correlation = data.trainFeatures.transposed * data.trainTargets
    self.init(
      name: "\(n) × \(p)", data: data, parameters: [0.1 * correlation.maxNorm / Double(n), 0.01])
  }

  /// The diabetes data of scikit-learn, from a folder such as Tests/Reference/elastic-net-diabetes.
  static func diabetes(_ folder: String) throws -> SweepProblem {
    SweepProblem(name: "diabetes", data: try HeldOutData(directory: folder), parameters: [2, 0.1])
  }

  private init(name: String, data: HeldOutData<Double>, parameters: Vector<Double>) {
    self.name = name
    map = ElasticNetMap(features: data.trainFeatures, targets: data.trainTargets)
    objective = HeldOutSquaredError(features: data.validationFeatures, targets: data.validationTargets)
    self.parameters = parameters
    validationSamples = data.validationTargets.count
  }

  func solve(_ progress: @escaping (Int, Double) -> Void) throws -> Vector<Double> {
    try FixedPointSolver<Double>(stopping: .tolerance(innerTolerance), acceleration: .anderson(memory: 10)).solve(
      map, parameters: parameters, progress: progress
    ).get()
  }
}
