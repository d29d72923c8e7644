public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension LinearModel: CertifiableFunction {
  /// The weights are the norms of the columns of X.
  @specialized(where Loss == QuadraticLoss<Double>)
  @specialized(where Loss == LogisticLoss<Double>)
  public func roundedGradient(at w: Vector<Element>, parameters λ: Vector<Element>, active S: IndexSubset)
    -> RoundedGradient<Element>
  {
    let (n, k) = (loss.sampleCount, S.count)
    let samples = Element(n)
    let ulp = Element.ulpOfOne
    // A sum of m products, in whatever order, errs by m half-ulps of the sum of their absolute values; an ulp each is twice that and
    // covers the norms' own rounding. A square that underflows errs by at most the smallest normal number.
    // How many terms a sum has: over a column n, or the stored entries of the column where X is sparse; over a row |S|, or the stored entries of the
    // row in S. In a product with the Gram matrix H_SS each sum has |S| terms, sparse or not.
    let (ofRows, ofColumns) = (Element(loss.features.columnTerms + 8) * ulp, Element(k + 8) * ulp)
    let ofScores = Element(loss.features.rowTerms(columns: S) + 8) * ulp
    let lost = samples * .leastNormalMagnitude
    let norms = loss.squaredColumnNorms
    var weights = Vector<Element>.zeros(w.count)
    let (bounds, columns) = (weights.mutableBase(), norms.base)
    for j in 0..<w.count { bounds[j] = ((columns[j] + lost) * (1 + ofRows)).squareRoot() }
    var squares: Element = 0
    for i in 0..<k { squares += norms[S[i]] + lost }
    let frobenius = (squares * (1 + ofRows + ofColumns)).squareRoot()

    var compact = Vector<Element>.zeros(k)
    compact.gather(S, from: w)
    var scores = Vector<Element>.zeros(n)
    loss.features.addProduct(columns: S, compact, to: &scores)
    var r = Vector<Element>.zeros(n)
    _ = loss.value(scores: scores, residuals: &r)
    var gradient = Vector<Element>.zeros(w.count)
    loss.features.multiplyTransposed(r, alpha: -1 / samples, beta: 0, into: &gradient)
    // |δz| ≤ m ulps of Σ|x||w|; of ∇f(w)ⱼ = −xⱼ·r/n the sum's error and that of r.
    let scoreError = ofScores * frobenius * w.norm + lost
    let residualError = loss.residualError(r, scoreError: scoreError)
    let ridge = ridge.value(λ)
    // On the coordinates that may move.
    var (leastFactor, largestFactor): (Element, Element) = (k == 0 ? 1 : .infinity, 0)
    var magnitude: Element = 0
    for i in 0..<k {
      let j = S[i]
      let factor = ridgeFactors?[j] ?? 1
      let term = ridge * factor * w[j]
      (leastFactor, largestFactor) = (min(leastFactor, factor), max(largestFactor, factor))
      magnitude += gradient[j].magnitude + term.magnitude
      gradient[j] += term
    }

    let trace = loss.curvatureBound * frobenius * frobenius / samples
    var hessianLipschitzConstant: Element = 0
    if loss.curvatureLipschitzConstant != 0 {
      var rows = Vector<Element>.zeros(n)
      loss.features.squaredRowNorms(into: &rows)
      let row = ((rows.maxNorm + lost) * (1 + Element(w.count + 8) * ulp)).squareRoot()
      // A product that underflows is below the smallest normal number, and no zero.
      hessianLipschitzConstant = max(
        .leastNormalMagnitude, loss.curvatureLipschitzConstant * row * frobenius * frobenius / samples)
    }
    // |∇f_j(w) − ∇f_j(w*)| ≤ ‖column j‖ √(sup ℓ″ (∇f(w) − ∇f(w*))·(w − w*)/n), and along the support ‖column j‖ sup ℓ″ ‖X_S‖ ‖δ‖/n.
    return RoundedGradient(
      values: gradient, weights: weights, activeWeight: frobenius, activeMagnitude: magnitude,
      errorPerWeight: (ofRows * r.norm + residualError) / samples, entryError: samples * .leastNonzeroMagnitude,
      changePerRoot: (loss.curvatureBound / samples).squareRoot(),
      slope: loss.curvatureBound * frobenius / samples, strongConvexity: ridge * leastFactor,
      hessianLipschitzConstant: hessianLipschitzConstant,
      hessianRounding: (ofRows + ofColumns) * (trace + ridge * largestFactor),
      mixedDerivativeLipschitzConstant: self.ridge == .parameter ? largestFactor : 0,
      ridgeCurvature: ridge * largestFactor)
  }
}
