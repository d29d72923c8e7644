public import LinAlg

/// Stochastic implicit differentiation without the composite structure: NSID with T̂ := G ∘ T̂ and G := identity.
///
/// Biased where G has kinks: the Jacobians are averaged over the pieces that single minibatches fall on. It is here for
/// comparison, as in the paper's figures; use ``NSID``.
public struct SID<Map: CompositeStochasticMap>: AdjointStrategy {
  public typealias Element = Map.Element
  private let inner: NSID<SampledOuterMap<Map>>

  /// The parameters of ``NSID``.
  public init(
    iterations: Int, innerBatches: Int, batchSize: Int, steps: StepSizes<Element>,
    sampling: Sampling = .withReplacement, replicates: Int = 1, seed: UInt64 = 0, forced: Bool = false
  ) {
    inner = NSID(
      iterations: iterations, innerBatches: innerBatches, batchSize: batchSize, steps: steps, sampling: sampling,
      replicates: replicates, seed: seed, forced: forced)
  }

  public var name: String { "sid" }

  public func makeWorkspace(for map: Map) -> NSIDWorkspace<SampledOuterMap<Map>> { NSIDWorkspace(SampledOuterMap(map)) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>,
    workspace: NSIDWorkspace<SampledOuterMap<Map>>, cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    var report = try inner.vjp(
      FixedPointProblem(SampledOuterMap(problem.map), parameters: problem.parameters, state: problem.state),
      into: &result, workspace: workspace, cotangent: cotangent)
    report.method = name
    return report
  }
}
