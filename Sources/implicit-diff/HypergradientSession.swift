import CommandSupport
import ImplicitDiff
import LinAlg
import Models

/// One method's hypergradient and its cost.
struct MethodResult {
  var method: String
  var gradient: Vector<Double>
  var report: DerivativeReport<Double>
  /// Median over the repetitions of everything that happens once w is known.
  var seconds: Double
}

/// A problem at its inner solution, ready to be differentiated by any method.
struct HypergradientSession<Loss: SmoothLoss<Double>> {
  var map: PenalizedMap<Loss>
  var objective: HeldOutLoss<Loss>
  var parameters: Vector<Double>
  var state: Vector<Double>
  var solutionGiven: Bool
  var tolerance: Double
  var iterationLimit: Int
  var repetitions: Int

  /// AID linearizes at the solution. ITD iterates from the solution that was given, or from zero as one who solves and
  /// differentiates at once would.
  private func problem(_ method: Method) -> FixedPointProblem<PenalizedMap<Loss>> {
    if method.isITD {
      return FixedPointProblem(map, parameters: parameters, state: solutionGiven ? state : nil)
    }
    return FixedPointProblem(map, parameters: parameters, state: state, stateIsSolution: true)
  }

  func run(_ method: Method) throws -> MethodResult {
    let strategy = method.strategy(for: map, tolerance: tolerance, limit: iterationLimit)
    return try run(strategy, problem(method))
  }

  private func run<S: DifferentiationStrategy<PenalizedMap<Loss>>>(
    _ strategy: S, _ problem: FixedPointProblem<PenalizedMap<Loss>>
  ) throws -> MethodResult {
    let workspace = strategy.makeWorkspace(for: map)
    var gradient = Vector<Double>.zeros(parameters.count)
    var scratch = gradient
    var seconds: [Double] = []
    var report = DerivativeReport<Double>(outcome: .converged, method: strategy.name)
    for _ in 0..<repetitions {
      let start = ContinuousClock.now
      report = try strategy.hypergradient(
        of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
      let d = (ContinuousClock.now - start).components
      seconds.append(Double(d.seconds) + Double(d.attoseconds) * 1e-18)
    }
    return MethodResult(
      method: strategy.name, gradient: gradient, report: report, seconds: seconds.sorted()[seconds.count / 2])
  }

  /// The automatic choice's hypergradient with its error bound, the reference for every other method's.
  func certified() throws -> CertifiedReference {
    let strategy = AID<PenalizedMap<Loss>>(.automatic)
    let workspace = strategy.makeWorkspace(for: map)
    var gradient = Vector<Double>.zeros(parameters.count)
    var scratch = gradient
    let problem = problem(.auto)
    _ = try strategy.hypergradient(of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
    return CertifiedReference(
      gradient: gradient,
      certificate: strategy.certificate(for: problem, objective: objective, workspace: workspace))
  }
}

/// A hypergradient and how far from the exact one it can be.
struct CertifiedReference {
  var gradient: Vector<Double>
  /// Nil where the map is not known to contract.
  var certificate: Certificate<Double>?
}
