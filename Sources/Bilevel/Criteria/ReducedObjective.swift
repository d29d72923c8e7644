public import ImplicitDiff
public import LinAlg

/// E(w(λ), λ) as a function of λ alone: solves for w(λ) from the last solution, and differentiates by ``ImplicitDiff/AID``.
///
/// Cost of an evaluation: the solve, a linear system on the piece, an evaluation of E and of its gradient. Used by one task at a time.
public final class ReducedObjective<Map: FixedPointMap, Objective: OuterObjective<Map.Element>>: Criterion {
  public typealias Element = Map.Element

  public let map: Map
  public let objective: Objective
  private let strategy: AID<Map>
  private let workspace: AIDWorkspace<Map>
  /// The bound on the error of the gradient that was just computed, for maps that have one.
  private let errorBound: (FixedPointProblem<Map>) -> Element?
  /// Entries at the end of w that are never selected nor left out, such as an intercept.
  private let unpenalizedCount: Int
  /// Whether a system that is not positive definite can be but one of columns that depend on each other.
  private let isConvex: Bool
  private var gradient: Vector<Element>
  private var scratch: Vector<Element>
  /// λ at which the last evaluation found a gradient, with w there.
  private(set) var last: (state: Vector<Element>, parameters: Vector<Element>)?
  /// w at the last λ that was solved, p entries.
  public internal(set) var state: Vector<Element>?

  /// For any map; its gradients come without a bound.
  ///
  /// - Parameters:
  ///   - unpenalizedCount: entries at the end of w that do not count as selected, such as an intercept.
  ///   - isConvex: whether w minimizes a convex function. Then where w is not unique there is still a gradient, if E is the same for all of
  ///     them; else such a point is refused, since it may be no minimum.
  public init(
    _ map: Map, _ objective: Objective, strategy: AID<Map> = AID(), unpenalizedCount: Int = 0, isConvex: Bool = false
  ) {
    self.unpenalizedCount = unpenalizedCount
    self.isConvex = isConvex
    self.map = map
    self.objective = objective
    self.strategy = strategy
    workspace = strategy.makeWorkspace(for: map)
    errorBound = { _ in nil }
    gradient = .zeros(map.parameterCount)
    scratch = gradient
  }

  /// For maps that can bound the error of their solution: so can the criterion for its gradient.
  public init(
    _ map: Map, _ objective: Objective, strategy: AID<Map> = AID(), unpenalizedCount: Int = 0, isConvex: Bool = false
  )
  where Map: CertifiableMap {
    self.unpenalizedCount = unpenalizedCount
    self.isConvex = isConvex
    self.map = map
    self.objective = objective
    self.strategy = strategy
    let workspace = strategy.makeWorkspace(for: map)
    self.workspace = workspace
    errorBound = {
      strategy.certificate(for: $0, objective: objective, workspace: workspace)?.hypergradientErrorBound
    }
    gradient = .zeros(map.parameterCount)
    scratch = gradient
  }

  public var parameterCount: Int { map.parameterCount }

  public var warmStart: [WarmStart] {
    get {
      [
        WarmStart(
          state: state.map { Vector<Double>(converting: $0) },
          keptColumns: (map as? any KeepsProducts)?.keptColumns ?? [])
      ]
    }
    set {
      guard let memory = newValue.first else { return }
      state = memory.state.map { Vector<Element>(converting: $0) }
      (map as? any KeepsProducts)?.keptColumns = memory.keptColumns
    }
  }

  public func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue {
    let parameters = Vector<Element>(converting: λ)
    last = nil
    let solution = map.solve(at: parameters, from: state)
    do throws(ConvergenceFailure) { state = try solution.get() } catch {
      return .failed(error, parameters: parameterCount)
    }
    let w = solution.state
    let value = Double(objective.value(at: w, parameters: parameters))
    var failure = differentiate(solution.problem, strategy)
    let isUnique = failure == nil
    if isDependent {
      failure =
        differentiate(solution.problem, AID(.minres)) == nil
        ? nil
        : ConvergenceFailure(
          method: strategy.name, iterations: 0, residual: nil,
          advice:
            "Selected columns depend on each other where they are fitted and not where they are judged, so the solution is not unique: add a ridge, as the elastic net has."
        )
    }
    if failure == nil { last = (w, parameters) } else { gradient.fill(.nan) }
    let bound = bounding && isUnique ? errorBound(solution.problem) : nil
    return CriterionValue(
      value: value, gradient: Vector(converting: gradient), gradientErrorBound: bound.map { Double($0) },
      selected: w[segment: 0..<w.count - unpenalizedCount].nonzeroCount,
      failure: failure
        ?? (value.isFinite
          ? nil
          : ConvergenceFailure(
            method: solution.method, iterations: solution.iterations, residual: nil,
            advice: "The objective is not finite: check the held-out data.")))
  }

  /// Whether the last system had no unique solution. Where columns of the support depend on each other, as equal ones do, w is not unique, but what it
  /// fits is: on rows in which they depend on each other alike E has a gradient, and the system, then consistent, is solved by MINRES, whose residual says
  /// whether it was.
  private var isDependent = false

  /// gradient ← ∇f(λ); the reason where there is none.
  private func differentiate(_ problem: FixedPointProblem<Map>, _ strategy: AID<Map>) -> ConvergenceFailure? {
    isDependent = false
    do throws(DifferentiationError) {
      let report = try strategy.hypergradient(
        of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
      do throws(ConvergenceFailure) { _ = try Derivative(estimate: gradient, report: report).get() } catch {
        switch report.outcome {
        case .singular, .indefinite: isDependent = isConvex
        default: break
        }
        return error
      }
      return nil
    } catch {
      return ConvergenceFailure(method: strategy.name, iterations: 0, residual: nil, advice: error.description)
    }
  }
}
