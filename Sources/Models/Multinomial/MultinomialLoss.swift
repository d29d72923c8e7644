public import LinAlg

/// f(W) = mean over samples of −log softmax(Wᵀ xᵢ)_{yᵢ}, X n × p dense or sparse, W p × c: multinomial logistic regression.
///
/// A state vector holds W column by column (class by class). Every product is a pair of matrix products with c columns; a
/// sparse X stays sparse.
public final class MultinomialLoss<Element: Scalar> {
  /// X, of which an attack may shift rows.
  let features: any ShiftedFeatures<Element>
  /// yᵢ in 0 ..< classCount.
  public let labels: [Int]
  /// c.
  public let classCount: Int
  /// Scores, probabilities or residuals of all samples, n × c row-major.
  private var scores: Matrix<Element>
  private var logSums: Vector<Element>

  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Precondition: as many labels as rows, at least one row and one column, labels in 0 ..< classCount.
  public convenience init(features: Matrix<Element>, labels: [Int], classCount: Int) {
    self.init(DenseFeatures(features, shifted: []), labels: labels, classCount: classCount)
  }

  /// Features of any design.
  ///
  /// - Precondition: as many labels as rows, at least one row and one column, labels in 0 ..< classCount.
  public convenience init(features: any DesignMatrix<Element>, labels: [Int], classCount: Int) {
    self.init(shiftedFeatures(features, shifted: []), labels: labels, classCount: classCount)
  }

  init(_ features: any ShiftedFeatures<Element>, labels: [Int], classCount: Int) {
    precondition(
      features.rows == labels.count && features.rows > 0 && features.columns > 0,
      "MultinomialLoss: \(features.rows) × \(features.columns) features with \(labels.count) labels")
    precondition(
      classCount >= 2 && labels.allSatisfy { $0 >= 0 && $0 < classCount },
      "MultinomialLoss: labels must lie in 0 ..< \(classCount)")
    self.features = features
    self.labels = labels
    self.classCount = classCount
    scores = .zeros(features.rows, classCount, layout: .rowMajor)
    logSums = .zeros(features.rows)
  }

  /// n.
  public var sampleCount: Int { labels.count }
  /// p.
  public var featureCount: Int { features.columns }
  /// p c.
  public var stateCount: Int { featureCount * classCount }

  /// W of a state vector, p × c column-major, over the same memory.
  func weights(_ w: Vector<Element>) -> Matrix<Element> { Matrix(columnsOf: w, rows: featureCount) }

  /// P ← softmax of the scores, n × c row-major; the mean loss.
  @discardableResult
  func probabilities(at w: Vector<Element>, into P: inout Matrix<Element>) -> Element {
    features.multiply(weights(w), into: &P)
    let n = sampleCount
    let c = classCount
    // The score of the true class is read before the softmax takes its place.
    var sum: Element = 0
    for i in 0..<n { sum -= P.base[i * P.stride + labels[i]] }
    Element._softmaxRows(n, c, P.mutableBase(), logSums.mutableBase())
    for i in 0..<n { sum += logSums.base[i] }
    return sum / Element(n)
  }

  /// ‖column‖² of every column of X, without shifts.
  public var squaredColumnNorms: Vector<Element> { features.squaredColumnNorms }

  /// f(W).
  public func value(at w: Vector<Element>) -> Element { probabilities(at: w, into: &scores) }

  /// g ← ∇f(W) = Xᵀ (P − Y)/n, as a state vector; f(W).
  @discardableResult
  public func gradient(at w: Vector<Element>, into g: inout Vector<Element>) -> Element {
    let value = probabilities(at: w, into: &scores)
    finishGradient(into: &g)
    return value
  }

  /// g ← ∇f where the probabilities are known.
  func gradient(probabilities P: Matrix<Element>, into g: inout Vector<Element>) {
    scores.copy(from: P)
    finishGradient(into: &g)
  }

  /// g ← Xᵀ (P − Y)/n, P standing in `scores`.
  private func finishGradient(into g: inout Vector<Element>) {
    subtractLabels(from: &scores)
    g.withColumns(rows: featureCount) { G in
      features.multiplyTransposed(scores, alpha: 1 / Element(sampleCount), beta: 0, into: &G)
    }
  }

  /// R ← R − Y for probabilities R.
  func subtractLabels(from R: inout Matrix<Element>) {
    for i in 0..<sampleCount { R.subtractLabel(labels[i], fromRow: i) }
  }

  /// y ← ∇²f(W) x for the probabilities P at W: Xᵀ (J ∘ (X V))/n, J the softmax's Jacobian.
  func applyHessian(_ x: Vector<Element>, probabilities P: Matrix<Element>, into y: inout Vector<Element>) {
    applyHessian(x, of: features, probabilities: P, into: &y)
  }

  /// As above for other columns, X and x restricted to them.
  func applyHessian(
    _ x: Vector<Element>, of X: any ClassProducts<Element>, probabilities P: Matrix<Element>,
    into y: inout Vector<Element>
  ) {
    let count = x.count / classCount
    X.multiply(Matrix(columnsOf: x, rows: count), into: &scores)
    let s = scores.mutableBase()
    Element._softmaxJacobianRows(sampleCount, classCount, 1 / Element(sampleCount), P.base, s, s)
    y.withColumns(rows: count) { X.multiplyTransposed(scores, alpha: 1, beta: 0, into: &$0) }
  }

  /// f(0) less its infimum is at most log c, since f ≥ 0; an ulp for the logarithm and one for c.
  var excessAtZero: Element { Element.log(Element(classCount)) * (1 + 2 * .ulpOfOne) }

  /// How large the terms are that make up ∇f(w) + λ w. A score is a sum whose terms' absolute values have a norm of at most ‖X‖_F ‖W‖ and moves a
  /// residual by half of itself; a row of residuals is at most √2 long. ‖X‖²_F is at most min(n, p) times the largest eigenvalue of XᵀX. Sums of
  /// length n and then p count where a map counts p c + 1 terms.
  func gradientMagnitude(at w: Vector<Element>, largestEigenvalue: Element, ridge λ: Element) -> Element {
    let (n, p) = (sampleCount, featureCount)
    let frobenius = (Element(min(n, p)) * largestEigenvalue).squareRoot()
    let longer = Element(n + p) / Element(stateCount + 1)
    return max(1, longer.squareRoot())
      * (frobenius * (frobenius * w.norm / 2 + Element(2).squareRoot()) + λ * w.norm)
  }

  /// The share of samples whose largest score is that of their label.
  public func accuracy(at w: Vector<Element>) -> Double {
    features.multiply(weights(w), into: &scores)
    var right = 0
    for i in 0..<sampleCount {
      let row = scores.base + i * scores.stride
      var best = 0
      for j in 1..<classCount where row[j] > row[best] { best = j }
      if best == labels[i] { right += 1 }
    }
    return Double(right) / Double(sampleCount)
  }
}
