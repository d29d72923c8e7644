public import LinAlg

/// NSID with variance reduction for finite sums: linear convergence where NSID shows 1/k.
///
/// Around an anchor ṽ with its residual `r̃ = ψ(ṽ) − ṽ` (one full pass), the correction d = v − ṽ solves
/// `d = A1ᵀ d + r̃`, and the recursion
///
///     d ← (1 − η) d + η (∂₁T̂_ξᵀ B1ᵀ d + r̃)
///
/// is NSID's own with r̃ in the place of y. ψ is affine, so this is SVRG's control variate
/// `ψ_ξ(v) − ψ_ξ(ṽ) + ψ(ṽ)` exactly, at one minibatch product per step instead of two. The noise is proportional to d, which
/// is of the size of the error at the anchor: an epoch multiplies the mean square error by a factor below one, and the
/// next anchor is ṽ + d. docs/Theory.md derives the factor.
///
/// The residual is measured at every anchor, the last one too. An epoch that does not reduce it is taken back and the step halved
/// for the rest of the run, so that on a contracting map any step leads to an answer. The answer is A2ᵀ ψ(ṽ) at the last anchor, whose residual
/// is reported. Where no epoch reduced it at all, the outcome is ``Outcome/notContracting(factor:)``.
///
/// Source of the idea: Johnson, Zhang, *Accelerating stochastic gradient descent using predictive variance reduction*,
/// NIPS 2013.
public struct VarianceReducedNSID<Map: CompositeStochasticMap>: AdjointStrategy {
  public typealias Element = Map.Element

  /// Anchors, each a full pass and `epochLength` minibatch steps.
  public var epochs: Int
  /// Steps between anchors.
  public var epochLength: Int
  public var batchSize: Int
  /// η of the first epoch; halved after an epoch that did not reduce the residual.
  public var step: Element
  public var sampling: Sampling
  public var seed: UInt64
  /// Stops when ‖r̃‖ ≤ tolerance · ‖y‖, both after a product with B1ᵀ; 0 runs every epoch, or until the residual is zero.
  public var tolerance: Element

  public init(
    epochs: Int, epochLength: Int, batchSize: Int, step: Element, sampling: Sampling = .withReplacement,
    seed: UInt64 = 0, tolerance: Element = 0
  ) {
    self.epochs = epochs
    self.epochLength = epochLength
    self.batchSize = batchSize
    self.step = step
    self.sampling = sampling
    self.seed = seed
    self.tolerance = tolerance
  }

  public var name: String { "nsid-vr" }

  public func makeWorkspace(for map: Map) -> NSIDWorkspace<Map> { NSIDWorkspace(map) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, workspace: NSIDWorkspace<Map>,
    cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    var report = DerivativeReport<Element>(outcome: .fixedIterations, method: name)
    workspace.adopt(problem.map)
    if let refusal = workspace.refusal(of: problem, &report) {
      result.fill(.nan)
      report.outcome = refusal
      return report
    }
    try start(problem, workspace, cotangent)
    if !workspace.isDefined {
      result.fill(.nan)
      report.outcome = .notDifferentiable
      report.seconds = clock.secondsSince()
      return report
    }
    let scale = workspace.y.takeScale()
    run(problem, workspace, &report)
    if scale != 1 {
      // Before the product with A2ᵀ, which of an adjoint of size 1 may vanish where the answer does not.
      workspace.anchor.scale(by: scale)
      report.residual = report.residual.map { $0 * scale }
    }
    finish(problem, workspace, into: &result)
    if result.firstNonFinite != nil { report.outcome = workspace.isDefined ? .notFinite() : .notDifferentiable }
    report.seconds = clock.secondsSince()
    return report
  }

