public import LinAlg

/// The constraint lower ≤ w ≤ upper, each bound absent, fixed, or parameters: g is 0 inside and infinite outside. λ holds the parameters of the
/// lower bounds, then those of the upper ones.
///
/// prox clips. D is the mask lower < u < upper; B is 1 where u is clipped to a bound that is a parameter, which is outside of D's range. At a bound
/// the ``KinkRule`` decides: `zero` counts the coordinate as clipped, `one` as free, `midpoint` is half of both. Where the bounds meet and u lies on
/// them, the upper one counts as the one clipped to.
public struct Box<Element: Scalar>: ProximalMap {
  /// A bound of every coordinate.
  public enum Bound: Sendable, Equatable {
    case none
    case fixed(Element)
    /// One for each coordinate; infinite where there is none.
    case fixedEach(Vector<Element>)
    /// Entries of λ: one for all coordinates as the C of a support vector machine, or shared.
    case parameters(SharedStrengths = .single)
  }

  public let lower: Bound
  public let upper: Bound

  /// - Precondition: fixed bounds are numbers, the lower at most the upper.
  public init(lower: Bound, upper: Bound) {
    self.lower = lower
    self.upper = upper
    let none = Vector<Element>.zeros(0)
    let p = max(coordinates(lower), coordinates(upper))
    for bound in [lower, upper] {
      if case .parameters(let shared) = bound { shared.requireNoFactors("Box") }
      precondition(
        coordinates(bound) == 0 || coordinates(bound) == p, "Box: bounds of \(coordinates(bound)) and \(p) coordinates")
    }
    for j in 0..<max(1, p) where !lower.isParameter && !upper.isParameter {
      let (l, h) = (self.lower(j, none), self.upper(j, none))
      precondition(l <= h, "Box: the bounds \(l) and \(h) of coordinate \(j) leave nothing between")
    }
    for j in 0..<max(1, p) {
      if !lower.isParameter { precondition(!self.lower(j, none).isNaN, "Box: lower bound \(j) is not a number") }
      if !upper.isParameter { precondition(!self.upper(j, none).isNaN, "Box: upper bound \(j) is not a number") }
    }
  }

  /// w ≥ 0.
  public static var nonNegative: Box { Box(lower: .fixed(0), upper: .none) }

  public var parameterCount: Int { lower.parameterCount + upper.parameterCount }
  public func admits(count p: Int) -> Bool {
    [coordinates(lower), coordinates(upper)].allSatisfy { $0 == 0 || $0 == p }
  }

  /// Parameters must be finite, and the bounds must not cross.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.notFinite(in: λ) { return violation }
    guard parameterCount > 0 else { return nil }
    for j in 0..<max(1, coordinates(lower), coordinates(upper)) where !(lower(j, λ) <= upper(j, λ)) {
      if let place = upper.place(j) {
        let index = lower.parameterCount + place
        return ParameterViolation(
          index: index, value: Double(λ[index]), expected: "an upper bound of at least \(lower(j, λ)), the lower one")
      }
      let index = lower.place(j)!
      return ParameterViolation(
        index: index, value: Double(λ[index]), expected: "a lower bound of at most \(upper(j, λ)), the upper one")
    }
    return nil
  }

  /// 0 inside, infinite outside.
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    for j in 0..<w.count where !(w[j] >= lower(j, λ) && w[j] <= upper(j, λ)) { return w[j].isNaN ? .nan : .infinity }
    return 0
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if let l = common(lower, λ, none: -.infinity, from: 0),
      let h = common(upper, λ, none: .infinity, from: lower.parameterCount)
    {
      Self.clip(&u, l, h)
    } else {
      clip(&u, λ)
    }
  }

  /// The bound that all coordinates have; nil where they have their own.
  private func common(_ bound: Bound, _ λ: Vector<Element>, none: Element, from start: Int) -> Element? {
    switch bound {
    case .none: none
    case .fixed(let value): value
    case .fixedEach: nil
    case .parameters(let shared): shared.isSingle ? λ[start] : nil
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private static func clip(_ u: inout Vector<Element>, _ l: Element, _ h: Element) {
    let p = u.mutableBase()
    for j in 0..<u.count {
      // A NaN is on neither side and stays.
      let x = p[j] < l ? l : p[j]
      p[j] = x > h ? h : x
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func clip(_ u: inout Vector<Element>, _ λ: Vector<Element>) {
    let p = u.mutableBase()
    for j in 0..<u.count {
      let (l, h) = (lower(j, λ), upper(j, λ))
      if p[j] < l { p[j] = l }
      if p[j] > h { p[j] = h }
    }
  }

  public func makeLinearization(count p: Int) -> BoxLinearization<Element> { BoxLinearization(self, count: p) }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: BoxLinearization<Element>
  ) { L.fill(at: u, parameters: λ, kink: kink, isArgument: true) }

  /// Possible unless bounds that are parameters meet: there w does not tell which one it was clipped to.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: BoxLinearization<Element>
  ) -> Bool {
    if parameterCount > 0 { for j in 0..<w.count where lower(j, λ) == upper(j, λ) { return false } }
    L.fill(at: w, parameters: λ, kink: .zero, isArgument: false)
    return true
  }

  /// Which coordinates are at which bound.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for j in 0..<w.count { hash.add(w[j] >= upper(j, λ) ? 2 : (w[j] <= lower(j, λ) ? 1 : 0)) }
    return hash.value
  }

  private func coordinates(_ bound: Bound) -> Int {
    switch bound {
    case .none, .fixed: 0
    case .fixedEach(let all): all.count
    case .parameters(let shared): shared.index?.count ?? 0
    }
  }

  @inline(__always)
  func lower(_ j: Int, _ λ: Vector<Element>) -> Element {
    switch lower {
    case .none: -.infinity
    case .fixed(let bound): bound
    case .fixedEach(let all): all[j]
    case .parameters(let shared): λ[shared.place(j)]
    }
  }

  @inline(__always)
  func upper(_ j: Int, _ λ: Vector<Element>) -> Element {
    switch upper {
    case .none: .infinity
    case .fixed(let bound): bound
    case .fixedEach(let all): all[j]
    case .parameters(let shared): λ[lower.parameterCount + shared.place(j)]
    }
  }
}

