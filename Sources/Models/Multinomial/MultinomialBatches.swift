import ImplicitDiff
import LinAlg

/// The loss of a multinomial model on minibatches: a batch's rows are asked for once, and every product is a pair of matrix products
/// with c columns. Passes over all samples go by blocks of rows in place where X is dense.
final class MultinomialBatches<Element: Scalar> {
  private let loss: MultinomialLoss<Element>
  /// P for all samples, made when the first adjoint is asked for: w then stays for many products.
  private var probabilities: Matrix<Element>?
  private let batchRows: any FeatureRows<Element>
  private var scores: Matrix<Element>
  private var batchProbabilities: Matrix<Element>

  init(_ loss: MultinomialLoss<Element>) {
    self.loss = loss
    batchRows = loss.features.makeRows()
    scores = .zeros(1, loss.classCount, layout: .rowMajor)
    batchProbabilities = .zeros(1, loss.classCount, layout: .rowMajor)
  }

  /// Before products at another w.
  func forgetProbabilities() { probabilities = nil }

  private func preparedProbabilities(at w: Vector<Element>) -> Matrix<Element> {
    if let probabilities { return probabilities }
    var P = Matrix<Element>.zeros(loss.sampleCount, loss.classCount, layout: .rowMajor)
    loss.probabilities(at: w, into: &P)
    probabilities = P
    return P
  }

  /// The samples that a block of rows belongs to.
  enum Samples {
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
    if let indices = ξ.indexArray {
      resizeScores(indices.count)
      batchRows.fill(indices)
      body(batchRows, .indices(indices))
      return
    }
    loss.features.forEachBlock { X, range in
      resizeScores(range.count)
      body(X, .range(range))
    }
  }

  private func resizeScores(_ rows: Int) {
    if scores.rows != rows { scores = .zeros(rows, loss.classCount, layout: .rowMajor) }
    if batchProbabilities.rows != rows { batchProbabilities = .zeros(rows, loss.classCount, layout: .rowMajor) }
  }

  /// R ← R − Y for the samples' labels.
  private func subtractLabels(_ samples: Samples, from R: inout Matrix<Element>) {
    for k in 0..<samples.count { R.subtractLabel(loss.labels[samples[k]], fromRow: k) }
  }

  /// batchProbabilities ← P of the samples; scores ← J_k Zᵀ xₖ, J the softmax's Jacobian there.
  private func applyJacobian(
    _ X: any ClassProducts<Element>, _ samples: Samples, at w: Vector<Element>, _ Z: Matrix<Element>
  ) {
    let P = preparedProbabilities(at: w)
    switch samples {
    case .range(let range): batchProbabilities.copy(from: P[rows: range])
    case .indices(let indices): batchProbabilities.gatherRows(indices, from: P)
    }
    X.multiply(Z, into: &scores)
    let q = scores.mutableBase()
    Element._softmaxJacobianRows(samples.count, loss.classCount, 1, batchProbabilities.base, q, q)
  }

  /// g ← g + α ∇f_ξ(W).
  func addGradient(_ ξ: Minibatch, at w: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    let W = loss.weights(w)
    g.withColumns(rows: loss.featureCount) { G in
      forBlocks(of: ξ) { X, samples in
        X.multiply(W, into: &scores)
        Element._softmaxRows(samples.count, loss.classCount, scores.mutableBase(), nil)
        subtractLabels(samples, from: &scores)
        X.multiplyTransposed(scores, alpha: α / Element(ξ.count), beta: 1, into: &G)
      }
    }
  }

  /// y ← y + α ∇²f_ξ(W) x.
  func addHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, _ x: Vector<Element>, scale α: Element, to y: inout Vector<Element>
  ) {
    let V = loss.weights(x)
    y.withColumns(rows: loss.featureCount) { Y in
      forBlocks(of: ξ) { X, samples in
        applyJacobian(X, samples, at: w, V)
        X.multiplyTransposed(scores, alpha: α / Element(ξ.count), beta: 1, into: &Y)
      }
    }
  }

  /// Calls `body` with the rows J_k Zᵀ xₖ and pₖ − e_{yₖ} of a block's samples.
  func forJacobians(
    of ξ: Minibatch, at w: Vector<Element>, _ Z: Matrix<Element>,
    _ body: (_ samples: Samples, _ scores: Matrix<Element>, _ residuals: Matrix<Element>) -> Void
  ) {
    forBlocks(of: ξ) { X, samples in
      applyJacobian(X, samples, at: w, Z)
      subtractLabels(samples, from: &batchProbabilities)
      body(samples, scores, batchProbabilities)
    }
  }
}
