import LinAlg

/// Passes of half the bytes, for solves that end at a duality gap.
extension WorkingSetRun {
  /// The gradient by bounds on its entries (``DesignHessian/slopeBounds(at:squaredNorms:)``), in full precision on the support and on features whose bound exceeds
  /// their strength. The others are sure to meet their conditions, and what their slopes are is only asked from above: they get their bounds. So the gap and
  /// the next working set are those of full precision. False where that is not done.
  mutating func refreshGradientInSingle() -> Bool {
    guard precision != nil, alive.count == w.count,
      let bounds = hessian.slopeBounds(at: residuals, squaredNorms: loss.squaredColumnNorms)
    else { return false }
    gradient.copy(from: bounds)
    var open: [Int] = []
    let (g, t, x) = (bounds.base, strengths.base, w.base)
    for j in 0..<w.count where x[j] != 0 || !(g[j].magnitude <= t[j]) { open.append(j) }
    let columns = IndexSubset(open, universe: w.count)
    var exact = Vector<Element>.zeros(columns.count)
    loss.features.multiplyTransposed(columns: columns, residuals, alpha: 1 / Element(n), into: &exact)
    for k in 0..<columns.count { gradient[columns[k]] = exact[k] }
    subtractRidge()
    return true
  }
}

extension DesignHessian {
  /// Xᵀr/n by a copy of X in single precision, every entry moved away from 0 by a bound on its error. From the second solve on that ends at a gap, where one
  /// pass pays for the copy; nil where there is none, or single precision does not hold the numbers.
  @specialized(where Element == Double)
  func slopeBounds(at residuals: Vector<Element>, squaredNorms: Vector<Element>) -> Vector<Element>? {
    guard roughSolves > 1, let X = singleFeatures else { return nil }
    let n = residuals.count
    let size = residuals.maxNorm
    guard size > 0, size.isFinite else { return nil }
    // Residuals in units of the largest, so that none is lost below the range.
    var scaled = Vector(copying: residuals)
    scaled.scale(by: 1 / size)
    var r = Vector<Float>.zeros(n)
    scaled.copy(toSingle: &r)
    var slopes = Vector<Float>.zeros(X.columns)
    slopes.assignLargeProduct(X.transposed, r)
    if slopes.firstNonFinite != nil { return nil }
    // Two roundings of data and a sum of n products err by n + 2 half-ulps of ‖xⱼ‖ ‖r‖ at most, an ulp each covers the norms' own rounding; what is
    // lost below the range of single precision is some smallest numbers a row.
    let share = Element(Float.ulpOfOne) * Element(n + 8) * residuals.norm / Element(n)
    let lost = 4 * Element(Float.leastNormalMagnitude) * size
    let unit = size / Element(n)
    var bounds = Vector<Element>.zeros(X.columns)
    bounds.copy(fromSingle: slopes)
    let (g, squares) = (bounds.mutableBase(), squaredNorms.base)
    for j in 0..<X.columns {
      let slope = g[j] * unit
      let bound = slope.magnitude + share * squares[j].squareRoot() + lost
      g[j] = slope < 0 ? -bound : bound
    }
    return bounds
  }
}
