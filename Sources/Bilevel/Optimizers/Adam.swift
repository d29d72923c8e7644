import LinAlg
internal import RealModule

/// Adam in the logarithms, for comparison with what people use; it takes every step, also those that raise the value. Source: D. Kingma, J. Ba, ICLR 2015.
public struct Adam: OuterOptimizer {
  /// How far a hyperparameter's logarithm moves per step, about.
  public var rate: Double
  public var steps: Int

  /// - Precondition: a positive rate, at least one step.
  public init(rate: Double = 0.1, steps: Int = 100) {
    precondition(rate > 0 && steps >= 1, "Adam: rate \(rate), \(steps) steps")
    self.rate = rate
    self.steps = steps
  }

  public var name: String { "adam" }

  public func run(_ search: Search) throws(TuningStop) {
    var (θ, record) = try search.begin(bounding: true)
    var mean = Vector<Double>.zeros(θ.count)
    var square = mean
    var firstNorm: Double?
    for k in 1...steps {
      // Where nothing is known of the slope the moments carry on.
      let g = record.logGradient.map { Vector($0) } ?? .zeros(θ.count)
      let free = search.free(θ, g)
      let norm = Vector(count: g.count) { free[$0] ? g[$0] : 0 }.norm
      let reference = firstNorm ?? norm
      firstNorm = reference
      if record.logGradient != nil && norm <= search.limits.gradientReduction * reference { throw .gradient }
      for j in θ.indices {
        mean[j] = 0.9 * mean[j] + 0.1 * g[j]
        square[j] = 0.999 * square[j] + 0.001 * g[j] * g[j]
      }
      let (a, b) = (1 - Double.pow(0.9, k), 1 - Double.pow(0.999, k))
      let d = Vector(count: θ.count) { -(mean[$0] / a) / ((square[$0] / b).squareRoot() + .leastNormalMagnitude) }
      θ = search.project(θ, rate, d)
      record = try search.evaluate(θ, bounding: true)
      search.steps += 1
    }
    throw .exhausted
  }
}
