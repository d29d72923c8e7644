import LinAlg

/// Bounds on the error of NSID's recursion after k steps, from measured constants. docs/Theory.md derives them.
///
/// With P = (1 − η) I + η M, v splits into its mean m, whose distance from v̄ shrinks by ‖P‖ ≤ 1 − η g, and a fluctuation f of
/// mean zero with `f ← P f + η N (m + f)`, N the noise of one minibatch. Bounded are ‖m − v̄‖, E‖f‖² and the largest
/// eigenvalue of the covariance of f on the active coordinates, those that enter M v and A2ᵀ v.
struct ErrorRecursion {
  /// What is known of the recursion.
  struct Constants {
    /// 1 − ‖M‖, of all coordinates and of the block of the active ones.
    var gap: Double
    var activeGap: Double
    /// ‖v̄‖, and that of its active part.
    var size: Double
    var activeSize: Double
    /// √(E‖N v̄‖²).
    var noise: Double
    /// The root of the largest eigenvalue of the active block of the covariance of N v̄.
    var peakNoise: Double
    /// σ: E‖N z‖² ≤ σ² ‖z‖² for every z.
    var noiseFactor: Double
    /// ‖A2‖ and ‖A2‖_F.
    var parametersNorm: Double
    var parametersFrobeniusNorm: Double

    /// The largest step for which the fluctuation is sure to shrink by 1 − η g: η (g² + σ²) ≤ g.
    var stepLimit: Double { min(1, gap / (gap * gap + noiseFactor * noiseFactor)) }
  }

  let constants: Constants
  private(set) var steps = 0
  private var bias: Double
  private var activeBias: Double
  private var variance = 0.0
  private var peak = 0.0

  init(_ constants: Constants) {
    self.constants = constants
    bias = constants.size
    activeBias = constants.activeSize
  }

  /// √(E‖v − v̄‖²).
  var adjointError: Double { (bias * bias + variance).squareRoot() }

  /// √(E‖A2ᵀ (v − v̄)‖²): the trace of A2ᵀ C A2 is at most ‖A2‖_F² λmax(C) and at most ‖A2‖² tr C.
  var hypergradientError: Double {
    let c = constants
    let bias = c.parametersNorm * activeBias
    let spread = min(
      c.parametersFrobeniusNorm * c.parametersFrobeniusNorm * peak, c.parametersNorm * c.parametersNorm * variance)
    return (bias * bias + spread).squareRoot()
  }

  /// Goes on by `count` steps whose sizes fall from `first` to `last`, `first` ≤ the step limit.
  mutating func advance(_ count: Int, first: Double, last: Double) {
    let c = constants
    let amplitude = c.noise + c.noiseFactor * bias
    // E‖f‖² ← at most (1 − η g) E‖f‖² + η² V is a mean of E‖f‖² and η V/g with weights 1 − η g and η g.
    let ceiling = max(variance, first * amplitude * amplitude / c.gap)
    let second = c.noiseFactor * c.noiseFactor * ceiling
    variance = Self.moved(variance, count, gap: c.gap, first, last, noise: amplitude * amplitude + second)
    let active = c.peakNoise + c.noiseFactor * bias
    peak = Self.moved(peak, count, gap: c.activeGap, first, last, noise: active * active + second)
    bias *= Double.pow(1 - last * c.gap, count)
    activeBias *= Double.pow(1 - last * c.activeGap, count)
    steps += count
  }

  /// A bound on x after `count` times x ← (1 − η g)² x + η² noise.
  private static func moved(
    _ x: Double, _ count: Int, gap: Double, _ first: Double, _ last: Double, noise: Double
  ) -> Double {
    let factor = (1 - last * gap) * (1 - last * gap)
    let power = Double.pow(factor, count)
    let sum = count == 1 ? 1 : (1 - power) / (1 - factor)
    return power * x + first * first * noise * sum
  }

  /// The fewest of the candidates' steps after which `isEnough`, to 1/64; nil where none takes at most `limit`.
  static func plan(
    _ constants: Constants, limit: Int, smallestβ: Double,
    isEnough: (ErrorRecursion) -> Bool
  ) -> (steps: StepSizes<Double>, error: ErrorRecursion)? {
    let η = constants.stepLimit
    var candidates = (0..<40).map { StepSizes.constant(η * Double.pow(2, -Double($0) / 2)) }
    for multiple in [1, 1.5, 2, 3, 4, 6, 8, 12, 16] where multiple / constants.gap >= smallestβ {
      let β = multiple / constants.gap
      candidates.append(.decreasing(β: β, γ: β / η))
    }
    candidates.append(.decreasing(β: smallestβ, γ: smallestβ / η))
    var best: (steps: StepSizes<Double>, error: ErrorRecursion)?
    for candidate in candidates {
      var error = ErrorRecursion(constants)
      let limit = min(limit, best.map { $0.error.steps - 1 } ?? limit)
      while error.steps < limit {
        let count = min(max(1, error.steps / 64), limit - error.steps)
        error.advance(
          count, first: candidate.step(error.steps), last: candidate.step(error.steps + count - 1))
        if isEnough(error) {
          best = (candidate, error)
          break
        }
      }
    }
    return best
  }
}
