public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// Φ = G ∘ T with `T̂_ξ(w, λ) = w − s (∇f_ξ(w) + λ2 w)`, f_ξ the loss on a minibatch, and `G(u, λ) = S_{s λ1}(u)`.
extension ElasticNetMap: CompositeStochasticMap {
  public var sampleCount: Int { loss.sampleCount }

  public func applyOuter(
    _ u: Vector<Element>, parameters λ: Vector<Element>, relaxation η: Element, into w: inout Vector<Element>
  ) { SoftThreshold.apply(u, threshold: η * stepSize(parameters: λ) * λ[0], into: &w) }

  public func makeOuterLinearization() -> SoftThresholdLinearization<Element> {
    SoftThresholdLinearization(count: stateCount)
  }

  public func linearizeOuter(
    at u: Vector<Element>, parameters λ: Vector<Element>, into linearization: SoftThresholdLinearization<Element>
  ) {
    let s = stepSize(parameters: λ)
    linearization.fill(at: u, threshold: s * λ[0], thresholdDerivative: s, kink: kink)
  }

  public func makeOracle() -> ElasticNetOracle<Element> { ElasticNetOracle(self) }
}

/// [B1, B2] of u ↦ S_t(u) with t = c λ₀: `B1 = D`, and B2's only column is `−c D sign(u)`, that of λ₀.
public final class SoftThresholdLinearization<Element: Scalar>: OuterLinearization {
  private var derivative: Vector<Element>
  private var column: Vector<Element>

  init(count: Int) {
    derivative = .zeros(count)
    column = .zeros(count)
  }

  func fill(at u: Vector<Element>, threshold t: Element, thresholdDerivative c: Element, kink: KinkRule) {
    SoftThreshold.derivative(at: u, threshold: t, kink: kink, into: &derivative)
    column.assignProduct(-c, derivative, signOf: u)
  }

  public func applyStateAdjoint(_ v: Vector<Element>, into z: inout Vector<Element>) {
    z.assignProduct(derivative, v)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    g[0] += α * column.dot(v)
  }
}

/// The elastic net's T̂ on minibatches of rows, each row read once a product and none copied.
public final class ElasticNetOracle<Element: Scalar>: MinibatchOracle {
  private let map: ElasticNetMap<Element>
  private let rows: Matrix<Element>
  private var w: Vector<Element>
  private var step: Element = 0
  private var λ2: Element = 0

  init(_ map: ElasticNetMap<Element>) {
    self.map = map
    rows = map.loss.rowMajorFeatures
    w = .zeros(map.stateCount)
  }

  public func prepare(at w: Vector<Element>, parameters λ: Vector<Element>) {
    self.w.copy(from: w)
    step = map.stepSize(parameters: λ)
    λ2 = λ[1]
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>) {
    u.add(α * (1 - step * λ2), w)
    addRowGrams(ξ, w, map.loss.targets, scale: -α * step, to: &u)
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    x.add(α * (1 - step * λ2), z)
    addRowGrams(ξ, z, nil, scale: -α * step, to: &x)
  }

  public func addParametersAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  {
    g[1] -= α * step * w.dot(z)
  }

  /// x ← x + scale/|ξ| Σ (xᵢ·v − yᵢ) xᵢ over the batch's rows.
  private func addRowGrams(
    _ ξ: Minibatch, _ v: Vector<Element>, _ y: Vector<Element>?, scale: Element, to x: inout Vector<Element>
  ) {
    let out = x.mutableBase()
    ξ.withIndices {
      Element._addRowGrams(
        ξ.count, rows.columns, $0, rows.base, rows.stride, v.base, y?.base, scale / Element(ξ.count), out)
    }
  }
}
