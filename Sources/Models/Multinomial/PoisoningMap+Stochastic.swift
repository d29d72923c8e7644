public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// Φ = G ∘ T with `T̂_ξ(W, Γ) = W − s (∇f_{Γ,ξ}(W) + λ2 W)` on minibatches of rows and `G = S_{s λ1}`, which does not depend
/// on Γ.
extension PoisoningMap: CompositeStochasticMap {
  public var sampleCount: Int { loss.sampleCount }

  public func applyOuter(
    _ u: Vector<Element>, parameters Γ: Vector<Element>, relaxation η: Element, into w: inout Vector<Element>
  ) { SoftThreshold.apply(u, threshold: η * stepSize * λ1, into: &w) }

  public func makeOuterLinearization() -> ProximalMaskLinearization<Element> {
    ProximalMaskLinearization(count: stateCount)
  }

  public func linearizeOuter(
    at u: Vector<Element>, parameters Γ: Vector<Element>, into linearization: ProximalMaskLinearization<Element>
  ) { linearization.fill(at: u, threshold: stepSize * λ1, kink: kink) }

  public func makeOracle() -> PoisoningOracle<Element> { PoisoningOracle(self) }
}

/// [B1, B2] = [D, 0] of soft thresholding with a fixed threshold.
public final class ProximalMaskLinearization<Element: Scalar>: OuterLinearization {
  private var derivative: Vector<Element>

  init(count: Int) { derivative = .zeros(count) }

  func fill(at u: Vector<Element>, threshold t: Element, kink: KinkRule) {
    SoftThreshold.derivative(at: u, threshold: t, kink: kink, into: &derivative)
  }

  public func applyStateAdjoint(_ v: Vector<Element>, into z: inout Vector<Element>) {
    z.assignProduct(derivative, v)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {}
}

/// The poisoning map's T̂ on minibatches: a batch's rows are gathered once, and every product is a pair of matrix products
/// with c columns. Passes over all samples go by blocks of rows in place.
public final class PoisoningOracle<Element: Scalar>: MinibatchOracle {
  private let map: PoisoningMap<Element>
  private var w: Vector<Element>
  private var shift: Vector<Element>
  /// P at w for all samples, made when the first adjoint is asked for: w then stays for many products.
  private var probabilities: Matrix<Element>?
  private var gathered: Matrix<Element>
  private var scores: Matrix<Element>
  private var batchProbabilities: Matrix<Element>
  private var rowGradients: Matrix<Element>

  /// Rows of a block in a pass over all samples: 512 × 784 doubles are 3 MB, within the second cache for most.
  private static var blockRows: Int { 512 }

  init(_ map: PoisoningMap<Element>) {
    self.map = map
    let p = map.loss.featureCount
    let c = map.loss.classCount
    w = .zeros(map.stateCount)
    shift = .zeros(map.parameterCount)
    gathered = .zeros(1, p, layout: .rowMajor)
    scores = .zeros(1, c, layout: .rowMajor)
    batchProbabilities = .zeros(1, c, layout: .rowMajor)
    rowGradients = .zeros(1, p, layout: .rowMajor)
  }

  public func prepare(at w: Vector<Element>, parameters Γ: Vector<Element>) {
    shift = Γ
    map.poison(Γ)
    self.w.copy(from: w)
    probabilities = nil
  }

  private func preparedProbabilities() -> Matrix<Element> {
    if let probabilities { return probabilities }
    var P = Matrix<Element>.zeros(map.loss.sampleCount, map.loss.classCount, layout: .rowMajor)
    map.loss.probabilities(at: w, into: &P)
    probabilities = P
    return P
  }

  /// Calls `body` with the batch's rows: gathered for a batch of indices, block by block in place for all samples.
  private func forBlocks(of ξ: Minibatch, _ body: (_ X: Matrix<Element>, _ samples: [Int]) -> Void) {
    map.poison(shift)
    if let indices = ξ.indexArray {
      if gathered.rows != ξ.count { gathered = .zeros(ξ.count, map.loss.featureCount, layout: .rowMajor) }
      gathered.gatherRows(indices, from: map.loss.features)
      body(gathered, indices)
      return
    }
    var start = 0
    while start < ξ.count {
      let end = min(start + Self.blockRows, ξ.count)
      body(map.loss.features[rows: start..<end], Array(start..<end))
      start = end
    }
  }

  private func resizeScores(_ rows: Int) {
    if scores.rows != rows { scores = .zeros(rows, map.loss.classCount, layout: .rowMajor) }
    if batchProbabilities.rows != rows { batchProbabilities = .zeros(rows, map.loss.classCount, layout: .rowMajor) }
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>) {
    let s = map.stepSize
    let p = map.loss.featureCount
    let W = map.loss.weights(w)
    u.add(α * (1 - s * map.λ2), w)
    u.withColumns(rows: p) { U in
      forBlocks(of: ξ) { X, samples in
        resizeScores(X.rows)
        scores.assignProduct(X, W)
        let r = scores.mutableBase()
        Element._softmaxRows(X.rows, map.loss.classCount, r, nil)
        for (k, i) in samples.enumerated() { r[k * scores.stride + map.loss.labels[i]] -= 1 }
        U.assignProduct(X.transposed, scores, alpha: -α * s / Element(ξ.count), beta: 1)
      }
    }
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    let s = map.stepSize
    let Z = map.loss.weights(z)
    let P = preparedProbabilities()
    x.add(α * (1 - s * map.λ2), z)
    x.withColumns(rows: map.loss.featureCount) { G in
      forBlocks(of: ξ) { X, samples in
        resizeScores(X.rows)
        batchProbabilities.gatherRows(samples, from: P)
        scores.assignProduct(X, Z)
        let q = scores.mutableBase()
        Element._softmaxJacobianRows(X.rows, map.loss.classCount, 1, batchProbabilities.base, q, q)
        G.assignProduct(X.transposed, scores, alpha: -α * s / Element(ξ.count), beta: 1)
      }
    }
  }

  /// Only the poisoned samples of the batch count: row i of g gets −(α s/|ξ|) (Z rᵢ + W Jᵢ Zᵀ xᵢ).
  public func addParametersAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  {
    let p = map.loss.featureCount
    let Z = map.loss.weights(z)
    let W = map.loss.weights(w)
    let P = preparedProbabilities()
    let scale = -α * map.stepSize / Element(ξ.count)
    let chosen = (0..<ξ.count).map { ξ[$0] }.filter { map.shiftRow[$0] >= 0 }
    guard !chosen.isEmpty else { return }
    let out = g.mutableBase()
    forBlocks(of: Minibatch(chosen)) { X, samples in
      resizeScores(X.rows)
      batchProbabilities.gatherRows(samples, from: P)
      scores.assignProduct(X, Z)
      let q = scores.mutableBase()
      Element._softmaxJacobianRows(X.rows, map.loss.classCount, 1, batchProbabilities.base, q, q)
      if rowGradients.rows != X.rows { rowGradients = .zeros(X.rows, p, layout: .rowMajor) }
      rowGradients.assignProduct(scores, W.transposed, alpha: scale)
      let r = batchProbabilities.mutableBase()
      for (k, i) in samples.enumerated() { r[k * batchProbabilities.stride + map.loss.labels[i]] -= 1 }
      rowGradients.assignProduct(batchProbabilities, Z.transposed, alpha: scale, beta: 1)
      for (k, i) in samples.enumerated() {
        Element._axpy(p, 1, rowGradients.base + k * rowGradients.stride, out + map.shiftRow[i] * p)
      }
    }
  }
}
