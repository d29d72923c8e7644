import LinAlg

/// Features of strength 0: free to move always, and so fitted exactly in every working set.
extension WorkingSetRun {
  /// The fit of these features alone.
  mutating func fitUnpenalized() {
    for _ in 0..<3 {
      solveWorkingSet(unpenalized, gap: 0, true)
      refreshResiduals()
      if isModelSolved || !lossValue.isFinite { break }
    }
    // It belongs to another working set.
    isModelSolved = false
  }

  /// Rounding of a column's derivative, for a column of unit mean square: a sum of products errs by some half-ulps of the root of the number of
  /// its terms, these being independent, and residuals by those of the targets.
  private var noise: Element {
    let terms = Element(loss.features.columnTerms).squareRoot() + 4
    return terms * .ulpOfOne * (residuals.norm + loss.targets.norm) / Element(n).squareRoot()
  }

  /// Whether their derivatives vanish to rounding: that of the sums, and what a factored system leaves (k half-ulps of √(h_i h_j) in every entry, h the
  /// diagonal).
  func meetsUnpenalized() -> Bool {
    if unpenalized.count == 0 { return true }
    var curvatures = Vector<Element>.zeros(n)
    loss.curvatures(scores: scores, into: &curvatures)
    let largest = curvatures.maxNorm / Element(n)
    let squares = loss.squaredColumnNorms
    var (trace, count): (Element, Element) = (0, 64)
    for j in 0..<w.count where w[j] != 0 {
      trace += largest * squares[j] + ridge(j)
      count += 1
    }
    let backward = count * .ulpOfOne * trace.squareRoot() * w.norm
    let ofSums = 16 * noise
    for i in 0..<unpenalized.count {
      let j = unpenalized[i]
      let ofSystem = (largest * squares[j] + ridge(j)).squareRoot() * backward
      let allowance = ofSystem + (squares[j] / Element(n)).squareRoot() * ofSums
      if !(gradient[j].magnitude <= allowance) { return false }
    }
    return true
  }

  /// Whether the columns, with the ridge's rows below, are linearly independent to working precision.
  func unpenalizedAreIndependent() -> Bool {
    isDefinite(curvatureFloor: 0) { [loss, unpenalized, n] in
      loss.features.gram(columns: unpenalized, weights: nil, alpha: 1 / Element(n), into: &$0, workspace: ColumnGram())
    }
  }

  /// Whether the objective is curved, beyond rounding, along the features without a penalty: a loss that falls for ever along them ends where its
  /// derivative has become rounding, and its curvature with it.
  mutating func minimizerIsUnique() -> Bool {
    if unpenalized.count == 0 || loss.linearTerm != nil { return true }
    hessian.setWeights { loss.curvatures(scores: scores, into: &$0) }
    return isDefinite(curvatureFloor: 64 * noise) { [hessian, unpenalized] in
      hessian.assemble(on: unpenalized, into: &$0)
    }
  }

  /// Whether the matrix that `fill` writes, with the ridge, is positive definite in the units of columns of unit mean square.
  ///
  /// - Parameter curvatureFloor: what a diagonal entry must exceed.
  private func isDefinite(curvatureFloor: Element, _ fill: (inout Matrix<Element>) -> Void) -> Bool {
    let k = unpenalized.count
    var G = Matrix<Element>.zeros(k, k)
    fill(&G)
    let squares = loss.squaredColumnNorms
    let units = Vector<Element>(count: k) { i in
      let square = squares[unpenalized[i]] / Element(n) + ridge(unpenalized[i])
      return square > 0 ? 1 / square.squareRoot() : 0
    }
    for i in 0..<k {
      G[i, i] += ridge(unpenalized[i])
      if !(G[i, i] * units[i] * units[i] > curvatureFloor) { return false }
    }
    let cholesky = CholeskyWorkspace<Element>(capacity: k)
    do throws(FactorizationError) {
      try cholesky.factor(count: k) { H in
        for j in 0..<k { for i in j..<k { H[i, j] = G[i, j] * units[i] * units[j] } }
      }
    } catch { return false }
    return cholesky.pivotRatio > Element(k) * .ulpOfOne
  }
}

extension Vector {
  /// Where the entries are 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func indicesOfZeros() -> [Int] {
    var indices: [Int] = []
    for i in 0..<count where self[i] == 0 { indices.append(i) }
    return indices
  }
}

extension IndexSubset {
  /// Where x is not zero, and `others`, increasing.
  init<Element: Scalar>(nonzerosOf x: Vector<Element>, and others: [Int]) {
    if others.isEmpty {
      self.init(nonzerosOf: x)
      return
    }
    var marked = Vector(copying: x)
    for j in others { marked[j] = 1 }
    self.init(nonzerosOf: marked)
  }
}