extension Box: BlockPenalty {
  public func makeBlocks(count p: Int, parameters λ: Vector<Element>) -> Intervals<Element> {
    Intervals(lower: Vector(count: p) { lower($0, λ) }, upper: Vector(count: p) { upper($0, λ) })
  }
}

extension Box.Bound {
  var parameterCount: Int { if case .parameters(let shared) = self { shared.count } else { 0 } }
  var isParameter: Bool { parameterCount > 0 }
  /// The parameter of coordinate j, among those of this bound.
  func place(_ j: Int) -> Int? { if case .parameters(let shared) = self { shared.place(j) } else { nil } }
}

/// The derivative of clipping: a mask, and for each coordinate the parameter it is clipped to.
public final class BoxLinearization<Element: Scalar>: MaskLinearization<Element> {
  private let box: Box<Element>
  /// The clipped coordinates with the parameter and ∂w/∂bound.
  private var clipped: [(coordinate: Int, parameter: Int, slope: Element)] = []
  private var isInRange = true

  init(_ box: Box<Element>, count p: Int) {
    self.box = box
    super.init(count: p)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(at u: Vector<Element>, parameters λ: Vector<Element>, kink: KinkRule, isArgument: Bool) {
    clipped.removeAll(keepingCapacity: true)
    isInRange = true
    var distance = Element.infinity
    let p = u.base
    for j in 0..<u.count {
      distance = min(distance, (p[j] - box.lower(j, λ)).magnitude, (p[j] - box.upper(j, λ)).magnitude)
    }
    setDerivative(kinkDistance: isArgument ? distance : nil) {
      let d = $0.mutableBase()
      for j in 0..<$0.count {
        let (l, h) = (box.lower(j, λ), box.upper(j, λ))
        d[j] = p[j] <= l || p[j] >= h ? (p[j] == l || p[j] == h ? Element(kink.derivative) : 0) : 1
        if p[j] < l || p[j] > h { d[j] = 0 }
        if d[j] == 1 { continue }
        let isUpper = p[j] >= h
        guard let place = isUpper ? box.upper.place(j) : box.lower.place(j) else { continue }
        clipped.append((j, isUpper ? box.lower.parameterCount + place : place, 1 - d[j]))
        if d[j] == 0 { isInRange = false }
      }
    }
  }

  public override func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for c in clipped { x[c.coordinate] += c.slope * μ[c.parameter] }
  }

  public override func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for c in clipped { g[c.parameter] += α * c.slope * v[c.coordinate] }
  }

  /// Not where a coordinate is clipped to a parameter.
  public override var parametersLieInRange: Bool { isInRange }
}
