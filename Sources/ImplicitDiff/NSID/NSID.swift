public import LinAlg

/// Nonsmooth stochastic implicit differentiation: AID for Φ = G ∘ E[T̂_ξ] from minibatches.
///
///     draw ξ'_1 … ξ'_J;  u = mean_j T̂_{ξ'_j}(w, λ);  [B1, B2] ∈ D_G(u, λ);  v = 0
///     k times, ξ fresh:  v ← (1 − η_i) v + η_i (∂₁T̂_ξ(w, λ)ᵀ B1ᵀ v + y)
///     return (B1 · mean_j ∂₂T̂_{ξ'_j}(w, λ) + B2)ᵀ v
///
/// At the end one full pass measures the residual `(y + A1ᵀ v) − v`: a recursion whose noise grows without bound is not to be told
/// from one that converges by a look at v. Where the residual is above ‖y‖, which v = 0 has, both after a product with B1ᵀ, the outcome is
/// ``Outcome/notContracting(factor:)``. With replicates the report's residual is the norm of their mean residual.
///
/// Averaging inside G before the one choice of B1 is what makes it consistent: see ``SID`` for what happens otherwise.
/// The steps must satisfy the theory's conditions; a step outside the stable range is refused unless `forced`.
///
/// Source: Grazzi, Pontil, Salzo, arXiv:2403.11687, algorithm 1 and theorem 4.
public struct NSID<Map: CompositeStochasticMap>: AdjointStrategy {
  public typealias Element = Map.Element

  /// k, the number of steps.
  public var iterations: Int
  /// J, the number of minibatches that the inner map is averaged over.
  public var innerBatches: Int
  public var batchSize: Int
  public var sampling: Sampling
  public var steps: StepSizes<Element>
  /// Replaces [B1, B2] at the sampled u by those at the exact u of a full pass (J is then not used).
  public var innerPass: NSIDInnerPass
  /// Independent repetitions; their mean is returned, and from two on their spread gives the standard error.
  public var replicates: Int
  public var seed: UInt64
  /// Runs steps outside the stable range, as some published experiments do.
  public var forced: Bool

  public typealias InnerPass = NSIDInnerPass

  public init(
    iterations: Int, innerBatches: Int, batchSize: Int, steps: StepSizes<Element>,
    sampling: Sampling = .withReplacement, innerPass: InnerPass = .sampled, replicates: Int = 1, seed: UInt64 = 0,
    forced: Bool = false
  ) {
    self.iterations = iterations
    self.innerBatches = innerBatches
    self.batchSize = batchSize
    self.steps = steps
    self.sampling = sampling
    self.innerPass = innerPass
    self.replicates = replicates
    self.seed = seed
    self.forced = forced
  }

  public var name: String { "nsid" }

  public func makeWorkspace(for map: Map) -> NSIDWorkspace<Map> { NSIDWorkspace(map) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, workspace: NSIDWorkspace<Map>,
    cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try checkArguments(problem)
    workspace.adopt(problem.map)
    var report = DerivativeReport<Element>(outcome: .fixedIterations, method: name)
    if let refusal = workspace.refusal(of: problem, &report) {
      result.fill(.nan)
      report.outcome = refusal
      return report
    }
    result.fill(0)
    cotangent(problem.state, nil, &workspace.y)
    let scale = workspace.y.takeScale()
    workspace.oracle.prepare(at: problem.state, parameters: problem.parameters)
    // Of distances in units of the first estimate, so that they do not vanish.
    var (squares, unit): (Element, Element) = (0, 1)
    workspace.residual.fill(0)
    for r in 0..<replicates {
      workspace.replicate.fill(0)
      run(problem, workspace, scale: scale, stream: UInt64(r), &report)
      if r == 0 { unit = workspace.replicate.powerOfTwo }
      if report.outcome != .fixedIterations {
        result.copy(from: workspace.replicate)
        break
      }
      // Welford's update of the mean and of the summed squared distance from it.
      let distance = workspace.replicate.distance(to: result) / unit
      result.combine(1 / Element(r + 1), workspace.replicate, Element(r) / Element(r + 1))
      squares += distance * distance * Element(r) / Element(r + 1)
    }
    if replicates >= 2 && report.outcome == .fixedIterations {
      report.standardError = (squares / Element(replicates * (replicates - 1))).squareRoot() * unit
    }
    judge(workspace, result, &report)
    if scale != 1 {
      report.residual = report.residual.map { $0 * scale }
    }
    report.seconds = clock.secondsSince()
    return report
  }

  /// The outcome by the residual, which is nil where a run broke off.
  private func judge(
    _ workspace: NSIDWorkspace<Map>, _ result: Vector<Element>, _ report: inout DerivativeReport<Element>
  ) {
    guard report.outcome == .fixedIterations else { return }
    let residual = workspace.relevantNorm(of: workspace.residual)
    let size = workspace.relevantNorm(of: workspace.y)
    report.residual = residual
    if !residual.isFinite || result.firstNonFinite != nil {
      report.outcome = .notFinite()
    } else if residual > size * (1 + 8 * .ulpOfOne * Element(workspace.y.count).squareRoot()) {
      report.outcome = .notContracting(factor: Element.pow(residual / size, 1 / Element(iterations)))
    }
  }

  private func checkArguments(_ problem: FixedPointProblem<Map>) throws(DifferentiationError) {
    let n = problem.map.sampleCount
    guard batchSize >= 1 && batchSize <= n else {
      throw .invalidArgument("the batch size must lie in 1 ... \(n), the number of samples, and is \(batchSize)")
    }
    guard iterations >= 1 else {
      throw .invalidArgument("k, the number of steps, must be at least 1 and is \(iterations)")
    }
    guard innerBatches >= 1 else {
      throw .invalidArgument("J, the number of inner batches, must be at least 1 and is \(innerBatches)")
    }
    guard replicates >= 1 else {
      throw .invalidArgument("the number of replicates must be at least 1 and is \(replicates)")
    }
    try checkSteps(problem)
  }

