internal import LinAlg
internal import NonsmoothMaps

/// A proximal map on a tape: what makes memory for it and its derivative when a tape is prepared for running.
struct TracedProximal<Element: Scalar> {
  let name: String
  let parameterCount: Int
  let step: Element
  /// For arguments of p entries.
  let makeInstance: (_ p: Int) -> any ProximalInstance<Element>
  /// Whether the argument's D suits a symmetric form: always, as of every convex function.
  init<G: ProximalMap<Element>>(_ g: G, step: Element, kink: KinkRule) {
    name = "\(G.self)".split(separator: "<").first.map(String.init) ?? "\(G.self)"
    parameterCount = g.parameterCount
    self.step = step
    makeInstance = { Instance(g, step: step, kink: kink, count: $0) }
  }
}

/// A proximal map with one derivative of it.
protocol ProximalInstance<Element>: AnyObject {
  associatedtype Element: Scalar
  var range: any ProximalLinearization<Element> { get }
  func violation(_ λ: Vector<Element>) -> ParameterViolation?
  /// out ← prox(u), and the derivative at u where `linearizes`.
  func apply(_ u: Vector<Element>, _ λ: Vector<Element>, into out: inout Vector<Element>, linearizes: Bool)
  /// y ← D x.
  func applyState(_ x: Vector<Element>, into y: inout Vector<Element>)
  /// y ← B μ.
  func applyParameters(_ μ: Vector<Element>, into y: inout Vector<Element>)
  /// g ← Bᵀ v.
  func applyParametersAdjoint(_ v: Vector<Element>, into g: inout Vector<Element>)
}

private final class Instance<G: ProximalMap>: ProximalInstance {
  typealias Element = G.Element
  private let map: G
  private let step: Element
  private let kink: KinkRule
  private let linearization: G.Linearization

  init(_ map: G, step: Element, kink: KinkRule, count: Int) {
    self.map = map
    self.step = step
    self.kink = kink
    linearization = map.makeLinearization(count: count)
  }

  var range: any ProximalLinearization<Element> { linearization }
  func violation(_ λ: Vector<Element>) -> ParameterViolation? { map.violation(parameters: λ) }

  func apply(_ u: Vector<Element>, _ λ: Vector<Element>, into out: inout Vector<Element>, linearizes: Bool) {
    if linearizes { map.linearize(at: u, step: step, parameters: λ, kink: kink, into: linearization) }
    out.copy(from: u)
    map.apply(step: step, parameters: λ, to: &out)
  }

  func applyState(_ x: Vector<Element>, into y: inout Vector<Element>) { linearization.apply(x, into: &y) }

  func applyParameters(_ μ: Vector<Element>, into y: inout Vector<Element>) {
    y.fill(0)
    linearization.addParameters(μ, to: &y)
  }

  func applyParametersAdjoint(_ v: Vector<Element>, into g: inout Vector<Element>) {
    g.fill(0)
    linearization.addParametersAdjoint(v, scale: 1, to: &g)
  }
}
