public import LinAlg
import RandomStreams

extension NSID {
  /// The constants of the theory's noise model, q the map's bound and σ₁ and σ₂ estimated.
  ///
  /// The points that matter are the iterates of v ← A1ᵀ v + y on its way to v̄, and v̄ with random errors of its own size. At
  /// each, the variance of ψ_ξ(v) over `probes` minibatches is measured; σ₁ is the largest on the way and at v̄, and σ₂ the
  /// largest excess over it per ‖ψ(v) − v‖² at the disturbed points. These are estimates: what follows from them is no
  /// promise. ``plan(_:cotangent:batchSize:relativeAccuracy:of:seed:)`` measures without sampling.
  ///
  /// Cost: about 40 full passes and 14 · probes minibatch products.
  ///
  /// - Throws: ``DifferentiationError/plan(_:)``.
  public static func rates(
    _ problem: FixedPointProblem<Map>, cotangent y: Vector<Element>, batchSize: Int, probes: Int = 16, seed: UInt64 = 0
  ) throws(DifferentiationError) -> StochasticRates<Element> {
    let q: Element
    do throws(NSIDPlanError) {
      q = try checkedContraction(problem, batchSize: batchSize)
    } catch { throw .plan(error) }
    guard probes >= 1 else { throw .invalidArgument("the number of probes must be at least 1 and is \(probes)") }
    let workspace = NSIDWorkspace(problem.map)
    workspace.y.copy(from: y)
    var probe = NoiseProbe(problem, workspace, batchSize: batchSize, probes: probes, seed: seed)
    let rates = probe.rates(contraction: q)
    guard rates.solutionNorm.isFinite && rates.σ1.isFinite && rates.σ2.isFinite else {
      throw .plan(.notFinite("the cotangent or the map: ‖v‖ = \(rates.solutionNorm)"))
    }
    return rates
  }

  /// The map's bound, if it is below 1 and the batch fits.
  static func checkedContraction(
    _ problem: FixedPointProblem<Map>, batchSize: Int
  ) throws(NSIDPlanError) -> Element {
    let n = problem.map.sampleCount
    guard batchSize >= 1 && batchSize <= n else {
      throw .invalidArgument("the batch size must lie in 1 ... \(n), the number of samples, and is \(batchSize)")
    }
    let bound = problem.map.contractionBound(parameters: problem.parameters)
    guard let q = bound, q < 1 else { throw .contractionUnknown(bound: bound.map { Double($0) }) }
    return max(0, q)
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
