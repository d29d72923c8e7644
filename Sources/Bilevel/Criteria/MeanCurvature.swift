import LinAlg
import Models

extension SmoothLoss {
  /// The mean over the first p coordinates of a bound on the loss's curvature along them, kept within the numbers where squares of the data are not: the
  /// unit in which a ridge is looked for. Where ℓ″ has no bound its largest value at `point` is taken.
  func meanCurvature(features p: Int, at point: () -> Vector<Element>) -> Double {
    var bound = Double(Self.curvatureBound)
    if !bound.isFinite {
      let w = point()
      var scores = Vector<Element>.zeros(sampleCount)
      var curvatures = scores
      features.multiply(w, alpha: 1, beta: 0, into: &scores)
      self.curvatures(scores: scores, into: &curvatures)
      bound = Double(curvatures.maxNorm)
    }
    let norms = squaredColumnNorms[segment: 0..<p]
    let mean = Double(norms.oneNorm) / (Double(sampleCount) * Double(p)) * bound
    return min(max(mean, .leastNormalMagnitude), .greatestFiniteMagnitude / 16)
  }
}
