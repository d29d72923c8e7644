import LinAlg

/// Chooses the parameters of a plan from what was measured.
struct PlanChoice<Map: CompositeStochasticMap> {
  typealias Element = Map.Element
  /// More steps than this are not planned: a year at a microsecond each would be 3e13.
  static var stepLimit: Int { 1_000_000_000_000 }

  let problem: FixedPointProblem<Map>
  let measured: PlanMeasurement<Map>
  let q: Double
  let accuracy: Element
  let quantity: PlannedQuantity
  /// ‖∇f‖ or ‖A2ᵀ v̄‖.
  let answerNorm: Double

  init(
    _ problem: FixedPointProblem<Map>, _ measured: PlanMeasurement<Map>, contraction q: Element, accuracy: Element,
    quantity: PlannedQuantity, answerNorm: Double
  ) {
    self.problem = problem
    self.measured = measured
    self.q = Double(q)
    self.accuracy = accuracy
    self.quantity = quantity
    self.answerNorm = answerNorm
  }

  private var constants: ErrorRecursion.Constants { measured.constants }
  private var ulp: Double { Double(Element.ulpOfOne) }

  /// The rounding error of v after k steps and that of v̄. A step rounds v to half an ulp, independently from step to step, which
  /// the steps η_i ~ 1/(g i) average to √k ulp; the products round their sums of p terms in the size of η, which adds up
  /// to √p ulp/g.
  private func rounding(_ k: Int) -> Double {
    let p = Double(problem.map.stateCount)
    return ulp * (Double(k).squareRoot() + p.squareRoot() / constants.gap) * constants.size + measured.solutionError
  }

  /// Of the mean square 1/100 is left to a sampled u on another piece.
  private var share: Double { 0.99 as Double }

  private func adjointHolds(_ error: ErrorRecursion) -> Bool {
    let target = Double(accuracy) * constants.size * share.squareRoot()
    return error.adjointError + rounding(error.steps) <= target
  }

  private func hypergradientHolds(_ error: ErrorRecursion) -> Bool {
    let target = Double(accuracy) * answerNorm * share.squareRoot()
    return error.hypergradientError + constants.parametersNorm * rounding(error.steps) <= target
  }

  func plan() throws(NSIDPlanError) -> NSIDPlan<Element> {
    // Rounding errors of sums are at most n ulps; a bias of less than √ulp is below every accuracy that can be planned.
    guard measured.meanDifference <= ulp.squareRoot() else {
      throw .notAMean(difference: Double(measured.meanDifference))
    }
    if constants.size == 0 { return make(.constant(1), ErrorRecursion(constants), steps: 1) }
    let needsHypergradient = quantity != .adjoint && constants.parametersNorm > 0
    let smallestβ = (1 + 64 * ulp) / (1 - q * q)
    func choose(_ isEnough: (ErrorRecursion) -> Bool) -> (steps: StepSizes<Double>, error: ErrorRecursion)? {
      ErrorRecursion.plan(constants, limit: Self.stepLimit, smallestβ: smallestβ, isEnough: isEnough)
    }
    let chosen = choose { error in
      (quantity == .hypergradient || adjointHolds(error)) && (!needsHypergradient || hypergradientHolds(error))
    }
    if let chosen { return make(chosen.steps, chosen.error, steps: chosen.error.steps) }
    if needsHypergradient && (quantity == .hypergradient || choose(adjointHolds) != nil) {
      throw .hypergradientTooSmall(
        norm: answerNorm, terms: constants.parametersNorm * constants.size, accuracy: Double(accuracy))
    }
    throw .accuracyOutOfReach(
      accuracy: Double(accuracy), rounding: Double(rounding(1) / constants.size))
  }

  /// The probability with which u may leave its piece: v is then of the size of ‖y‖/(1 − q), and its square times the
  /// probability must be a small part of the mean square.
  private var probability: Double {
    let elsewhere = constants.size + Double(measured.workspace.y.norm) / (1 - q)
    var relative = constants.size / elsewhere
    if quantity != .adjoint && constants.parametersNorm > 0 {
      relative = min(relative, answerNorm / (constants.parametersFrobeniusNorm * elsewhere))
    }
    let ε = min(1, Double(accuracy))
    return max(1e-200, min(1e-6, 1e-4 * ε * ε * relative * relative))
  }

  private func make(_ steps: StepSizes<Double>, _ error: ErrorRecursion, steps k: Int) -> NSIDPlan<Element> {
    let inner = PlannedInnerPass(
      problem, measured.workspace, batchSize: measured.batchSize, probability: probability)
    let adjoint = constants.size > 0 ? (error.adjointError + rounding(k)) / share.squareRoot() / constants.size : 0
    var hypergradient: Double?
    if quantity != .adjoint {
      let bound = (error.hypergradientError + constants.parametersNorm * rounding(k)) / share.squareRoot()
      hypergradient = bound > 0 && constants.size > 0 ? bound / answerNorm : 0
    }
    let planned: StepSizes<Element> =
      switch steps {
      case .constant(let η): .constant(Element(η))
      case .decreasing(let β, let γ): .decreasing(β: Element(β), γ: max(Element(β), Element(γ)))
      }
    return NSIDPlan(
      relativeAccuracy: accuracy, quantity: quantity, steps: planned, iterations: k,
      innerPass: inner.batches == nil ? .full : .sampled, innerBatches: inner.sampledBatches,
      batchSize: measured.batchSize, adjointBound: Element(adjoint),
      hypergradientBound: hypergradient.map { Element($0) },
      explanation: """
        contraction factor q = \(q), ‖M‖ ≤ \(1 - constants.gap) at this state
        noise of a minibatch of \(measured.batchSize): \(constants.noise) at v̄ (‖v̄‖ = \(constants.size)), at most \(constants.noiseFactor) per unit of v, so steps up to \(constants.stepLimit)
        k = \(k) steps, \(planned): bound \(adjoint) for v\(hypergradient.map { ", \($0) for the hypergradient (norm \(answerNorm))" } ?? "")
        inner pass: \(inner.batches.map { "J = \($0) minibatches" } ?? "full"), as \(inner.reason)
        """)
  }
}