  /// q < 1, β > 1/(1 − q²) and η_0 ≤ 1, the part of the conditions that needs no knowledge of the noise.
  private func checkSteps(_ problem: FixedPointProblem<Map>) throws(DifferentiationError) {
    let q = problem.map.contractionBound(parameters: problem.parameters)
    if let q, !(q < 1), !forced {
      throw .stepOutOfRange("the map's contraction factor, \(q), is not below 1: no step is known to be stable")
    }
    switch steps {
    case .constant(let η):
      guard η > 0, η.isFinite else { throw .invalidArgument("the step size must be positive and is \(η)") }
      if η > 1 && !forced {
        throw .stepOutOfRange(
          "the constant step \(η) is above 1, where the recursion is not stable; the limit is 1/(1 + σ₂) ≤ 1")
      }
    case .decreasing(let β, let γ):
      guard β > 0, γ > 0, β.isFinite, γ.isFinite else {
        throw .invalidArgument("β and γ must be positive and are \(β) and \(γ)")
      }
      guard !forced else { return }
      if let q, β <= (1 + 8 * .ulpOfOne) / (1 - q * q) {
        throw .stepOutOfRange(
          "β = \(β) is not above 1/(1 − q²) = \(1 / (1 - q * q)) (q = \(q)), so the error need not fall as 1/k; 2/(1 − q²) is the best choice"
        )
      }
      if γ < β {
        throw .stepOutOfRange("γ = \(γ) is below β = \(β), so the first step exceeds 1; γ ≥ β (1 + σ₂) is stable")
      }
    }
  }

  /// One replicate: workspace.replicate ← its answer, where the cotangent was divided by `scale`.
  private func run(
    _ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, scale: Element, stream: UInt64,
    _ report: inout DerivativeReport<Element>
  ) {
    let λ = problem.parameters
    let n = problem.map.sampleCount
    // The inner samples are drawn twice from one stream instead of being kept: the same J batches, no memory.
    func innerSampler() -> MinibatchSampler {
      MinibatchSampler(sampleCount: n, batchSize: batchSize, sampling: sampling, seed: seed, stream: 2 * stream)
    }
    workspace.u.fill(0)
    switch innerPass {
    case .full: workspace.oracle.addValue(.all(of: n), scale: 1, to: &workspace.u)
    case .sampled:
      var sampler = innerSampler()
      for _ in 0..<innerBatches {
        workspace.oracle.addValue(sampler.next(), scale: 1 / Element(innerBatches), to: &workspace.u)
      }
    }
    if workspace.u.firstNonFinite != nil {
      report.outcome = .notFinite()
      return
    }
    problem.map.linearizeOuter(at: workspace.u, parameters: λ, into: workspace.outer)
    if !workspace.isDefined { return refuse(workspace, &report) }

    var sampler = MinibatchSampler(
      sampleCount: n, batchSize: batchSize, sampling: sampling, seed: seed, stream: 2 * stream + 1)
    workspace.v.fill(0)
    let before = report.iterations
    for i in 0..<iterations {
      let η = steps.step(i)
      workspace.outer.applyStateAdjoint(workspace.v, into: &workspace.z)
      workspace.v.combine(η, workspace.y, 1 - η)
      workspace.oracle.addStateAdjoint(sampler.next(), workspace.z, scale: η, to: &workspace.v)
      report.iterations += 1
      // Powers of two apart, so that divergence is seen early at no cost.
      if i & (i + 1) == 0, !workspace.v.norm.isFinite { break }
    }
    report.products += report.iterations - before
    let size = workspace.v.norm
    // A minibatch of a sampled outer map may have met a jump.
    if !workspace.isDefined { return refuse(workspace, &report) }
    if !size.isFinite {
      report.outcome = .notFinite()
      return
    }

    workspace.outer.applyStateAdjoint(workspace.v, into: &workspace.z)
    // residual ← residual + (y + A1ᵀ v − v)/replicates.
    let share = 1 / Element(replicates)
    report.products += 1
    workspace.residual.add(share, workspace.y)
    workspace.residual.add(-share, workspace.v)
    workspace.oracle.addStateAdjoint(.all(of: n), workspace.z, scale: share, to: &workspace.residual)
    if scale != 1 {
      // Before the product with A2ᵀ, which of an adjoint of size 1 may vanish where the answer does not.
      workspace.v.scale(by: scale)
      workspace.z.scale(by: scale)
    }
    switch innerPass {
    case .full: workspace.oracle.addParametersAdjoint(.all(of: n), workspace.z, scale: 1, to: &workspace.replicate)
    case .sampled:
      var sampler = innerSampler()
      for _ in 0..<innerBatches {
        workspace.oracle.addParametersAdjoint(
          sampler.next(), workspace.z, scale: 1 / Element(innerBatches), to: &workspace.replicate)
      }
    }
    workspace.outer.addParametersAdjoint(workspace.v, scale: 1, to: &workspace.replicate)
    if !workspace.isDefined { refuse(workspace, &report) }
  }

  /// G jumps: there is no derivative.
  private func refuse(_ workspace: NSIDWorkspace<Map>, _ report: inout DerivativeReport<Element>) {
    workspace.replicate.fill(.nan)
    report.outcome = .notDifferentiable
  }
}

/// Where u, the inner map at the state, comes from.
public enum NSIDInnerPass: Sendable, Equatable {
  /// The mean over J minibatches.
  case sampled
  /// One pass over all samples.
  case full
}
