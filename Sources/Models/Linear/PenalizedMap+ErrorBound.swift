public import ImplicitDiff
public import LinAlg

/// The error bound of theory without a spectrum: the optimality conditions at w, the strong convexity of the objective on the
/// support, and margins that prove the support. docs/Theory.md derives it.
extension PenalizedMap: CertifiableMap {
  /// The support up to which strong convexity is looked for by a factorization of H_SS.
  private static var largestFactor: Int { 1500 }

  // Loops over all features: unspecialized they would cost more than the products.
  @specialized(where Loss == QuadraticLoss<Double>)
  @specialized(where Loss == LogisticLoss<Double>)
  public func solutionBounds(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization: PenalizedLinearization<Element>
  ) -> SolutionBounds<Element>? {
    let S = linearization.support
    guard linearization.owner === self, linearization.derivativeIsMask, hasSignsOfPiece(w, linearization) else {
      return nil
    }
    let conditions = OptimalityConditions(loss, groups, λ, w, S)
    guard conditions.residual.isFinite else { return nil }
    if S.count == 0 { return SolutionBounds(known: conditions.bound(strongConvexity: 1)) { nil } }
    let ridge = groups.ridge(λ)
    return SolutionBounds(known: conditions.bound(strongConvexity: ridge)) {
      guard S.count <= Self.largestFactor,
        let μ = linearization.leastEigenvalueBound(rounding: conditions.hessianRounding), μ > ridge
      else { return nil }
      return conditions.bound(strongConvexity: μ)
    }
  }

  /// Whether w is zero off the support and has the signs there that were differentiated.
  private func hasSignsOfPiece(_ w: Vector<Element>, _ linearization: PenalizedLinearization<Element>) -> Bool {
    let S = linearization.support
    // signColumn is −s D sign(u).
    for k in 0..<S.count where !(linearization.signColumn[S[k]] * (w[S[k]] > 0 ? 1 : -1) < 0 && w[S[k]] != 0) {
      return false
    }
    return w.nonzeroCount == S.count
  }
}

/// The optimality conditions of `f(w) + Σ tⱼ |wⱼ| + (λ_G/2) ‖w‖²` at w with support S, each with its rounding error.
private struct OptimalityConditions<Loss: SmoothLoss> {
  typealias Element = Loss.Element
  private let w: Vector<Element>
  private let S: IndexSubset
  private let sampleCount: Element
  /// ‖∇f + t sign(w) + λ_G w‖ on S, rounding errors added.
  let residual: Element
  /// tⱼ − |∇f(w)ⱼ| off S, rounding errors taken off, and ‖column j‖; the pairs that matter.
  private let slacks: [(slack: Element, columnNorm: Element)]
  /// A bound on ‖X_S‖_F.
  private let frobenius: Element
  private let hessianLipschitzConstant: Element
  /// A bound on the rounding error of H_SS z for ‖z‖ = 1.
  let hessianRounding: Element

  init(_ loss: Loss, _ groups: FeatureGroups, _ λ: Vector<Element>, _ w: Vector<Element>, _ S: IndexSubset) {
    self.w = w
    self.S = S
    let (n, k) = (loss.sampleCount, S.count)
    sampleCount = Element(n)
    let ulp = Element.ulpOfOne
    // A sum of n products, in whatever order, errs by n half-ulps of the sum of their absolute values; an ulp each is twice that and
    // covers the norms' own rounding. A square below the smallest normal number is lost, with at most that.
    let (ofRows, ofColumns) = (Element(n + 8) * ulp, Element(k + 8) * ulp)
    let lost = Element(n) * .leastNormalMagnitude
    let norms = loss.squaredColumnNorms
    func columnNorm(_ j: Int) -> Element { ((norms[j] + lost) * (1 + ofRows)).squareRoot() }
    var squares: Element = 0
    for i in 0..<k { squares += norms[S[i]] + lost }
    frobenius = (squares * (1 + ofRows + ofColumns)).squareRoot()
    let size = w.norm

    var compact = Vector<Element>.zeros(k)
    compact.gather(S, from: w)
    var scores = Vector<Element>.zeros(n)
    loss.features.addProduct(columns: S, compact, to: &scores)
    var r = Vector<Element>.zeros(n)
    _ = Loss.value(scores: scores, targets: loss.targets, residuals: &r)
    var gradient = Vector<Element>.zeros(w.count)
    loss.features.multiplyTransposed(r, alpha: -1 / sampleCount, beta: 0, into: &gradient)
    // |δz| ≤ k ulps of Σ|x||w|; of ∇f(w)ⱼ = −xⱼ·r/n the sum's error and that of r.
    let scoreError = ofColumns * frobenius * size + lost
    let residualError = Loss.residualError(r, scoreError: scoreError)
    let perColumn = (ofRows * r.norm + residualError) / sampleCount
    let underflow = Element(n) * .leastNonzeroMagnitude

    var strengths = Vector<Element>.zeros(w.count)
    groups.fillStrengths(λ, scale: 1, into: &strengths)
    let ridge = groups.ridge(λ)
    var d = Vector<Element>.zeros(k)
    var magnitude: Element = 0
    for i in 0..<k {
      let j = S[i]
      d[i] = gradient[j] + (w[j] > 0 ? strengths[j] : -strengths[j]) + ridge * w[j]
      magnitude += gradient[j].magnitude + strengths[j] + ridge * w[j].magnitude
    }
    residual =
      d.norm * (1 + ofColumns) + frobenius * perColumn + 4 * ulp * magnitude + underflow * Element(k).squareRoot()

    var slacks: [(slack: Element, columnNorm: Element)] = []
    slacks.reserveCapacity(w.count - k)
    var next = 0
    for j in 0..<w.count {
      if next < k, S[next] == j {
        next += 1
        continue
      }
      let norm = columnNorm(j)
      let g = gradient[j].magnitude
      slacks.append((strengths[j] - g * (1 + 4 * ulp) - norm * perColumn - underflow, norm))
    }
    self.slacks = slacks

    let trace = Loss.curvatureBound * frobenius * frobenius / sampleCount
    hessianRounding = (ofRows + ofColumns) * (trace + ridge)
    if Loss.curvatureLipschitzConstant == 0 {
      hessianLipschitzConstant = 0
    } else {
      var rows = Vector<Element>.zeros(n)
      loss.features.squaredRowNorms(into: &rows)
      let row = ((rows.maxNorm + lost) * (1 + Element(w.count + 8) * ulp)).squareRoot()
      hessianLipschitzConstant = Loss.curvatureLipschitzConstant * row * frobenius * frobenius / sampleCount
    }
  }

