public import LinAlg

/// Iterative differentiation: differentiate through the iterations `w_{s+1} = Φ(w_s, λ)` that start at the problem's state.
///
/// Forward: `X_{s+1} = A1(w_s) X_s + A2(w_s) M`, a block of tangents. Reverse: `g += A2(w_s)ᵀ α; α ← A1(w_s)ᵀ α` from the last
/// iterate back, with the iterates kept or recomputed from checkpoints.
///
/// Source: Grazzi, Pontil, Salzo, arXiv:2403.11687, section 3.
public struct ITD<Map: FixedPointMap>: DifferentiationStrategy {
  public typealias Element = Map.Element

  public enum Mode: Sendable, Equatable {
    /// Tangents, for `jvp` and whole Jacobians; a hypergradient costs m tangents.
    case forward
    /// Adjoints, for `vjp`; `truncatedTo` k pulls back through the last k iterations only.
    case reverse(IterateMemory = .checkpoints, truncatedTo: Int? = nil)
  }

  /// What reverse mode remembers of its t iterates.
  public enum IterateMemory: Sendable, Equatable {
    /// Every iterate: t vectors.
    case all
    /// √t checkpoints and a segment of √t iterates recomputed from each: 2√t vectors, one more evaluation per iteration.
    case checkpoints
  }

  public var mode: Mode
  /// How many iterations are differentiated: as many as it takes for the derivative to settle to the tolerance, at most 1,000,000 by
  /// default, or exactly so many.
  public var stopping: Stopping<Element>

  public init(_ mode: Mode, stopping: Stopping<Element>? = nil) {
    self.mode = mode
    self.stopping = stopping ?? .tolerance(AID<Map>.defaultTolerance)
  }

  public var name: String { mode == .forward ? "itd-forward" : "itd-reverse" }

  public func makeWorkspace(for map: Map) -> ITDWorkspace<Map> { ITDWorkspace(map) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, workspace: ITDWorkspace<Map>,
    cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try checkArguments()
    if let refusal = Outcome(refusing: problem) {
      result.fill(.nan)
      return DerivativeReport(outcome: refusal, method: name)
    }
    workspace.adopt(problem.map)
    var report: DerivativeReport<Element>
    switch mode {
    case .forward:
      let m = problem.map.parameterCount
      var X = Matrix<Element>.zeros(problem.map.stateCount, m)
      report = forward(problem, .identity(m), into: &X, workspace)
      cotangent(workspace.w, nil, &workspace.α)
      result.assignProduct(X.transposed, workspace.α)
    case .reverse(let memory, let truncation):
      report = reverse(problem, into: &result, workspace, memory, truncation, cotangent)
    }
    if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
    report.seconds = clock.secondsSince()
    return report
  }

  public func jvp(
    _ problem: FixedPointProblem<Map>, directions M: Matrix<Element>, into result: inout Matrix<Element>,
    workspace: ITDWorkspace<Map>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    guard mode == .forward else { throw .unsupported(strategy: name, what: "a product with w'(λ); use ITD(.forward)") }
    try checkArguments()
    let clock = ContinuousClock.now
    if let refusal = Outcome(refusing: problem) {
      result.fill(.nan)
      return DerivativeReport(outcome: refusal, method: name)
    }
    workspace.adopt(problem.map)
    var report = forward(problem, M.with(layout: .columnMajor), into: &result, workspace)
    if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
    report.seconds = clock.secondsSince()
    return report
  }

  private func checkArguments() throws(DifferentiationError) {
    try stopping.check()
    if case .reverse(_, let truncation?) = mode, truncation < 0 {
      throw .invalidArgument("the number of iterations pulled back through cannot be negative and is \(truncation)")
    }
  }
}

/// Memory for repeated differentiation of one map by ``ITD``. Given a problem with another map it starts anew.
public final class ITDWorkspace<Map: FixedPointMap> {
  public typealias Element = Map.Element
  private var owner: Map
  private(set) var linearization: Map.Linearization
  /// The iterate the last derivative belongs to.
  public internal(set) var w: Vector<Element>
  var next: Vector<Element>
  var α: Vector<Element>
  var scratch: Vector<Element>
  var parameterScratch: Vector<Element>
  var compact = Vector<Element>.zeros(0)

  init(_ map: Map) {
    owner = map
    linearization = map.makeLinearization()
    w = .zeros(map.stateCount)
    next = .zeros(map.stateCount)
    α = .zeros(map.stateCount)
    scratch = .zeros(map.stateCount)
    parameterScratch = .zeros(map.parameterCount)
  }

  /// A linearization belongs to the map that made it: it holds that map's data.
  func adopt(_ map: Map) {
    guard isOther(map, owner) else { return }
    owner = map
    linearization = map.makeLinearization()
    guard map.stateCount != w.count || map.parameterCount != parameterScratch.count else { return }
    w = .zeros(map.stateCount)
    next = .zeros(map.stateCount)
    α = .zeros(map.stateCount)
    scratch = .zeros(map.stateCount)
    parameterScratch = .zeros(map.parameterCount)
  }
}
