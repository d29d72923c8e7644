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
      if let offsets = samples.offsets { scores.add(1, offsets) }
      Self.curvatures(scores: scores, targets: targets, into: &curvatures)
      bound = Double(curvatures.maxNorm)
    }
    // Weights have mean 1: by them a row counts as often as if it were repeated.
    var norms = squaredColumnNorms[segment: 0..<p]
    if let weights = samples.weights {
      norms = .zeros(p)
      features.squaredColumnNorms(
        IndexSubset(Array(0..<p), universe: featureCount), weights: weights, into: &norms)
    }
    let mean = Double(norms.oneNorm) / (Double(sampleCount) * Double(p)) * bound
    return min(max(mean, .leastNormalMagnitude), .greatestFiniteMagnitude / 16)
  }
}