  /// What follows from a modulus μ₀ of strong convexity at w: with L_H the Hessian's Lipschitz constant, the modulus between w and w* is at
  /// least μ₀ − L_H e, and e (μ₀ − L_H e) = ‖d‖ has its smaller root where 4 ‖d‖ L_H ≤ μ₀².
  func bound(strongConvexity μ₀: Element) -> SolutionBound<Element>? {
    let ulp = Element.ulpOfOne
    // Where μ₀ is the ridge this is stricter than need be: a ridge is strong convexity everywhere.
    let L = hessianLipschitzConstant
    guard μ₀ > 0 else { return nil }
    // In quotients, since μ₀² may overflow.
    let discriminant = 1 - 4 * (residual / μ₀) * (L / μ₀)
    guard discriminant >= 0 else { return nil }
    let e = 2 * (residual / μ₀) / (1 + discriminant.squareRoot()) * (1 + 16 * ulp)
    let μ = (μ₀ - L * e) * (1 - 4 * ulp)
    guard e.isFinite, μ > 0 else { return nil }
    // |∇f_j(w) − ∇f_j(w*)| ≤ ‖column j‖ √(sup ℓ″ ‖d‖ e/n), and along the support ‖column j‖ sup ℓ″ ‖X_S‖ ‖δ‖/n.
    let reach = (Loss.curvatureBound * residual * e / sampleCount).squareRoot() * (1 + 16 * ulp)
    let slope = Loss.curvatureBound * frobenius / sampleCount
    var distance = Element.infinity
    for i in 0..<S.count { distance = min(distance, w[S[i]].magnitude) }
    var isProven = distance > e
    for (slack, norm) in slacks {
      if !(slack > norm * reach) { isProven = false }
      // A column of zeros never enters.
      if norm * slope > 0 || slack <= 0 {
        distance = min(distance, max(0, slack) / max(norm * slope, .leastNormalMagnitude))
      }
    }
    return SolutionBound(
      optimalityResidual: residual, strongConvexity: μ, stateError: e, isIdentified: isProven, kinkDistance: distance,
      hessianLipschitzConstant: L, hessianRounding: hessianRounding, mixedDerivativeLipschitzConstant: 1)
  }
}

extension PenalizedLinearization {
  /// A lower bound on the least eigenvalue of H_SS, or nil where none above zero is found.
  ///
  /// An estimate comes from inverse iteration with the Cholesky factor; half of it is proven by factoring H_SS − μ I: that a
  /// Cholesky factorization runs through means that the matrix, changed by at most (|S| + 1) half-ulps of its trace, is positive
  /// definite (Higham, *Accuracy and Stability of Numerical Algorithms*, theorem 10.7). Cost: H_SS and two factorizations.
  ///
  /// - Parameter rounding: a bound on the error of H_SS as assembled, in norm.
  func leastEigenvalueBound(rounding: Element) -> Element? {
    let k = support.count
    let cholesky = CholeskyWorkspace<Element>(capacity: k)
    var trace: Element = 0
    var assembled = Matrix<Element>.zeros(k, k)
    assembleHessian(into: &assembled)
    for i in 0..<k { trace += assembled[i, i] }
    do throws(FactorizationError) { try cholesky.factor(count: k) { $0.copy(from: assembled) } } catch { return nil }
    var x = Vector<Element>(count: k) { $0 % 2 == 0 ? 1 : -1 }
    var estimate = Element.infinity
    for _ in 0..<4 {
      let size = x.norm
      guard size > 0, size.isFinite else { return nil }
      x.scale(by: 1 / size)
      cholesky.solve(&x)
      estimate = min(estimate, 1 / x.norm)
    }
    let μ = estimate / 2
    do throws(FactorizationError) {
      try cholesky.factor(count: k) { H in
        H.copy(from: assembled)
        H.addToDiagonal(-μ)
      }
    } catch { return nil }
    let proven = μ - Element(k + 2) * .ulpOfOne * trace - rounding
    return proven > 0 && proven.isFinite ? proven : nil
  }
}
