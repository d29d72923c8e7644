import CommandSupport
import ImplicitDiff
import LinAlg
import Models

/// Every method on one problem at its inner solution.
struct MethodSweep {
  let problem: SweepProblem
  let solution: Vector<Double>
  let bandwidth: MemoryBandwidth
  /// Seconds a cell may take beyond its first runs.
  let budget: Double

  func run(_ announce: (String) -> Void) throws -> [SweepRow] {
    let exact = try measure(.aidDirect, limit: 1, against: nil).gradient
    let productSeconds = Timing(budget: 0.01, most: 20) {
      _ = problem.map.residual(at: solution, parameters: problem.parameters)
    }.median
    // A method that would need longer than this shows that it did not finish instead of holding up the table.
    let limit = max(50, Int(40 * budget / productSeconds))
    // The automatic choice goes last, so that it finds the Gram matrix in the state that the fixed methods left it in.
    return try (Method.allCases.filter { $0 != .auto } + [.auto]).map { method in
      announce(method.rawValue)
      return try measure(method, limit: limit, against: exact).row
    }
  }

  private func measure(
    _ method: Method, limit: Int, against exact: Vector<Double>?
  ) throws -> (gradient: Vector<Double>, row: SweepRow) {
    let strategy = method.strategy(for: problem.map, tolerance: 1e-10, limit: limit)
    return try measure(strategy, against: exact, method)
  }

  private func measure<S: AdjointStrategy<ElasticNetMap<Double>>>(
    _ strategy: S, against exact: Vector<Double>?, _ method: Method
  ) throws -> (gradient: Vector<Double>, row: SweepRow) {
    let here = FixedPointProblem(
      problem.map, parameters: problem.parameters, state: solution, stateIsSolution: !method.isITD)
    let workspace = strategy.makeWorkspace(for: problem.map)
    var gradient = Vector<Double>.zeros(2)
    var scratch = gradient
    var report = DerivativeReport<Double>(outcome: .converged, method: strategy.name)
    let timing = try Timing(budget: budget) {
      report = try strategy.hypergradient(
        of: problem.objective, here, into: &gradient, scratch: &scratch, workspace: workspace)
    }
    let support = solution.nonzeroCount
    let rate = matrixBytes(method, report, support) / timing.median
    let row = SweepRow(
      problem: problem.name, samples: problem.map.smooth.loss.sampleCount,
      features: problem.map.smooth.loss.featureCount,
      support: support, method: method.rawValue, iterations: report.iterations, products: report.products,
      error: exact.map { gradient.distance(to: $0) / $0.norm } ?? 0, milliseconds: timing.median * 1e3,
      spreadMilliseconds: timing.spread * 1e3, runs: timing.runs, gigabytesPerSecond: rate * 1e-9,
      bandwidthShare: rate / bandwidth.bytesPerSecond, outcome: report.outcome.word)
    return (gradient, row)
  }

  /// The bytes of matrix data that the method reads: the outer gradient's, and its products'.
  private func matrixBytes(_ method: Method, _ report: DerivativeReport<Double>, _ support: Int) -> Double {
    let word = 8.0
    let n = Double(problem.map.smooth.loss.sampleCount)
    let p = Double(problem.map.smooth.loss.featureCount)
    let m = Double(problem.validationSamples)
    let s = Double(support)
    let products = Double(report.products)
    let outer = 2 * word * m * (4 * s < p ? s : p)
    let supportColumns = problem.map.smooth.loss.usesGramMatrix ? word * s * s : word * n * s
    switch method {
    case .auto, .aidDirect: return outer + supportColumns
    case .aidCG, .aidMINRES: return outer + word * n * s * (1 + 2 * products)
    case .aidFP, .aidGMRES, .aidBiCGSTAB, .itdForward, .itdReverse:
      // A symmetric product reads one triangle; a product through the features reads them twice. ITD reads as much again
      // for each evaluation of the map.
      let product = problem.map.smooth.loss.usesGramMatrix ? word * p * p / 2 : 2 * word * n * p
      return outer + product * products * (method.isITD ? 2 : 1)
    }
  }
}
