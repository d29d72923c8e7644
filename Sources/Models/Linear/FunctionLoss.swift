public import LinAlg

/// Σᵢ φᵢ(zᵢ) of n scores, every φᵢ convex and differentiable, known by its derivatives at all scores at once: a loss that was not written for this package.
public protocol ScoreFunction<Element>: AnyObject {
  associatedtype Element: Scalar
  /// A bound on φ″ over all scores, infinite where there is none.
  var curvatureBound: Element { get }
  /// Whether φ″ does not depend on the scores.
  var isQuadratic: Bool { get }
  /// Σ φᵢ(zᵢ); g ← φ′(z), n entries.
  func value(scores z: Vector<Element>, slopes g: inout Vector<Element>) -> Element
  /// d ← φ″(z), n entries.
  func fillCurvatures(scores z: Vector<Element>, into d: inout Vector<Element>)
}

/// f(w) = Σᵢ φᵢ(xᵢ·w) less its least value over all scores, for any ``ScoreFunction`` and any design X, n × p: what working sets ask of it.
///
/// Nothing is known of the conjugate but what convexity says of it, F*(c u) ≤ c F*(u) + (1 − c) F*(0), where F*(u) = z·u − F(z) for the slopes u at the scores
/// z, and F*(0) is minus the least value: that is found by bisection of φ′, score by score.
public final class FunctionLoss<Element: Scalar>: DesignLoss {
  public let features: any DesignMatrix<Element>
  public let targets: Vector<Element>
  public let linearTerm: Vector<Element>?
  private let function: any ScoreFunction<Element>
  private let norms: ColumnNorms<Element>
  private let least: Element
  /// The scores that F was last asked for, and what was found.
  private var last: (scores: Vector<Element>, height: Element)
  private var samples: Element { Element(features.rows) }

  /// - Returns: nil where no least value is found, since some φ falls forever or is no number.
  public init?(features: any DesignMatrix<Element>, function: any ScoreFunction<Element>) {
    guard let least = function.leastValue(count: features.rows), least.isFinite else { return nil }
    self.features = features
    self.function = function
    self.least = least
    norms = ColumnNorms(features)
    let n = features.rows
    var slopes = Vector<Element>.zeros(n)
    let atZero = function.value(scores: .zeros(n), slopes: &slopes)
    last = (.zeros(n), max(0, atZero - least))
    targets = Vector(count: n) { -Element(n) * slopes[$0] }
    if function.isQuadratic {
      var linear = Vector<Element>.zeros(features.columns)
      features.multiplyTransposed(slopes, alpha: -1, beta: 0, into: &linear)
      linearTerm = linear
    } else {
      linearTerm = nil
    }
  }

  public var squaredColumnNorms: Vector<Element> { norms.squares }
  public var curvatureBound: Element { samples * function.curvatureBound }

  public func value(scores z: Vector<Element>, residuals r: inout Vector<Element>) -> Element {
    let value = height(z, slopes: &r)
    r.scale(by: -samples)
    return value
  }

  /// F(z) less the least value. A NaN stays one.
  private func height(_ z: Vector<Element>, slopes: inout Vector<Element>) -> Element {
    let height = function.value(scores: z, slopes: &slopes) - least
    last.scores.copy(from: z)
    last.height = height < 0 ? 0 : height
    return last.height
  }

  public func curvatures(scores z: Vector<Element>, into d: inout Vector<Element>) {
    function.fillCurvatures(scores: z, into: &d)
    d.scale(by: samples)
  }

  /// −c F*(u), by Fenchel and Young at the scores that u belongs to: the least value of F is 0 here.
  public func dualValue(scores z: Vector<Element>, residuals r: Vector<Element>, scale c: Element) -> Element {
    if last.scores == z { return c * (last.height + z.dot(r) / samples) }
    var slopes = Vector<Element>.zeros(r.count)
    return c * (height(z, slopes: &slopes) - z.dot(slopes))
  }

  /// Filled already where it does not depend on the scores.
  public func makeHessian() -> DesignHessian<Element> {
    let norms = norms
    let hessian = DesignHessian(features) { norms.squares }
    if linearTerm != nil { hessian.setWeights { curvatures(scores: .zeros(features.rows), into: &$0) } }
    return hessian
  }

  public func inUnits(of unit: Element) -> FunctionLoss? { nil }
}

extension ScoreFunction {
  /// A lower bound on Σ φᵢ, below its least value by at most a thousandth of what the sum at zero is above it; nil where it is not found.
  ///
  /// Every φ′ᵢ is bracketed between scores where it is not positive and not negative, by doubling, and the bracket is halved: between its ends a convex function lies above
  /// its tangents. A φ that falls ever more slowly, as log(1 + exp(z)) to the left, ends where φ′ is zero in this precision.
  fileprivate func leastValue(count n: Int) -> Element? {
    var slopes = Vector<Element>.zeros(n)
    var (lower, upper) = (Vector<Element>(repeating: -1, count: n), Vector<Element>(repeating: 1, count: n))
    // 2⁶⁴ is farther than any score whose φ has digits left.
    func bracket(_ ends: inout Vector<Element>, sign: Element) -> Bool {
      for _ in 0..<64 {
        _ = value(scores: ends, slopes: &slopes)
        if ScoreBrackets.double(&ends, where: slopes, fallsShortOf: sign) { return true }
      }
      return false
    }
    guard bracket(&lower, sign: -1), bracket(&upper, sign: 1) else { return nil }
    let atZero = value(scores: .zeros(n), slopes: &slopes)
    var middle = lower
    var best = -Element.infinity
    for _ in 0..<16 {
      for _ in 0..<4 {
        middle.assign(0.5, lower, 0.5, upper)
        _ = value(scores: middle, slopes: &slopes)
        ScoreBrackets.take(middle, slopes, &lower, &upper)
      }
      let height = value(scores: lower, slopes: &slopes)
      let below = ScoreBrackets.fall(lower, upper, slopes)
      best = max(best, height - below)
      if below <= (atZero - height) / 1000 { break }
    }
    return best
  }
}

/// Loops over the brackets of all scores.
private enum ScoreBrackets {
  /// Doubles the ends whose slopes do not have the sign yet, 0 counting as either; whether there was none.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func double<Element: Scalar>(
    _ ends: inout Vector<Element>, where slopes: Vector<Element>, fallsShortOf sign: Element
  ) -> Bool {
    let (n, g, x) = (ends.count, slopes.base, ends.mutableBase())
    var isDone = true
    for i in 0..<n where !(sign * g[i] >= 0) {
      x[i] *= 2
      isDone = false
    }
    return isDone
  }

  /// The middle becomes the end on whose side it lies.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func take<Element: Scalar>(
    _ middle: Vector<Element>, _ slopes: Vector<Element>, _ lower: inout Vector<Element>, _ upper: inout Vector<Element>
  ) {
    let (n, m, g) = (middle.count, middle.base, slopes.base)
    let (l, u) = (lower.mutableBase(), upper.mutableBase())
    for i in 0..<n { if g[i] <= 0 { l[i] = m[i] } else { u[i] = m[i] } }
  }

  /// By how much the tangents at the lower ends fall on the way to the upper ones.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func fall<Element: Scalar>(_ lower: Vector<Element>, _ upper: Vector<Element>, _ slopes: Vector<Element>)
    -> Element
  {
    let (n, l, u, g) = (lower.count, lower.base, upper.base, slopes.base)
    var sum: Element = 0
    for i in 0..<n { sum -= g[i] * (u[i] - l[i]) }
    return sum
  }
}
