public import LinAlg
import RandomStreams

/// The parameters that theory gives ``NSID`` for a problem and an accuracy, with what they rest on.
public struct NSIDPlan<Element: Scalar>: Sendable {
  /// q and the noise constants, as estimated.
  public var rates: StochasticRates<Element>
  public var steps: StepSizes<Element>
  /// k.
  public var iterations: Int
  /// J.
  public var innerBatches: Int
  public var batchSize: Int
  /// What was chosen and why, in a few lines.
  public var explanation: String
}

extension NSID {
  /// Chooses β, γ, k and J for a relative accuracy of v in root mean square.
  ///
  /// q is the map's bound. The noise constants are estimated at the points that matter: the iterates of the exact
  /// recursion v ← A1ᵀ v + y on its way to v̄, and v̄ with random errors of its own size. At each, the variance of
  /// ψ_ξ(v) over `probes` minibatches is measured; σ₁ is the largest on the way and at v̄, and σ₂ the largest excess over
  /// it per ‖ψ(v) − v‖² at the disturbed points.
  /// Then β = 2/(1 − q²), γ = β (1 + σ₂), and k is where the bound meets the accuracy; J = k, as the theory's joint
  /// rate has it, but at most a pass over the samples. The bound is a worst case: the accuracy is usually better.
  ///
  /// Cost: about 40 full passes and 12 · probes minibatch products.
  ///
  /// - Throws: ``DifferentiationError/invalidArgument(_:)`` where the map has no contraction bound below 1 the batch
  ///   does not fit the data, the cotangent is not finite, or the accuracy is out of reach.
  public static func plan(
    _ problem: FixedPointProblem<Map>, cotangent y: Vector<Element>, batchSize: Int, relativeAccuracy ε: Element,
    probes: Int = 16, seed: UInt64 = 0
  ) throws(DifferentiationError) -> NSIDPlan<Element> {
    let n = problem.map.sampleCount
    guard batchSize >= 1 && batchSize <= n else {
      throw .invalidArgument("the batch size must lie in 1 ... \(n), the number of samples, and is \(batchSize)")
    }
    guard ε > 0 else { throw .invalidArgument("the accuracy must be positive and is \(ε)") }
    guard let q = problem.map.contractionBound(parameters: problem.parameters), q < 1 else {
      throw .invalidArgument("the map has no contraction factor known to be below 1: choose β and γ by hand")
    }
    let workspace = NSIDWorkspace(problem.map)
    workspace.y.copy(from: y)
    var probe = NoiseProbe(problem, workspace, batchSize: batchSize, probes: probes, seed: seed)
    let rates = probe.rates(contraction: q)
    guard rates.solutionNorm.isFinite && rates.σ1.isFinite && rates.σ2.isFinite else {
      throw .invalidArgument("the cotangent or the map has a NaN or an infinity: ‖v‖ = \(rates.solutionNorm)")
    }
    let target = ε * rates.solutionNorm
    let k = rates.stepsNeeded(for: target * target)
    guard k < .max else {
      throw .invalidArgument("the bound meets a relative accuracy of \(ε) after no number of steps that can be counted")
    }
    let pass = (n + batchSize - 1) / batchSize
    guard case .decreasing(let β, let γ) = rates.decreasing else { preconditionFailure("decreasing steps expected") }
    return NSIDPlan(
      rates: rates, steps: rates.decreasing, iterations: k, innerBatches: min(k, pass), batchSize: batchSize,
      explanation: """
        contraction factor q = \(q), so β must exceed 1/(1 − q²) = \(rates.βLimit); β = 2/(1 − q²) = \(β) is the best
        noise at batch size \(batchSize): σ₁ = \(rates.σ1), σ₂ = \(rates.σ2), so γ = β (1 + σ₂) = \(γ)
        for a relative error of \(ε) in v (‖v‖ = \(rates.solutionNorm)) the bound asks for k = \(k) steps
        J = \(min(k, pass)) inner batches\(k > pass ? ", a pass over the \(n) samples instead of k" : " = k")
        """)
  }
}

/// Measures the noise of ψ_ξ at given v.
private struct NoiseProbe<Map: CompositeStochasticMap> {
  typealias Element = Map.Element
  let workspace: NSIDWorkspace<Map>
  let n: Int
  let probes: Int
  var sampler: MinibatchSampler
  var random: RandomStream

  init(_ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, batchSize: Int, probes: Int, seed: UInt64) {
    self.workspace = workspace
    self.probes = probes
    n = problem.map.sampleCount
    sampler = MinibatchSampler(
      sampleCount: n, batchSize: batchSize, sampling: .withReplacement, seed: seed, stream: 1 << 32)
    random = RandomStream(seed: seed, stream: 1 << 33)
    workspace.oracle.prepare(at: problem.state, parameters: problem.parameters)
    workspace.u.fill(0)
    workspace.oracle.addValue(.all(of: n), scale: 1, to: &workspace.u)
    problem.map.linearizeOuter(at: workspace.u, parameters: problem.parameters, into: workspace.outer)
  }

  /// ‖ψ(v) − v‖² and the mean of ‖ψ_ξ(v) − ψ(v)‖² at workspace.anchor.
  private mutating func measure() -> (increment: Element, variance: Element) {
    let increment = workspace.refreshResidual(sampleCount: n)
    // residual holds ψ(v) − v; the noise of a batch is ∂T̂_ξᵀ z − ∂Tᵀ z.
    var variance: Element = 0
    for _ in 0..<probes {
      workspace.v.assign(-1, workspace.residual, -1, workspace.anchor)
      workspace.v.add(1, workspace.y)
      workspace.oracle.addStateAdjoint(sampler.next(), workspace.z, scale: 1, to: &workspace.v)
      variance += workspace.v.dot(workspace.v) / Element(probes)
    }
    return (increment * increment, variance)
  }

  mutating func rates(contraction q: Element) -> StochasticRates<Element> {
    // σ₁ bounds the variance along the way, so that the excess counted into σ₂ is that of errors, not of sampling: near v̄
    // the increment vanishes, and any sampling error divided by it would look like a large σ₂.
    var σ1: Element = 0
    workspace.anchor.fill(0)
    for step in 0..<32 {
      if step & (step - 1) == 0 {
        σ1 = max(σ1, measure().variance)
      } else {
        _ = workspace.refreshResidual(sampleCount: n)
      }
      workspace.anchor.add(1, workspace.residual)
    }
    let size = workspace.anchor.norm
    σ1 = max(σ1, measure().variance)
    let center = Vector(copying: workspace.anchor)
    var σ2: Element = 0
    for _ in 0..<8 {
      let error = Vector<Element>(count: center.count) { _ in Element(random.nextNormal()) }
      workspace.anchor.assign(1, center, size / max(error.norm, .leastNormalMagnitude), error)
      let (increment, variance) = measure()
      if increment > 0 { σ2 = max(σ2, (variance - σ1) / increment) }
    }
    return StochasticRates(contraction: q, σ1: σ1, σ2: σ2, solutionNorm: size)
  }
}
