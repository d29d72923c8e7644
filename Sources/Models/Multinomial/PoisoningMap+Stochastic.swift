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

/// The poisoning map's T̂ on minibatches.
public final class PoisoningOracle<Element: Scalar>: MinibatchOracle {
  private let map: PoisoningMap<Element>
  private var w: Vector<Element>
  private var shift: Vector<Element>
  private let batches: MultinomialBatches<Element>
  private var rowGradients: Matrix<Element>

  init(_ map: PoisoningMap<Element>) {
    self.map = map
    w = .zeros(map.stateCount)
    shift = .zeros(map.parameterCount)
    batches = MultinomialBatches(map.loss)
    rowGradients = .zeros(1, map.loss.featureCount, layout: .rowMajor)
  }

  public func prepare(at w: Vector<Element>, parameters Γ: Vector<Element>) {
    shift = Γ
    map.poison(Γ)
    self.w.copy(from: w)
    batches.forgetProbabilities()
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>) {
    let s = map.stepSize
    map.poison(shift)
    u.add(α * (1 - s * map.λ2), w)
    batches.addGradient(ξ, at: w, scale: -α * s, to: &u)
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    let s = map.stepSize
    map.poison(shift)
    x.add(α * (1 - s * map.λ2), z)
    batches.addHessianProduct(ξ, at: w, z, scale: -α * s, to: &x)
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
    map.poison(shift)
    let out = g.mutableBase()
    batches.forJacobians(of: Minibatch(chosen), at: w, Z) { samples, scores, residuals in
      if rowGradients.rows != samples.count { rowGradients = .zeros(samples.count, p, layout: .rowMajor) }
      rowGradients.assignProduct(scores, W.transposed, alpha: scale)
      rowGradients.assignProduct(residuals, Z.transposed, alpha: scale, beta: 1)
      for k in 0..<samples.count {
        Element._axpy(p, 1, rowGradients.base + k * rowGradients.stride, out + map.shiftRow[samples[k]] * p)
      }
    }
  }
}
