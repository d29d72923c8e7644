import LinAlg

/// Steps against the gradient of a given length, shortened where they do not lower the value.
public struct GradientDescent: OuterOptimizer {
  /// The length of the first step in the largest hyperparameter's logarithm.
  public var step: Double

  /// - Precondition: a positive step.
  public init(step: Double = 0.5) {
    precondition(step > 0, "GradientDescent: a step of \(step)")
    self.step = step
  }

  public var name: String { "descent" }

  public func run(_ search: Search) throws(TuningStop) {
    var (θ, record) = try search.begin(bounding: true)
    var firstNorm: Double?
    var length: Double?
    while true {
      let g = Vector(record.logGradient!)
      let free = search.free(θ, g)
      let projected = Vector(count: g.count) { free[$0] ? g[$0] : 0 }
      let reference = firstNorm ?? projected.norm
      firstNorm = reference
      if projected.norm <= search.limits.gradientReduction * reference { throw .gradient }
      var failure: String?
      var α = length ?? step / projected.maxNorm
      while true {
        let point = search.project(θ, -α, projected)
        if point == θ || α * projected.maxNorm < 1e-12 {
          throw failure.map { .failed($0) } ?? .noDescent
        }
        let found = try search.evaluate(point, bounding: true)
        failure = found.failure
        if let value = found.value, found.logGradient != nil, found.selected > 0,
          value <= record.value! - 1e-4 * projected.dot(θ - point)
        {
          let change = record.value! - value
          (θ, record) = (point, found)
          search.steps += 1
          if change <= search.limits.valueChange / 1000 * value.magnitude { throw .value }
          break
        }
        α /= 2
      }
      length = 2 * α
    }
  }
}
