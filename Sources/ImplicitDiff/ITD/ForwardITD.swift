public import LinAlg

/// Iterative differentiation, forward: tangents are carried along the iterations `w_{s+1} = Φ(w_s, λ)` that start at the problem's state,
/// `X_{s+1} = A1(w_s) X_s + A2(w_s) M`.
///
/// For `jvp` and whole Jacobians; a hypergradient costs m tangents. ``ReverseITD`` differentiates the same iterations by adjoints.
///
/// Source: Grazzi, Pontil, Salzo, arXiv:2403.11687, section 3.
public struct ForwardITD<Map: FixedPointMap>: DifferentiationStrategy {
  public typealias Element = Map.Element

  /// How many iterations are differentiated: as many as it takes for the derivative to settle to the tolerance, at most 1,000,000 by
  /// default, or exactly so many.
  public var stopping: Stopping<Element>

  public init(stopping: Stopping<Element>? = nil) {
    self.stopping = stopping ?? .tolerance(AID<Map>.defaultTolerance)
  }

  public var name: String { "itd-forward" }

  public func makeWorkspace(for map: Map) -> ITDWorkspace<Map> { ITDWorkspace(map) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, workspace: ITDWorkspace<Map>,
    cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try stopping.check()
    if let refusal = Outcome(refusing: problem) {
      result.fill(.nan)
      return DerivativeReport(outcome: refusal, method: name)
    }
    workspace.adopt(problem.map)
    let m = problem.map.parameterCount
    var X = Matrix<Element>.zeros(problem.map.stateCount, m)
    var report = tangents(problem, .identity(m), into: &X, workspace)
    cotangent(workspace.w, nil, &workspace.α)
    result.assignProduct(X.transposed, workspace.α)
    if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
    report.seconds = clock.secondsSince()
    return report
  }

  public func jvp(
    _ problem: FixedPointProblem<Map>, directions M: Matrix<Element>, into result: inout Matrix<Element>,
    workspace: ITDWorkspace<Map>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try stopping.check()
    if let refusal = Outcome(refusing: problem) {
      result.fill(.nan)
      return DerivativeReport(outcome: refusal, method: name)
    }
    workspace.adopt(problem.map)
    var report = tangents(problem, M.with(layout: .columnMajor), into: &result, workspace)
    if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
    report.seconds = clock.secondsSince()
    return report
  }
}
