public import LinAlg

/// Centres and scales of features and targets, as they are over the rows that are fitted, and the way back to the units of the data.
///
/// For least squares centring features and targets is fitting an unpenalized intercept; for other losses it makes one that is fitted better
/// conditioned. Dense features only: a centred sparse matrix is dense.
public struct Standardization: Sendable {
  /// What is subtracted from every column, and from the targets.
  public let means: Vector<Double>
  public let targetMean: Double
  /// What every column is divided by; 1 for a constant one.
  public let scales: Vector<Double>

  /// - Parameters:
  ///   - X: n × p.
  ///   - y: n entries.
  ///   - centers: whether means are subtracted.
  ///   - scales: whether columns are divided by their standard deviations (about their means, divisor n).
  ///   - weights: of the rows in every mean, at least 0 and not all 0; nil where all count alike.
  ///   - centersTargets: whether the mean of the targets is subtracted where those of the features are: not where an intercept is fitted.
  public init(
    _ X: Matrix<Double>, _ y: Vector<Double>, weights: Vector<Double>? = nil, centers: Bool, scales wantsScales: Bool,
    centersTargets: Bool = true
  ) {
    let (n, p) = (X.rows, X.columns)
    let shares = Self.shares(weights, n)
    var means = Vector<Double>.zeros(p)
    var scales = Vector<Double>(repeating: 1, count: p)
    for j in 0..<p {
      let column = X.column(j)
      let mean = Self.mean(column, shares)
      if centers { means[j] = mean }
      guard wantsScales else { continue }
      var centred = Vector(copying: column)
      centred.add(constant: -mean)
      if let shares { for i in 0..<n { centred[i] *= (Double(n) * shares[i]).squareRoot() } }
      let deviation = centred.norm / Double(n).squareRoot()
      // A constant column is constant up to the rounding of its mean.
      if deviation > Double(n) * .ulpOfOne * mean.magnitude { scales[j] = deviation }
    }
    self.means = means
    self.scales = scales
    targetMean = centers && centersTargets ? Self.mean(y, shares) : 0
  }

  /// Those of a design that does not lie in one matrix: two or three passes over it. nil where it is not dense.
  public init?(
    _ X: some StandardizableDesign<Double>, _ y: Vector<Double>, weights: Vector<Double>? = nil, centers: Bool,
    scales wantsScales: Bool, centersTargets: Bool = true
  ) {
    let (n, p) = (X.rows, X.columns)
    let shares = Self.shares(weights, n) ?? Vector(repeating: 1 / Double(n), count: n)
    var found = Vector<Double>.zeros(p)
    X.multiplyTransposed(shares, alpha: 1, beta: 0, into: &found)
    var scales = Vector<Double>(repeating: 1, count: p)
    guard let centred = X.standardized(means: found, scales: scales) else { return nil }
    if wantsScales {
      var squares = Vector<Double>.zeros(p)
      centred.squaredColumnNorms(IndexSubset(Array(0..<p), universe: p), weights: shares, into: &squares)
      for j in 0..<p {
        let deviation = squares[j].squareRoot()
        // A constant column is constant up to the rounding of its mean.
        if deviation > Double(n) * .ulpOfOne * found[j].magnitude { scales[j] = deviation }
      }
    }
    means = centers ? found : .zeros(p)
    self.scales = scales
    targetMean = centers && centersTargets ? Self.mean(y, Self.shares(weights, n)) : 0
  }

  /// Weights that sum to 1.
  private static func shares(_ weights: Vector<Double>?, _ n: Int) -> Vector<Double>? {
    guard let weights else { return nil }
    precondition(weights.count == n, "Standardization: \(weights.count) weights for \(n) rows")
    let unit = weights.maxNorm
    let sum = weights.reduce(0) { $0 + $1 / unit }
    return Vector(count: n) { weights[$0] / unit / sum }
  }

  private static func mean(_ x: Vector<Double>, _ shares: Vector<Double>?) -> Double {
    if let shares { return shares.dot(x) }
    // Divided first: a sum of large numbers may overflow.
    return x.reduce(0) { $0 + $1 / Double(x.count) }
  }

  /// (X − means)/scales, column-major.
  public func features(_ X: Matrix<Double>) -> Matrix<Double> {
    X.standardized(means: means, scales: scales)
  }

  /// The same of a design that does not lie in one matrix; nil where that is not dense.
  public func features(_ X: some StandardizableDesign<Double>) -> (any DesignMatrix<Double>)? {
    X.standardized(means: means, scales: scales)
  }

  /// y − mean.
  public func targets(_ y: Vector<Double>) -> Vector<Double> {
    var result = Vector(copying: y)
    result.add(constant: -targetMean)
    return result
  }

  /// The coefficients and the intercept in the units of the data of a w (p entries) fitted to standardized ones.
  public func unscaled(_ w: Vector<Double>) -> (coefficients: Vector<Double>, intercept: Double) {
    let coefficients = Vector(count: w.count) { w[$0] / scales[$0] }
    return (coefficients, targetMean - means.dot(coefficients))
  }
}
