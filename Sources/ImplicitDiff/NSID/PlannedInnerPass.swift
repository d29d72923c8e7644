import LinAlg
import RandomStreams

/// Whether u may be sampled, and by how many minibatches.
///
/// [B1, B2] at a sampled u is that at u itself unless a coordinate leaves its piece. A coordinate of one sample's T̂ has
/// variance τ² and stays within R of its mean; by Bernstein's inequality the mean of N of them is off by δ or more with
/// probability at most 2 exp(−N δ²/(2 τ² + 2 R δ/3)). N is where the sum over the p coordinates is at most the probability
/// allowed.
struct PlannedInnerPass<Map: CompositeStochasticMap> {
  typealias Element = Map.Element

  /// The minibatches; nil where a full pass is to be planned.
  private(set) var batches: Int?
  /// The minibatches that a sampled u would need, at most those of a thousand passes.
  private(set) var sampledBatches: Int
  private(set) var reason: String

  /// - Parameters:
  ///   - probability: that [B1, B2] may be another.
  ///   - workspace: u of a full pass, and a prepared oracle.
  init(_ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, batchSize: Int, probability: Double) {
    let n = problem.map.sampleCount
    let u = workspace.u
    let p = u.count
    let most = 1000 * ((n + batchSize - 1) / batchSize)
    sampledBatches = most
    var margins = Vector<Element>.zeros(p)
    guard problem.map.outerMargins(at: u, parameters: problem.parameters, into: &margins) else {
      reason = "the map does not tell how far its kinks are"
      return
    }
    var variances = Vector<Element>.zeros(p)
    var ranges = Vector<Element>.zeros(p)
    var x = Vector<Element>.zeros(p)
    for i in 0..<n {
      x.combine(-1, u, 0)
      workspace.oracle.addValue(Minibatch([i]), scale: 1, to: &x)
      for j in 0..<p {
        variances[j] += x[j] * x[j] / Element(n)
        ranges[j] = max(ranges[j], x[j].magnitude)
      }
    }
    let logarithm = Double.log(2 * Double(max(1, p)) / probability)
    var samples = 1.0
    for j in 0..<p where ranges[j] > 0 {
      let δ = Double(margins[j])
      let needed = δ > 0 ? (2 * Double(variances[j]) + 2 * Double(ranges[j]) * δ / 3) / (δ * δ) * logarithm : .infinity
      samples = max(samples, needed)
    }
    let batches = (samples / Double(batchSize)).rounded(.up)
    if batches < Double(most) { sampledBatches = max(1, Int(batches)) }
    guard batches * Double(batchSize) < Double(n) else {
      reason = "a sampled u would need \(samples) samples to be sure of its piece, more than the \(n) of a pass"
      return
    }
    guard Self.parametersAreExact(problem, workspace, n) else {
      reason = "∂₂T̂ differs between samples, and its noise is spared by a pass"
      return
    }
    self.batches = Int(batches)
    reason = "\(samples) samples keep u on its piece but for a probability of \(probability)"
  }

  /// Whether ∂₂T̂ᵀ z is the same for every sample: a difference would show for a normal direction z with probability one.
  private static func parametersAreExact(
    _ problem: FixedPointProblem<Map>, _ workspace: NSIDWorkspace<Map>, _ n: Int
  ) -> Bool {
    var random = RandomStream(seed: 0, stream: 1 << 35)
    let z = Vector<Element>(count: problem.map.stateCount) { _ in Element(random.nextNormal()) }
    var all = Vector<Element>.zeros(problem.map.parameterCount)
    workspace.oracle.addParametersAdjoint(.all(of: n), z, scale: 1, to: &all)
    var one = all
    for i in 0..<n {
      one.fill(0)
      workspace.oracle.addParametersAdjoint(Minibatch([i]), z, scale: 1, to: &one)
      // The mean over n samples has the rounding error of a sum of n.
      if !(one.distance(to: all) <= 4 * .ulpOfOne * Element(n).squareRoot() * all.norm) { return false }
    }
    return true
  }
}
