public import LinAlg

/// Approximate implicit differentiation: linearize Φ once at a state near the solution and solve the linear system of the
/// implicit function theorem, `(I − A1ᵀ) v = y`, `w'(λ)ᵀ y = A2ᵀ v`.
///
/// Source: Grazzi, Pontil, Salzo, arXiv:2403.11687, section 3; the symmetric form on the support is derived in
/// docs/Theory.md.
public struct AID<Map: FixedPointMap>: DifferentiationStrategy {
  public typealias Element = Map.Element

  /// What solves the linear system.
  public enum Solver: Sendable, Equatable {
    /// Chosen by structure and size, from the table in `AdjointSolverChoice`.
    case automatic
    /// v ← A1ᵀ v + y; needs only a contraction.
    case fixedPoint
    /// Conjugate gradient on the symmetric form; refused where the map declares none.
    case conjugateGradient
    /// MINRES on the symmetric form; refused where the map declares none.
    case minres
    /// GMRES on the full, nonsymmetric system, any A1.
    case gmres(restart: Int = 50)
    /// BiCGSTAB on the full, nonsymmetric system, any A1.
    case bicgstab
    /// Cholesky on the support where the map declares a proximal-gradient step: of the samples' matrix where that is smaller
    /// (Woodbury), and of a large one in single precision with refinement by products. LU of I − A1ᵀ otherwise.
    case direct
    /// A solver of the caller's own.
    case custom(AdjointSolver<Map.Element>)

    var name: String {
      switch self {
      case .automatic: "auto"
      case .fixedPoint: "aid-fp"
      case .conjugateGradient: "aid-cg"
      case .minres: "aid-minres"
      case .gmres: "aid-gmres"
      case .bicgstab: "aid-bicgstab"
      case .direct: "aid-direct"
      case .custom(let solver): solver.name
      }
    }

    var isCustom: Bool {
      if case .custom = self { return true }
      return false
    }

    /// Whether it iterates on the full system I − A1ᵀ, and not on the symmetric form or by a factorization.
    var solvesFullSystem: Bool {
      switch self {
      case .fixedPoint, .gmres, .bicgstab: true
      case .custom(let own): own.system == .general
      case .automatic, .conjugateGradient, .minres, .direct: false
      }
    }
  }

  public var solver: Solver
  /// When an iterative solver stops: at a residual of at most the tolerance times the right-hand side, both over the coordinates that the
  /// answer depends on, and the fixed-point iteration at an estimated error of at most the tolerance times ‖v‖. The limit is by
  /// default max(100, 10 n) iterations for n unknowns, of the fixed-point iteration 1,000,000.
  public var stopping: Stopping<Element>
  /// Whether conjugate gradient, MINRES and solvers of the caller's own are preconditioned where the problem offers something to do it
  /// with: the diagonal, or an incomplete factorization of a sparse Hessian. Published curves are those without.
  public var preconditions: Bool
  /// Whether a workspace's last adjoint is the first guess of the next solve: worth it when λ moves little.
  public var warmStarts: Bool

  public init(
    _ solver: Solver = .automatic, stopping: Stopping<Element>? = nil, preconditions: Bool = true,
    warmStarts: Bool = false
  ) {
    self.solver = solver
    self.preconditions = preconditions
    self.stopping = stopping ?? .tolerance(Self.defaultTolerance)
    self.warmStarts = warmStarts
  }

  /// ε^{3/4}: 1.8e-12 in Double, 6.4e-6 in Float. Two orders above the rounding floor ε √p of a residual over 10⁴ unknowns,
  /// and with a condition number of 10³ still an error of 1e-9 in Double.
  public static var defaultTolerance: Map.Element {
    let root = Map.Element.ulpOfOne.squareRoot()
    return root * root.squareRoot()
  }

  public var name: String { solver.name }

