public import ImplicitDiff
public import LinAlg

/// f_ξ(W, Γ), the loss of a minibatch of rows with the ridge.
extension PoisonedMultinomial: SampledFunction {
  public var sampleCount: Int { loss.sampleCount }

  public func addSampleGradient(
    _ ξ: Minibatch, at w: Vector<Element>, parameters Γ: Vector<Element>, scale α: Element, to g: inout Vector<Element>
  ) {
    shift(by: Γ)
    g.add(α * ridge, w)
    batches.addGradient(ξ, at: w, scale: α, to: &g)
  }

  public func addSampleHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, parameters Γ: Vector<Element>, _ x: Vector<Element>, scale α: Element,
    to y: inout Vector<Element>
  ) {
    prepare(at: w, Γ)
    y.add(α * ridge, x)
    batches.addHessianProduct(ξ, at: w, x, scale: α, to: &y)
  }

  /// Only the poisoned samples of the batch count: row i of r gets (α/|ξ|) (V rᵢ + W Jᵢ Vᵀ xᵢ).
  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters Γ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) {
    let chosen = (0..<ξ.count).map { ξ[$0] }.filter { shiftRow[$0] >= 0 }
    guard !chosen.isEmpty else { return }
    prepare(at: w, Γ)
    let p = loss.featureCount
    let (V, W) = (loss.weights(v), loss.weights(w))
    let scale = α / Element(ξ.count)
    let out = r.mutableBase()
    batches.forJacobians(of: Minibatch(chosen), at: w, V) { samples, scores, residuals in
      if rowGradients.rows != samples.count { rowGradients = .zeros(samples.count, p, layout: .rowMajor) }
      rowGradients.assignProduct(scores, W.transposed, alpha: scale)
      rowGradients.assignProduct(residuals, V.transposed, alpha: scale, beta: 1)
      for k in 0..<samples.count {
        Element._axpy(p, 1, rowGradients.base + k * rowGradients.stride, out + shiftRow[samples[k]] * p)
      }
    }
  }

  /// The batches keep the probabilities of all samples for the products at one w and one shift.
  private func prepare(at w: Vector<Element>, _ Γ: Vector<Element>) {
    shift(by: Γ)
    // References kept here make the memory shared, so nobody can write into it: same memory, same numbers.
    if let sampled, sampled.w.sharesMemory(with: w), sampled.shift.sharesMemory(with: Γ) { return }
    batches.forgetProbabilities()
    sampled = (w, Γ)
  }
}
