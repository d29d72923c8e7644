import LinAlg

/// Passes of half the bytes, for solves that end at a duality gap.
extension WorkingSetRun {
  /// The gradient by a copy of X in single precision and a bound on every error; in full precision on the support and on features whose bound reaches their
  /// strength. The others are sure to meet their conditions, and what their slopes are is only asked from above: they get their bounds. So the gap and
  /// the next working set are those of full precision. From the second of such solves on, where one pass pays for the copy; false where that is not done.
  mutating func refreshGradientInSingle() -> Bool {
    guard precision != nil, hessian.roughSolves > 1, alive.count == w.count, let X = hessian.singleFeatures else {
      return false
    }
    let size = residuals.maxNorm
    guard size > 0, size.isFinite else { return false }
    // Residuals in units of the largest, so that none is lost below the range.
    var scaled = Vector(copying: residuals)
    scaled.scale(by: 1 / size)
    var r = Vector<Float>.zeros(n)
    scaled.copy(toSingle: &r)
    var slopes = Vector<Float>.zeros(w.count)
    slopes.assignLargeProduct(X.transposed, r)
    if slopes.firstNonFinite != nil { return false }
    // Two roundings of data and a sum of n products err by n + 2 half-ulps of ‖xⱼ‖ ‖r‖ at most, an ulp each covers the norms' own rounding; what is
    // lost below the range of single precision is some smallest numbers a row.
    let share = Element(Float.ulpOfOne) * Element(n + 8) * residuals.norm / Element(n)
    let lost = 4 * Element(Float.leastNormalMagnitude) * size
    let unit = size / Element(n)
    let norms = loss.squaredColumnNorms
    gradient.copy(fromSingle: slopes)
    var open: [Int] = []
    let (g, t, x, squares) = (gradient.mutableBase(), strengths.base, w.base, norms.base)
    for j in 0..<w.count {
      let slope = g[j] * unit
      let bound = slope.magnitude + share * squares[j].squareRoot() + lost
      g[j] = slope < 0 ? -bound : bound
      if x[j] != 0 || !(bound <= t[j]) { open.append(j) }
    }
    let columns = IndexSubset(open, universe: w.count)
    var exact = Vector<Element>.zeros(columns.count)
    loss.features.multiplyTransposed(columns: columns, residuals, alpha: 1 / Element(n), into: &exact)
    for k in 0..<columns.count { gradient[columns[k]] = exact[k] }
    subtractRidge()
    return true
  }
}
