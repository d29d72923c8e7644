public import LinAlg

/// `g(w, λ) = Σⱼ λ_{i(j)} |wⱼ|`: the lasso's penalty, with one strength or several (``SharedStrengths``). prox is soft thresholding.
///
/// D is the mask |uⱼ| > s λⱼ; at equality the ``KinkRule`` decides. B's column of a strength is −s D sign(u) on its coordinates.
public struct L1Norm<Element: Scalar>: ProximalMap {
  public let strengths: SharedStrengths

  public init(_ strengths: SharedStrengths = .single) { self.strengths = strengths }

  public var parameterCount: Int { strengths.count }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += λ[strengths.place(j)] * w[j].magnitude }
    return sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if strengths.index == nil {
      SoftThreshold.apply(threshold: s * λ[0], to: &u)
      return
    }
    var t = Vector<Element>.zeros(u.count)
    strengths.fill(&t, from: λ, scale: s)
    SoftThreshold.apply(thresholds: t, to: &u)
  }

  public func makeLinearization(count p: Int) -> L1Linearization<Element> { L1Linearization(count: p, strengths) }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: L1Linearization<Element>
  ) { L.fill(at: u, step: s, parameters: λ, kink: kink) }

  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: L1Linearization<Element>
  ) -> Bool {
    // With a strength of zero a zero of w may lie within a piece.
    for k in 0..<strengths.count where !(λ[k] > 0) { return false }
    L.fill(atSolution: w, step: s)
    return true
  }
}

/// The derivative of soft thresholding: a mask and one column of signs.
public final class L1Linearization<Element: Scalar>: MaskLinearization<Element> {
  private let strengths: SharedStrengths
  /// −s D sign(u).
  private var signs: Vector<Element>
  private var thresholds: Vector<Element>

  init(count p: Int, _ strengths: SharedStrengths) {
    self.strengths = strengths
    signs = .zeros(p)
    thresholds = .zeros(p)
    super.init(count: p)
  }

  func fill(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule) {
    strengths.fill(&thresholds, from: λ, scale: s)
    let margin = SoftThreshold.margin(at: u, thresholds: thresholds)
    setDerivative(kinkDistance: margin) {
      SoftThreshold.derivative(at: u, thresholds: thresholds, kink: kink, into: &$0)
    }
    signs.assignProduct(-s, derivative, signOf: u)
  }

  func fill(atSolution w: Vector<Element>, step s: Element) {
    setDerivative(kinkDistance: nil) { SoftThreshold.derivative(ofValue: w, into: &$0) }
    signs.assignProduct(-s, derivative, signOf: w)
  }

  public override func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for k in 0..<active.count {
      let j = active[k]
      x[j] += signs[j] * μ[strengths.place(j)]
    }
  }

  public override func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for k in 0..<active.count {
      let j = active[k]
      g[strengths.place(j)] += α * signs[j] * v[j]
    }
  }
}
