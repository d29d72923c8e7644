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

  public func outerMargins(
    at u: Vector<Element>, parameters Γ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool {
    for j in 0..<u.count { δ[j] = (u[j].magnitude - stepSize * λ1).magnitude }
    return true
  }

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

/// The poisoning map's T̂ on minibatches: a batch's rows are asked for once, and every product is a pair of matrix products
/// with c columns. Passes over all samples go by blocks of rows in place where X is dense.
public final class PoisoningOracle<Element: Scalar>: MinibatchOracle {
  private let map: PoisoningMap<Element>
  private var w: Vector<Element>
  private var shift: Vector<Element>
  /// P at w for all samples, made when the first adjoint is asked for: w then stays for many products.
  private var probabilities: Matrix<Element>?
  private let batchRows: any FeatureRows<Element>
  private var scores: Matrix<Element>
  private var batchProbabilities: Matrix<Element>
  private var rowGradients: Matrix<Element>

  init(_ map: PoisoningMap<Element>) {
    self.map = map
    let c = map.loss.classCount
    w = .zeros(map.stateCount)
    shift = .zeros(map.parameterCount)
    batchRows = map.loss.features.makeRows()
    scores = .zeros(1, c, layout: .rowMajor)
    batchProbabilities = .zeros(1, c, layout: .rowMajor)
    rowGradients = .zeros(1, map.loss.featureCount, layout: .rowMajor)
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

  /// The samples that a block of rows belongs to.
  private enum Samples {
    case range(Range<Int>)
    case indices([Int])

    var count: Int {
      switch self {
      case .range(let range): range.count
      case .indices(let indices): indices.count
      }
    }

    subscript(k: Int) -> Int {
      switch self {
      case .range(let range): range.lowerBound + k
      case .indices(let indices): indices[k]
      }
    }
  }

  /// Calls `body` with the batch's rows: as one block for a batch of indices, block by block in place for all samples.
  private func forBlocks(of ξ: Minibatch, _ body: (_ X: any ClassProducts<Element>, _ samples: Samples) -> Void) {
    map.poison(shift)
    if let indices = ξ.indexArray {
      resizeScores(indices.count)
      batchRows.fill(indices)
      body(batchRows, .indices(indices))
      return
    }
    map.loss.features.forEachBlock { X, range in
      resizeScores(range.count)
      body(X, .range(range))
    }
  }

  private func resizeScores(_ rows: Int) {
    if scores.rows != rows { scores = .zeros(rows, map.loss.classCount, layout: .rowMajor) }
    if batchProbabilities.rows != rows { batchProbabilities = .zeros(rows, map.loss.classCount, layout: .rowMajor) }
  }

  /// R ← R − Y for the samples' labels.
  private func subtractLabels(_ samples: Samples, from R: inout Matrix<Element>) {
    for k in 0..<samples.count { R.subtractLabel(map.loss.labels[samples[k]], fromRow: k) }
  }

  /// batchProbabilities ← P of the samples; scores ← J_k Zᵀ xₖ, J the softmax's Jacobian there.
  private func applyJacobian(_ X: any ClassProducts<Element>, _ samples: Samples, _ Z: Matrix<Element>) {
    let P = preparedProbabilities()
    switch samples {
    case .range(let range): batchProbabilities.copy(from: P[rows: range])
    case .indices(let indices): batchProbabilities.gatherRows(indices, from: P)
    }
    X.multiply(Z, into: &scores)
    let q = scores.mutableBase()
    Element._softmaxJacobianRows(samples.count, map.loss.classCount, 1, batchProbabilities.base, q, q)
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>) {
    let s = map.stepSize
    let W = map.loss.weights(w)
    u.add(α * (1 - s * map.λ2), w)
    u.withColumns(rows: map.loss.featureCount) { U in
      forBlocks(of: ξ) { X, samples in
        X.multiply(W, into: &scores)
        Element._softmaxRows(samples.count, map.loss.classCount, scores.mutableBase(), nil)
        subtractLabels(samples, from: &scores)
        X.multiplyTransposed(scores, alpha: -α * s / Element(ξ.count), beta: 1, into: &U)
      }
    }
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    let s = map.stepSize
    let Z = map.loss.weights(z)
    x.add(α * (1 - s * map.λ2), z)
    x.withColumns(rows: map.loss.featureCount) { G in
      forBlocks(of: ξ) { X, samples in
        applyJacobian(X, samples, Z)
        X.multiplyTransposed(scores, alpha: -α * s / Element(ξ.count), beta: 1, into: &G)
      }
    }
  }

  /// Only the poisoned samples of the batch count: row i of g gets −(α s/|ξ|) (Z rᵢ + W Jᵢ Zᵀ xᵢ).
  public func addParametersAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  {
    let p = map.loss.featureCount
    let Z = map.loss.weights(z)
    let W = map.loss.weights(w)
    let scale = -α * map.stepSize / Element(ξ.count)
    let chosen = (0..<ξ.count).map { ξ[$0] }.filter { map.shiftRow[$0] >= 0 }
    guard !chosen.isEmpty else { return }
    let out = g.mutableBase()
    forBlocks(of: Minibatch(chosen)) { X, samples in
      applyJacobian(X, samples, Z)
      if rowGradients.rows != samples.count { rowGradients = .zeros(samples.count, p, layout: .rowMajor) }
      rowGradients.assignProduct(scores, W.transposed, alpha: scale)
      subtractLabels(samples, from: &batchProbabilities)
      rowGradients.assignProduct(batchProbabilities, Z.transposed, alpha: scale, beta: 1)
      for k in 0..<samples.count {
        Element._axpy(p, 1, rowGradients.base + k * rowGradients.stride, out + map.shiftRow[samples[k]] * p)
      }
    }
  }
}
