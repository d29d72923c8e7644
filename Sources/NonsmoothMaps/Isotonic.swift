public import LinAlg

/// The constraint w₁ ≤ w₂ ≤ … ≤ w_p: g is 0 there and infinite elsewhere. No parameters.
///
/// prox takes means over runs, D = the means over the runs of equal values. Where runs meet but for equality, all rules of ``KinkRule`` take the joined run.
public struct Isotonic<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 0 }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    for j in 0..<w.count where w[j].isNaN { return .nan }
    for j in 1..<max(1, w.count) where w[j] < w[j - 1] { return .infinity }
    return 0
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    MonotoneRegression.apply(to: &u)
  }

  public func makeLinearization(count p: Int) -> ClusterLinearization<Element> {
    ClusterLinearization(count: p, parameterCount: 0)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ClusterLinearization<Element>
  ) {
    var x = Vector(copying: u)
    apply(step: s, parameters: λ, to: &x)
    let margin = MonotoneRegression.margin(u, x, dual: { _ in 0 }, slack: { $0 })
    L.fill(labels: x.runs, pulls: [], kinkDistance: margin) { _ in 1 }
  }

  /// Always possible: the runs of equal values.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: ClusterLinearization<Element>
  ) -> Bool {
    L.fill(labels: w.runs, pulls: [], kinkDistance: nil) { _ in 1 }
    return true
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.runSignature }
}

extension Vector {
  /// The run of equal neighbours that each entry belongs to, counted from 0.
  var runs: [Int] {
    @specialized(where Element == Double)
    @specialized(where Element == Float)
    get {
      let p = base
      var run = 0
      var runs = Array(repeating: 0, count: count)
      for j in 1..<Swift.max(1, count) {
        if p[j] != p[j - 1] { run += 1 }
        runs[j] = run
      }
      return runs
    }
  }

  /// Which neighbours rise, fall or are equal.
  var runSignature: UInt64 {
    var hash = PieceHash()
    for j in 1..<Swift.max(1, count) { hash.add(self[j] > self[j - 1] ? 2 : (self[j] < self[j - 1] ? 1 : 0)) }
    return hash.value
  }
}
