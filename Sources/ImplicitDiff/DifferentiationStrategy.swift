public import LinAlg

/// Writes a cotangent y (p entries) for a state w (p entries). Where a support is given, only those entries of y are
/// read afterwards and the others may be left as they are.
public typealias Cotangent<Element: Scalar> = (
  _ state: Vector<Element>, _ support: IndexSubset?, _ y: inout Vector<Element>
) -> Void

/// A way of differentiating a fixed point by adjoints: products with w'(λ)ᵀ, and so gradients of outer objectives, at a cost that does not
/// depend on the number of parameters.
///
/// The requirement writes into the caller's memory with a workspace that can be used again; the allocating forms below are thin layers
/// on it.
public protocol AdjointStrategy<Map> {
  associatedtype Map: FixedPointMap
  /// Memory for repeated use with one map.
  associatedtype Workspace: AnyObject

  /// The name used in reports and on the command line, for example `aid-cg`.
  var name: String { get }

  func makeWorkspace(for map: Map) -> Workspace

  /// result ← w'(λ)ᵀ y (m entries), where `cotangent` writes y (p entries) for the state it is given: the problem's for
  /// AID, the last iterate for ITD.
  ///
  /// - Throws: ``DifferentiationError`` where the strategy does not apply to the map. A computation that does not reach
  ///   its accuracy is not thrown but stands in the report.
  func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Map.Element>, workspace: Workspace,
    cotangent: Cotangent<Map.Element>
  ) throws(DifferentiationError) -> DerivativeReport<Map.Element>
}

/// A way of differentiating a fixed point by tangents: products with w'(λ), and so whole Jacobians.
public protocol TangentStrategy<Map> {
  associatedtype Map: FixedPointMap
  /// Memory for repeated use with one map.
  associatedtype Workspace: AnyObject

  var name: String { get }

  func makeWorkspace(for map: Map) -> Workspace

  /// result ← w'(λ) M (p × k, column-major) for k directions, the columns of M (m × k; a row-major one is copied).
  ///
  /// - Throws: as ``AdjointStrategy/vjp(_:into:workspace:cotangent:)``.
  func jvp(
    _ problem: FixedPointProblem<Map>, directions M: Matrix<Map.Element>, into result: inout Matrix<Map.Element>,
    workspace: Workspace
  ) throws(DifferentiationError) -> DerivativeReport<Map.Element>
}

/// One way of differentiating a fixed point in both directions: a value such as `AID(.conjugateGradient)` or `ForwardITD()`. Switching
/// the method changes one value. ``ReverseITD`` and the stochastic strategies know adjoints only, so that asking tangents of them does
/// not compile.
public protocol DifferentiationStrategy<Map>: AdjointStrategy, TangentStrategy {}

// MARK: - Allocating forms

extension AdjointStrategy {
  /// w'(λ)ᵀ y.
  public func vjp(
    _ problem: FixedPointProblem<Map>, cotangent y: Vector<Map.Element>
  ) throws(DifferentiationError) -> Derivative<Vector<Map.Element>, Map.Element> {
    precondition(
      y.count == problem.map.stateCount, "vjp: a cotangent of \(y.count) for \(problem.map.stateCount) unknowns")
    var result = Vector<Map.Element>.zeros(problem.map.parameterCount)
    let report = try vjp(problem, into: &result, workspace: makeWorkspace(for: problem.map)) { $2.copy(from: y) }
    return Derivative(estimate: result, report: report)
  }

  /// gradient ← ∇f(λ) = ∇_λ E + w'(λ)ᵀ ∇_w E (m entries), `scratch` any vector of m entries.
  public func hypergradient(
    of objective: some OuterObjective<Map.Element>, _ problem: FixedPointProblem<Map>,
    into gradient: inout Vector<Map.Element>,
    scratch: inout Vector<Map.Element>, workspace: Workspace
  ) throws(DifferentiationError) -> DerivativeReport<Map.Element> {
    var report = try vjp(problem, into: &gradient, workspace: workspace) { w, support, y in
      objective.gradient(
        at: w, parameters: problem.parameters, support: support, state: &y, parameters: &scratch)
    }
    gradient.add(1, scratch)
    // The direct part may be no number, or the sum overflow.
    if report.outcome.isUsable && gradient.firstNonFinite != nil { report.outcome = .notFinite() }
    return report
  }

  /// ∇f(λ) = ∇_λ E + w'(λ)ᵀ ∇_w E.
  public func hypergradient(
    of objective: some OuterObjective<Map.Element>, _ problem: FixedPointProblem<Map>
  ) throws(DifferentiationError) -> Derivative<Vector<Map.Element>, Map.Element> {
    var gradient = Vector<Map.Element>.zeros(problem.map.parameterCount)
    var scratch = gradient
    let report = try hypergradient(
      of: objective, problem, into: &gradient, scratch: &scratch, workspace: makeWorkspace(for: problem.map))
    return Derivative(estimate: gradient, report: report)
  }
}

extension TangentStrategy {
  /// w'(λ) μ.
  public func jvp(
    _ problem: FixedPointProblem<Map>, direction μ: Vector<Map.Element>
  ) throws(DifferentiationError) -> Derivative<Vector<Map.Element>, Map.Element> {
    var M = Matrix<Map.Element>.zeros(μ.count, 1)
    M.setColumn(0, μ)
    var X = Matrix<Map.Element>.zeros(problem.map.stateCount, 1)
    let report = try jvp(problem, directions: M, into: &X, workspace: makeWorkspace(for: problem.map))
    return Derivative(estimate: X.column(0), report: report)
  }

  /// The whole Jacobian w'(λ), p × m: one block of m tangents.
  public func jacobian(
    _ problem: FixedPointProblem<Map>
  ) throws(DifferentiationError) -> Derivative<Matrix<Map.Element>, Map.Element> {
    var X = Matrix<Map.Element>.zeros(problem.map.stateCount, problem.map.parameterCount)
    let report = try jvp(
      problem, directions: .identity(problem.map.parameterCount), into: &X, workspace: makeWorkspace(for: problem.map))
    return Derivative(estimate: X, report: report)
  }
}
