public import LinAlg

/// `g(w, λ) = Σⱼ tⱼ |wⱼ|` for lowerⱼ ≤ wⱼ ≤ upperⱼ, infinite elsewhere, tⱼ = factorⱼ λ_{i(j)} (``SharedStrengths``): the lasso's penalty with bounds on
/// the coefficients, of which w ≥ 0 is the nonnegative lasso's.
///
/// prox is soft thresholding, then clipping. D is the mask of what is neither thresholded to 0 nor at a bound; B's column of a strength is
/// −s D factor ∘ sign(w). At kinks the ``KinkRule`` decides: `zero` takes the constant piece, `one` the other, `midpoint` the mean.
public struct BoundedL1<Element: Scalar>: ProximalMap {
  public let strengths: SharedStrengths
  /// One for each coordinate; −∞ where there is none.
  public let lower: Vector<Element>
  /// One for each coordinate; ∞ where there is none.
  public let upper: Vector<Element>

  /// - Precondition: as many lower as upper bounds; lower ≤ 0 ≤ upper, so that 0 is where strengths lead; strengths of as many coordinates.
  public init(_ strengths: SharedStrengths = .single, lower: Vector<Element>, upper: Vector<Element>) {
    precondition(
      lower.count == upper.count && lower.allSatisfy { $0 <= 0 } && upper.allSatisfy { $0 >= 0 },
      "BoundedL1: \(lower.count) lower bounds must be at most 0, as many upper ones (\(upper.count)) at least 0")
    strengths.requireCoordinates(lower.count)
    self.strengths = strengths
    self.lower = lower
    self.upper = upper
  }

  public var parameterCount: Int { strengths.count }
  public func admits(count p: Int) -> Bool { lower.count == p }

  /// Strengths are finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.negative(in: λ, expected: "a strength of at least 0")
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count {
      if w[j] < lower[j] || w[j] > upper[j] { return .infinity }
      sum += strengths.strength(j, λ) * w[j].magnitude
    }
    return sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    strengths.requireCoordinates(u.count)
    for j in 0..<u.count {
      let t = s * strengths.strength(j, λ)
      let x = u[j]
      // A NaN stays one.
      let thresholded = x > t ? x - t : x < -t ? x + t : x.magnitude <= t ? 0 : x
      u[j] = thresholded < lower[j] ? lower[j] : thresholded > upper[j] ? upper[j] : thresholded
    }
  }

  public func makeLinearization(count p: Int) -> BoundedL1Linearization<Element> {
    BoundedL1Linearization(count: p, strengths)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: BoundedL1Linearization<Element>
  ) { L.fill(at: u, step: s, self, λ, kink: kink) }

  /// Where no strength is 0, since then a 0 may lie within a piece; what is at a bound counts as held there.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    into L: BoundedL1Linearization<Element>
  ) -> Bool {
    guard strengths.leastPenalized(λ) > 0 else { return false }
    L.fill(atSolution: w, step: s, self)
    return true
  }

  /// Which sign every entry has, and at which bound it is.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for j in 0..<w.count {
      let isFree = strengths.factor(j) as Element == 0
      let sign: UInt64 = isFree || w[j] == 0 ? 0 : w[j] > 0 ? 1 : 2
      hash.add(sign + (w[j] <= lower[j] ? 4 : 0) + (w[j] >= upper[j] ? 8 : 0))
    }
    return hash.value
  }

  /// ‖w‖₂ ≤ ‖w‖₁ ≤ g(w)/(the least strength).
  public func normBound(excess: Element, parameters λ: Vector<Element>) -> Element? {
    let bound = excess / strengths.least(λ)
    return bound.isFinite ? bound : nil
  }
}

extension BoundedL1: InterceptPenalty {
  /// The last coordinate has neither strength nor bounds.
  public func appendingUnpenalized(after p: Int) -> BoundedL1 {
    func appending(_ x: Vector<Element>, _ last: Element) -> Vector<Element> {
      Vector(count: p + 1) { $0 < p ? x[$0] : last }
    }
    return BoundedL1(
      strengths.appendingUnpenalized(after: p), lower: appending(lower, -.infinity), upper: appending(upper, .infinity))
  }
}

/// The derivative of thresholding and clipping: a mask, and signs times factors on it.
public final class BoundedL1Linearization<Element: Scalar>: MaskLinearization<Element> {
  private let strengths: SharedStrengths
  /// −s D factor ∘ sign.
  private var signs: Vector<Element>
  private var scratch: Vector<Element>

  init(count p: Int, _ strengths: SharedStrengths) {
    strengths.requireCoordinates(p)
    self.strengths = strengths
    signs = .zeros(p)
    scratch = .zeros(p)
    super.init(count: p)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(
    at u: Vector<Element>, step s: Element, _ penalty: BoundedL1<Element>, _ λ: Vector<Element>, kink: KinkRule
  ) {
    let share = Element(kink.derivative)
    var distance = Element.infinity
    for j in 0..<u.count {
      let t = s * strengths.strength(j, λ)
      // The pieces that are not constant are those of a positive and of a negative value, from the threshold to the bound; without a threshold
      // they are one.
      let (low, high) = (penalty.lower[j] - t, penalty.upper[j] + t)
      let isPenalized = strengths.factor(j) as Element != 0
      let size = u[j].magnitude
      let isInside = u[j] > low && u[j] < high && (size > t || !isPenalized)
      let isOnKink = u[j] == low || u[j] == high || (isPenalized && size == t)
      // A bound of 0 leaves no piece on its side.
      let hasPiece = u[j] >= 0 ? penalty.upper[j] > 0 : penalty.lower[j] < 0
      scratch[j] = isOnKink && hasPiece ? share : isInside ? 1 : 0
      let toThreshold = isPenalized ? (size - t).magnitude : .infinity
      distance = min(distance, (u[j] - low).magnitude, (u[j] - high).magnitude, toThreshold)
      if u[j].isNaN { (scratch[j], distance) = (.nan, .nan) }
    }
    setDerivative(kinkDistance: distance) { $0.copy(from: scratch) }
    signs.assignProduct(-s, derivative, signOf: u)
    strengths.scaleByFactors(&signs)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(atSolution w: Vector<Element>, step s: Element, _ penalty: BoundedL1<Element>) {
    setDerivative(kinkDistance: nil, isMask: true) { d in
      for j in 0..<w.count {
        let isInside = w[j] > penalty.lower[j] && w[j] < penalty.upper[j]
        let isFree = w[j] != 0 || strengths.factor(j) as Element == 0
        d[j] = isInside && isFree ? 1 : 0
      }
    }
    signs.assignProduct(-s, derivative, signOf: w)
    strengths.scaleByFactors(&signs)
  }

  /// Every coordinate has one strength.
  public override var parametersFrobeniusNorm: Element? { signs.norm }

  public override func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    strengths.addProduct(signs, μ, to: &x, scratch: &scratch)
  }

  public override func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    strengths.collect(signs, v, scale: α, into: &g)
  }
}
