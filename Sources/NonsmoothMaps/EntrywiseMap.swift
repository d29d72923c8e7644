public import LinAlg

/// The proximal map of a function of one number at given parameters: what ``EntrywiseMap`` applies to every entry.
public protocol ScalarProximalMap<Element>: Sendable {
  associatedtype Element: Scalar
  /// prox(u).
  func callAsFunction(_ u: Element) -> Element
  /// The derivative at u with x = prox(u), and b ← ∂x/∂λ.
  func derivative(at u: Element, value x: Element, kink: KinkRule, parameters b: inout [Element]) -> ScalarDerivative<
    Element
  >
}

/// The derivative of a ``ScalarProximalMap`` at a number.
public struct ScalarDerivative<Element: Scalar>: Sendable {
  public var slope: Element
  /// To the nearest kink or jump.
  public var kinkDistance: Element
  /// Whether the value jumps here.
  public var jumps: Bool

  public init(slope: Element, kinkDistance: Element = .infinity, jumps: Bool = false) {
    self.slope = slope
    self.kinkDistance = kinkDistance
    self.jumps = jumps
  }
}

/// A penalty `Σⱼ g(wⱼ, λ)` whose scalar proximal map is a smooth formula, or a few of them: a conforming type gives that map at given parameters and the value of one term, everything else
/// follows. D is diagonal. Where the scalar map is piecewise linear, ``PiecewiseLinearMap`` is faster. Cost: O(p) evaluations.
public protocol EntrywiseMap: ProximalMap where Linearization == EntrywiseLinearization<Element> {
  associatedtype ScalarMap: ScalarProximalMap<Element>
  /// g of one entry.
  func term(_ w: Element, parameters λ: Vector<Element>) -> Element
  /// prox_{s g} of one entry.
  func scalarMap(step s: Element, parameters λ: Vector<Element>) -> ScalarMap
}

extension EntrywiseMap {
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += term(w[j], parameters: λ) }
    return sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let map = scalarMap(step: s, parameters: λ)
    let p = u.mutableBase()
    for j in 0..<u.count { p[j] = map(p[j]) }
  }

  public func makeLinearization(count p: Int) -> EntrywiseLinearization<Element> { EntrywiseLinearization(count: p) }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: EntrywiseLinearization<Element>
  ) { L.fill(scalarMap(step: s, parameters: λ), at: u, parameterCount: parameterCount, kink: kink) }
}

/// The derivative of a map that acts entry by entry: a diagonal, and per entry a row of B.
public final class EntrywiseLinearization<Element: Scalar>: MaskLinearization<Element> {
  /// B, m numbers per entry.
  private var rows: [Element] = []
  private var m = 0
  private var isInRange = true
  private var isContinuous = true

  override init(count p: Int) { super.init(count: p) }

  func fill(_ map: some ScalarProximalMap<Element>, at u: Vector<Element>, parameterCount m: Int, kink: KinkRule) {
    self.m = m
    rows.removeAll(keepingCapacity: true)
    (isInRange, isContinuous) = (true, true)
    var b = Array(repeating: Element(0), count: m)
    var distance = Element.infinity
    var slopes = Vector<Element>.zeros(u.count)
    for j in 0..<u.count {
      let derivative = map.derivative(at: u[j], value: map(u[j]), kink: kink, parameters: &b)
      slopes[j] = derivative.slope
      distance = min(distance, derivative.kinkDistance)
      if derivative.jumps { isContinuous = false }
      for q in 0..<m where b[q] != 0 && derivative.slope == 0 { isInRange = false }
      rows.append(contentsOf: b)
    }
    setDerivative(kinkDistance: distance) { $0.copy(from: slopes) }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(_ pieces: [LinearPiece<Element>], at u: Vector<Element>, kink: KinkRule) {
    m = pieces[0].shift.count
    rows.removeAll(keepingCapacity: true)
    (isInRange, isContinuous) = (true, true)
    var distance = Element.infinity
    for piece in pieces where piece.end.isFinite {
      for j in 0..<u.count { distance = min(distance, (u[j] - piece.end).magnitude) }
    }
    setDerivative(kinkDistance: distance) { d in
      for j in 0..<u.count {
        var i = 0
        while i + 1 < pieces.count && u[j] > pieces[i].end { i += 1 }
        // At a breakpoint, the piece right of it: the next one that is not empty.
        var k = i
        while k + 1 < pieces.count && u[j] == pieces[k].end { k += 1 }
        let (low, high) = pieces[i].slope <= pieces[k].slope ? (pieces[i], pieces[k]) : (pieces[k], pieces[i])
        let share: Element = i == k ? 0 : Element(kink.derivative)
        d[j] = (1 - share) * low.slope + share * high.slope
        let x = pieces[i](u[j])
        // Pieces that meet do so but for a few roundings.
        if i != k && (pieces[k](u[j]) - x).magnitude > 1e3 * .ulpOfOne * u[j].magnitude { isContinuous = false }
        for q in 0..<m {
          let b = (1 - share) * (low.shift[q] + low.growth[q] * x) + share * (high.shift[q] + high.growth[q] * x)
          if b != 0 && d[j] == 0 { isInRange = false }
          rows.append(b)
        }
      }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public override func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for j in 0..<x.count { for q in 0..<m { x[j] += rows[j * m + q] * μ[q] } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public override func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for j in 0..<v.count { for q in 0..<m { g[q] += α * rows[j * m + q] * v[j] } }
  }

  public override var parametersLieInRange: Bool { isInRange }
  public override var isDefined: Bool { isContinuous }
}
