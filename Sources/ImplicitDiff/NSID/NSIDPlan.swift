public import LinAlg

/// What an ``NSIDPlan``'s accuracy is said of.
public enum PlannedQuantity: String, Sendable, Hashable, CaseIterable {
  /// The adjoint v alone, as it stands in ``NSIDWorkspace/v``, relative to ‖v̄‖.
  case adjoint
  /// What is returned alone: w'(λ)ᵀ y relative to its norm, or ∇f relative to ‖∇f‖ where an objective is given.
  case hypergradient
  /// Both.
  case adjointAndHypergradient = "adjoint-and-hypergradient"
}

/// The parameters of ``NSID`` with which the root mean square relative error of a quantity is at most an accuracy, for the
/// problem and the cotangent that they were planned for.
public struct NSIDPlan<Element: Scalar>: Sendable {
  /// The bound on the root mean square error, relative to the quantity.
  public let relativeAccuracy: Element
  public let quantity: PlannedQuantity
  public let steps: StepSizes<Element>
  /// k.
  public let iterations: Int
  public let innerPass: NSIDInnerPass
  /// J. A full inner pass does not use it; it is then what a sampled one would need to keep to the piece of u, at most a thousand
  /// passes.
  public let innerBatches: Int
  public let batchSize: Int
  /// The bound on √(E‖v − v̄‖²)/‖v̄‖ with these parameters; 0 where v̄ = 0.
  public let adjointBound: Element
  /// The bound on the root mean square error of what is returned, relative to its norm; nil where it was not planned.
  public let hypergradientBound: Element?
  /// What was chosen and why, in a few lines.
  public let explanation: String
}

extension NSID {
  /// The strategy that was planned: samples drawn with replacement, one replicate.
  public init(plan: NSIDPlan<Element>, seed: UInt64 = 0) {
    self.init(
      iterations: plan.iterations, innerBatches: plan.innerBatches, batchSize: plan.batchSize, steps: plan.steps,
      innerPass: plan.innerPass, seed: seed)
  }

  /// Plans for w'(λ)ᵀ y with a given y.
  ///
  /// The promise: over the seeds of ``NSID/init(plan:seed:)``, the root mean square of ‖v − v̄‖/‖v̄‖, of the relative error
  /// of w'(λ)ᵀ y, or of both, is at most `ε`. v̄ and the exact product are those at the problem's state as it is; how far
  /// that is from the fixed point is not part of it. u is sampled only where the minibatches needed are fewer than a pass, and
  /// then leaves its piece with a probability (at most 1e-6) that is counted in. docs/Theory.md derives the bound.
  ///
  /// Cost: up to 40/(1 − q) full passes for v̄, and, counted in products of single samples, one pass for each active
  /// coordinate, at most 64, and two more. Memory: 64 vectors of p entries, for the hypergradient 64 of m.
  ///
  /// - Throws: ``DifferentiationError/plan(_:)``.
  public static func plan(
    _ problem: FixedPointProblem<Map>, cotangent y: Vector<Element>, batchSize: Int, relativeAccuracy ε: Element,
    of quantity: PlannedQuantity = .adjointAndHypergradient, seed: UInt64 = 0
  ) throws(DifferentiationError) -> NSIDPlan<Element> {
    do throws(NSIDPlanError) {
      return try plan(problem, cotangent: y, direct: nil, batchSize, ε, quantity, seed)
    } catch { throw .plan(error) }
  }

  /// Plans for the hypergradient ∇f = ∇_λ E + w'(λ)ᵀ ∇_w E, relative to its own norm; otherwise as
  /// ``plan(_:cotangent:batchSize:relativeAccuracy:of:seed:)``.
  ///
  /// - Throws: ``DifferentiationError/plan(_:)``, with ``NSIDPlanError/hypergradientTooSmall(norm:terms:accuracy:)`` near a stationary point of f.
  public static func plan(
    _ problem: FixedPointProblem<Map>, objective: some OuterObjective<Element>, batchSize: Int,
    relativeAccuracy ε: Element, of quantity: PlannedQuantity = .hypergradient, seed: UInt64 = 0
  ) throws(DifferentiationError) -> NSIDPlan<Element> {
    var y = Vector<Element>.zeros(problem.map.stateCount)
    var direct = Vector<Element>.zeros(problem.map.parameterCount)
    objective.gradient(
      at: problem.state, parameters: problem.parameters, support: nil, state: &y, parameters: &direct)
    do throws(NSIDPlanError) {
      return try plan(problem, cotangent: y, direct: direct, batchSize, ε, quantity, seed)
    } catch { throw .plan(error) }
  }

  private static func plan(
    _ problem: FixedPointProblem<Map>, cotangent y: Vector<Element>, direct: Vector<Element>?, _ batchSize: Int,
    _ ε: Element, _ quantity: PlannedQuantity, _ seed: UInt64
  ) throws(NSIDPlanError) -> NSIDPlan<Element> {
    guard y.count == problem.map.stateCount else {
      throw .invalidArgument("a cotangent of \(y.count) entries for \(problem.map.stateCount) unknowns")
    }
    guard ε > 0 && ε.isFinite else {
      throw .invalidArgument("the accuracy must be positive and finite and is \(ε)")
    }
    let q = try checkedContraction(problem, batchSize: batchSize)
    let measured = PlanMeasurement(
      problem, cotangent: y, contraction: q, batchSize: batchSize, needsParameters: quantity != .adjoint, seed: seed)
    guard measured.isFinite && measured.product.firstNonFinite == nil && direct?.firstNonFinite == nil else {
      throw .notFinite("the cotangent, the parameters, the state or the map")
    }
    var answer = measured.product
    if let direct { answer.add(1, direct) }
    return try PlanChoice(
      problem, measured, contraction: q, accuracy: ε, quantity: quantity, answerNorm: Double(answer.norm)
    ).plan()
  }
}