  public func makeWorkspace(for map: Map) -> AIDWorkspace<Map> { AIDWorkspace(map) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, workspace: AIDWorkspace<Map>,
    cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try stopping.check()
    var report: DerivativeReport<Element>
    var linearizingSeconds = 0.0
    switch start(problem, workspace) {
    case .refused(let outcome):
      result.fill(.nan)
      report = DerivativeReport(outcome: outcome, method: name)
    case .linearized(let innerResidual):
      let support = neededSupport(workspace.linearization)
      cotangent(problem.state, support, &workspace.y)
      let scale = workspace.y.takeScale(on: support)
      if scale != 1 { workspace.adjoint.scale(by: 1 / scale) }
      linearizingSeconds = clock.secondsSince()
      report = try solveAdjoint(workspace)
      if scale != 1 {
        workspace.adjoint.scale(by: scale)
        report.residual = report.residual.map { $0 * scale }
      }
      workspace.linearization.parameters.applyAdjoint(workspace.adjoint, into: &result)
      if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
      report.innerResidual = innerResidual
    }
    report.seconds = clock.secondsSince()
    report.linearizingSeconds = linearizingSeconds
    return report
  }

  /// The entries of y that the chosen solver reads: on a symmetric system whose answer needs D v alone those of the support,
  /// otherwise all (nil).
  private func neededSupport(_ linearization: Map.Linearization) -> IndexSubset? {
    guard let support = linearization.supportOfAnswer else { return nil }
    return solver.solvesFullSystem ? nil : support
  }

  public func jvp(
    _ problem: FixedPointProblem<Map>, directions M: Matrix<Element>, into result: inout Matrix<Element>,
    workspace: AIDWorkspace<Map>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try stopping.check()
    var report: DerivativeReport<Element>
    var linearizingSeconds = 0.0
    switch start(problem, workspace) {
    case .refused(let outcome):
      result.fill(.nan)
      report = DerivativeReport(outcome: outcome, method: name)
    case .linearized(let innerResidual):
      var rightHandSides = Matrix<Element>.zeros(problem.map.stateCount, M.columns)
      workspace.linearization.parameters.apply(block: M.with(layout: .columnMajor), into: &rightHandSides)
      linearizingSeconds = clock.secondsSince()
      report = try solveTangents(workspace, rightHandSides, into: &result)
      if rightHandSides.firstNonFinite != nil { report.outcome = .notFinite() }
      if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
      report.innerResidual = innerResidual
    }
    report.seconds = clock.secondsSince()
    report.linearizingSeconds = linearizingSeconds
    return report
  }

  private enum Start {
    case refused(Outcome<Element>)
    /// With ‖Φ(w) − w‖ where Φ was evaluated.
    case linearized(innerResidual: Element?)
  }

  /// Linearizes, unless the parameters are outside the map's domain or a number is none.
  ///
  /// A NaN has no sign: a support read off it would be empty, and the derivative there a confident zero.
  private func start(_ problem: FixedPointProblem<Map>, _ workspace: AIDWorkspace<Map>) -> Start {
    if let refusal = Outcome(refusing: problem) { return .refused(refusal) }
    let innerResidual = workspace.linearize(problem, contracting: solver == .fixedPoint)
    if let innerResidual, innerResidual.isNaN || workspace.value.firstNonFinite != nil { return .refused(.notFinite()) }
    if !workspace.linearization.isDefined { return .refused(.notDifferentiable) }
    return .linearized(innerResidual: innerResidual)
  }
}

extension Outcome {
  /// Why a problem cannot be differentiated before anything is computed, or nil.
  init?<Map: FixedPointMap<Element>>(refusing problem: FixedPointProblem<Map>) {
    if let violation = problem.map.violation(parameters: problem.parameters) {
      self = violation.isNotFinite ? .notFinite() : .outsideDomain(violation)
    } else if problem.state.firstNonFinite != nil {
      self = .notFinite()
    } else {
      return nil
    }
  }
}