  /// The epochs; the workspace's anchor and the report's residual are those of the best anchor.
  private func run(
    _ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, _ report: inout DerivativeReport<Element>
  ) {
    let n = problem.map.sampleCount
    var sampler = makeSampler(problem)
    var strategy = self
    // At ṽ = 0 the residual is y.
    let size = workspace.relevantNorm(of: workspace.y)
    var residual = workspace.refreshResidual(sampleCount: n)
    var growth: Element = 1
    report.products += 1
    var reduced = false
    while residual.isFinite && residual > tolerance * size && report.iterations < epochs {
      workspace.previous.copy(from: workspace.anchor)
      // u has done its work in `start`.
      workspace.u.copy(from: workspace.residual)
      strategy.runEpoch(workspace, &sampler)
      let next = workspace.refreshResidual(sampleCount: n)
      report.iterations += 1
      report.products += epochLength + 1
      if next < residual {
        residual = next
        reduced = true
      } else {
        growth = next / residual
        workspace.anchor.copy(from: workspace.previous)
        workspace.residual.copy(from: workspace.u)
        strategy.step /= 2
      }
    }
    report.residual = residual
    // ψ(ṽ): the residual tells how far ṽ is off where B1ᵀ reaches, and of parameters outside the range of B1, as a radius, the answer depends on
    // all of v.
    workspace.anchor.add(1, workspace.residual)
    if !residual.isFinite {
      report.outcome = .notFinite()
    } else if residual <= tolerance * size {
      report.outcome = .converged
    } else if !reduced {
      report.outcome = growth.isFinite ? .notContracting(factor: growth) : .notFinite()
    } else if tolerance > 0 {
      report.outcome = .iterationLimit
    }
  }

  /// The pieces of ``vjp(_:into:workspace:cotangent:)``, for callers that look at the error epoch by epoch.
  public func start(
    _ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, _ cotangent: Cotangent<Element>
  ) throws(DifferentiationError) {
    let n = problem.map.sampleCount
    guard batchSize >= 1 && batchSize <= n else {
      throw .invalidArgument("the batch size must lie in 1 ... \(n), the number of samples, and is \(batchSize)")
    }
    guard epochs >= 1 && epochLength >= 1 else {
      throw .invalidArgument("epochs and their length must be at least 1 and are \(epochs) and \(epochLength)")
    }
    guard step > 0 && step <= 1 else { throw .stepOutOfRange("the step must lie in (0, 1] and is \(step)") }
    cotangent(problem.state, nil, &workspace.y)
    workspace.oracle.prepare(at: problem.state, parameters: problem.parameters)
    workspace.u.fill(0)
    workspace.oracle.addValue(.all(of: n), scale: 1, to: &workspace.u)
    problem.map.linearizeOuter(at: workspace.u, parameters: problem.parameters, into: workspace.outer)
    workspace.anchor.fill(0)
  }

  public func makeSampler(_ problem: FixedPointProblem<Map>) -> MinibatchSampler {
    MinibatchSampler(
      sampleCount: problem.map.sampleCount, batchSize: batchSize, sampling: sampling, seed: seed, stream: 1)
  }

  /// One epoch from the anchor's residual; the anchor moves to ṽ + d.
  public func runEpoch(_ workspace: NSIDWorkspace<Map>, _ sampler: inout MinibatchSampler) {
    workspace.v.fill(0)
    for _ in 0..<epochLength {
      workspace.outer.applyStateAdjoint(workspace.v, into: &workspace.z)
      workspace.v.combine(step, workspace.residual, 1 - step)
      workspace.oracle.addStateAdjoint(sampler.next(), workspace.z, scale: step, to: &workspace.v)
    }
    workspace.anchor.add(1, workspace.v)
  }

  /// result ← A2ᵀ ṽ by a full pass.
  public func finish(
    _ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, into result: inout Vector<Element>
  ) {
    result.fill(0)
    workspace.outer.applyStateAdjoint(workspace.anchor, into: &workspace.z)
    workspace.oracle.addParametersAdjoint(.all(of: problem.map.sampleCount), workspace.z, scale: 1, to: &result)
    workspace.outer.addParametersAdjoint(workspace.anchor, scale: 1, to: &result)
  }
}

extension NSIDWorkspace {
  /// residual ← ψ(anchor) − anchor by a full pass; the norm of what of it matters, ‖B1ᵀ residual‖.
  public func refreshResidual(sampleCount n: Int) -> Element {
    outer.applyStateAdjoint(anchor, into: &z)
    residual.assign(1, y, -1, anchor)
    oracle.addStateAdjoint(.all(of: n), z, scale: 1, to: &residual)
    return relevantNorm(of: residual)
  }
}
