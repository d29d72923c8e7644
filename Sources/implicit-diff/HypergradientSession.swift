import ArgumentParser
import CommandSupport
import Datasets
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
  /// The strength of every feature.
  var strengths: Vector<Double>
  /// The group of every feature where groups share strengths.
  var groups: [Int]?
  /// Of the data, where the report is written as JSON.
  var checksum: BackgroundChecksum?
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

  /// By NSID, planned for the accuracy.
  func run(_ options: NSIDOptions) throws -> MethodResult {
    let problem = problem(.auto)
    do {
      let plan = try NSID<PenalizedMap<Loss>>.plan(
        problem, objective: objective, batchSize: options.batch, relativeAccuracy: options.accuracy, seed: options.seed)
      return try run(NSID(plan: plan, seed: options.seed), problem)
    } catch let error as DifferentiationError {
      Console.error("nsid: \(error)")
      throw ExitCode.notConverged
    }
  }

  private func run<S: AdjointStrategy<PenalizedMap<Loss>>>(
    _ strategy: S, _ problem: FixedPointProblem<PenalizedMap<Loss>>
  ) throws -> MethodResult {
    try run(strategy, problem, strategy.makeWorkspace(for: map))
  }

  private func run<S: AdjointStrategy<PenalizedMap<Loss>>>(
    _ strategy: S, _ problem: FixedPointProblem<PenalizedMap<Loss>>, _ workspace: S.Workspace
  ) throws -> MethodResult {
    var gradient = Vector<Double>.zeros(parameters.count)
    var scratch = gradient
    var seconds: [Double] = []
    var report = DerivativeReport<Double>(outcome: .converged, method: strategy.name)
    for _ in 0..<repetitions {
      let clock = Stopwatch()
      report = try strategy.hypergradient(
        of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
      seconds.append(clock.seconds)
    }
    return MethodResult(
      method: strategy.name, gradient: gradient, report: report, seconds: seconds.sorted()[seconds.count / 2])
  }

  /// The method's hypergradient, and the automatic choice's with its error bound, which is the reference for every method's:
  /// the same one where the method is that choice.
  ///
  /// - Parameters:
  ///   - other: the method where it is another than that choice.
  ///   - beforeBound: called when the bound is begun.
  func runCertified(
    _ other: (() throws -> MethodResult)?, beforeBound: () -> Void
  ) throws -> (result: MethodResult, certified: CertifiedReference) {
    let automatic = AID<PenalizedMap<Loss>>(
      .automatic, stopping: other == nil ? .tolerance(tolerance, limit: iterationLimit) : nil)
    let workspace = automatic.makeWorkspace(for: map)
    let problem = problem(.auto)
    let result = try other?() ?? run(automatic, problem, workspace)
    beforeBound()
    let clock = Stopwatch()
    var gradient = result.gradient
    if other != nil {
      var scratch = gradient
      _ = try automatic.hypergradient(
        of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
    }
    var certified = CertifiedReference(gradient: gradient, seconds: 0)
    do throws(NoBound<Double>) {
      certified.certificate = try automatic.certify(problem, objective: objective, workspace: workspace)
      certified.absence = certified.certificate?.absence
    } catch { certified.absence = error }
    certified.seconds = clock.seconds
    return (result, certified)
  }

  /// One evaluation of the objective; the gradient is that of the error bound where there is one.
  func facts(_ certificate: Certificate<Double>?) -> StateFacts {
    let λ = parameters
    let gradient = certificate?.gradient ?? smoothGradient()
    var margin = Double.infinity
    var violation = 0.0
    let (w, slopes, strengths) = (state.span, gradient.span, strengths.span)
    for j in w.indices {
      let (w, slope, strength) = (w[j], slopes[j], strengths[j])
      let excess = w == 0 ? max(0, slope.magnitude - strength) : (slope + (w > 0 ? strength : -strength)).magnitude
      // A NaN is kept: it is no number below any other.
      violation = excess <= violation ? violation : excess
      if w == 0, strength > 0 { margin = min(margin, strength - slope.magnitude) }
    }
    return StateFacts(
      value: objective.value(at: state, parameters: λ), supportSize: state.nonzeroCount, margin: margin,
      violation: violation)
  }

  /// The data's checksum where one is made, and the seconds it was waited for.
  func finishedChecksum() -> (text: String?, seconds: Double) {
    let clock = Stopwatch()
    let text = checksum?.finish().text
    return (text, clock.seconds)
  }

  /// The gradient of the loss and the ridge.
  private func smoothGradient() -> Vector<Double> {
    var gradient = Vector<Double>.zeros(state.count)
    let λ = parameters[segment: parameters.count - map.smooth.parameterCount..<parameters.count]
    map.smooth.gradient(at: state, parameters: λ, into: &gradient)
    return gradient
  }
}

/// What is known of w whatever the method.
struct StateFacts {
  /// The outer objective.
  var value: Double
  var supportSize: Int
  /// The smallest strength − |∇f(w)ⱼ| off the support: how far the support is from growing. Infinity where it holds everything.
  var margin: Double
  /// The largest distance of 0 from an entry of the inner objective's subdifferential: 0 at its minimum.
  var violation: Double
}

/// A hypergradient and how far from the exact one it can be.
struct CertifiedReference {
  var gradient: Vector<Double>
  /// Nil where nothing is known of the exact solution.
  var certificate: Certificate<Double>?
  /// Why there is no bound on the hypergradient.
  var absence: NoBound<Double>?
  /// What the bound took, with the hypergradient where that had to be computed for it.
  var seconds: Double
}
