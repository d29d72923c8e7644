internal import LinAlg
internal import NonsmoothMaps

/// A proximal map on a tape: what makes memory for it and its derivative when a tape is prepared for running.
struct TracedProximal<Element: Scalar> {
  let name: String
  let parameterCount: Int
  let step: Element
  /// Whether it does not expand.
  let isConvex: Bool
  let kink: KinkRule
  /// The map as text, with the constants in it.
  let describe: () -> String
  /// For arguments of p entries.
  let makeInstance: (_ p: Int) -> any ProximalInstance<Element>
  init<G: ProximalMap<Element>>(_ g: G, step: Element, kink: KinkRule) {
    name = "\(G.self)".split(separator: "<").first.map(String.init) ?? "\(G.self)"
    parameterCount = g.parameterCount
    self.step = step
    isConvex = g.isConvex
    self.kink = kink
    describe = { "\(g)" }
    makeInstance = { Instance(g, step: step, kink: kink, count: $0) }
  }
}

/// A proximal map with one derivative of it.
protocol ProximalInstance<Element>: AnyObject {
  associatedtype Element: Scalar
  var range: any ProximalLinearization<Element> { get }
  /// Whether there is a derivative where it was last applied.
  var isDefined: Bool { get }
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
  var isDefined: Bool { linearization.isDefined }

  /// Also parameters for which the proximal map of a g that is not convex is no single point.
  func violation(_ λ: Vector<Element>) -> ParameterViolation? {
    if let violation = map.violation(parameters: λ) { return violation }
    if map.isConvex { return nil }
    let limit = map.stepLimit(parameters: λ)
    if step < limit { return nil }
    let index = map.stepLimitParameter
    return ParameterViolation(
      index: index, value: index < λ.count ? Double(λ[index]) : 0,
      expected: "parameters whose proximal map is a single point at the step \(step); it is for steps below \(limit)")
  }

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
