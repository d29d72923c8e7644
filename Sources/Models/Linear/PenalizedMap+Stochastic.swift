public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// Φ = G ∘ T with `T̂_ξ(w, λ) = w − s (∇f_ξ(w) + λ_G w)`, f_ξ the loss on a minibatch, and `G(u, λ) = S_{s λ_g}(u)`.
extension PenalizedMap: CompositeStochasticMap {
  public var sampleCount: Int { loss.sampleCount }

  public func applyOuter(
    _ u: Vector<Element>, parameters λ: Vector<Element>, relaxation η: Element, into w: inout Vector<Element>
  ) {
    w.copy(from: u)
    threshold(&w, η * stepSize(parameters: λ), λ)
  }

  public func makeOuterLinearization() -> SoftThresholdLinearization<Element> {
    SoftThresholdLinearization(count: stateCount, groups)
  }

  public func linearizeOuter(
    at u: Vector<Element>, parameters λ: Vector<Element>, into linearization: SoftThresholdLinearization<Element>
  ) {
    linearization.fill(at: u, parameters: λ, thresholdScale: stepSize(parameters: λ), kink: kink)
  }

  /// | |uⱼ| − s λ_g |: the piece of uⱼ is left at ± the threshold, and where that is zero the sign of B2 is.
  public func outerMargins(
    at u: Vector<Element>, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool {
    groups.fillStrengths(λ, scale: stepSize(parameters: λ), into: &δ)
    for j in 0..<u.count { δ[j] = (u[j].magnitude - δ[j]).magnitude }
    return true
  }

  public func makeOracle() -> PenalizedOracle<Loss> { PenalizedOracle(self) }
}

/// [B1, B2] of u ↦ S_t(u) with tⱼ = c λ_{g(j)}: `B1 = D`, and B2's column for a group is `−c D sign(u)` on its features.
public final class SoftThresholdLinearization<Element: Scalar>: OuterLinearization {
  private let groups: FeatureGroups
  private var derivative: Vector<Element>
  private var column: Vector<Element>
  private var thresholds: Vector<Element>
  private var collected: Vector<Element>

  init(count: Int, _ groups: FeatureGroups = .single) {
    self.groups = groups
    derivative = .zeros(count)
    column = .zeros(count)
    thresholds = .zeros(groups.groupOfFeature == nil ? 0 : count)
    collected = .zeros(groups.count)
  }

  func fill(at u: Vector<Element>, parameters λ: Vector<Element>, thresholdScale c: Element, kink: KinkRule) {
    if groups.groupOfFeature == nil {
      SoftThreshold.derivative(at: u, threshold: c * λ[0], kink: kink, into: &derivative)
    } else {
      groups.fillStrengths(λ, scale: c, into: &thresholds)
      SoftThreshold.derivative(at: u, thresholds: thresholds, kink: kink, into: &derivative)
    }
    column.assignProduct(-c, derivative, signOf: u)
  }

  public func applyStateAdjoint(_ v: Vector<Element>, into z: inout Vector<Element>) {
    z.assignProduct(derivative, v)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    groups.collect(column, v, into: &collected)
    for k in 0..<groups.count { g[k] += α * collected[k] }
  }
}

/// The T̂ of a ``PenalizedMap`` on minibatches of rows. For the squared error each row is read once a product; otherwise its
/// scores come first, and a batch that fits the cache is read from memory once.
public final class PenalizedOracle<Loss: SmoothLoss>: MinibatchOracle {
  public typealias Element = Loss.Element
  private let map: PenalizedMap<Loss>
  private var w: Vector<Element>
  private var step: Element = 0
  private var ridge: Element = 0
  private var batch: BatchLoss<Loss>

  init(_ map: PenalizedMap<Loss>) {
    self.map = map
    w = .zeros(map.stateCount)
    batch = BatchLoss(map.loss)
  }

  public func prepare(at w: Vector<Element>, parameters λ: Vector<Element>) {
    self.w.copy(from: w)
    step = map.stepSize(parameters: λ)
    ridge = map.groups.ridge(λ)
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>) {
    u.add(α * (1 - step * ridge), w)
    batch.addGradient(ξ, at: w, scale: -α * step, to: &u)
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    x.add(α * (1 - step * ridge), z)
    batch.addHessianProduct(ξ, at: w, z, scale: -α * step, to: &x)
  }

  public func addParametersAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  {
    g[map.groups.count] -= α * step * w.dot(z)
  }
}
