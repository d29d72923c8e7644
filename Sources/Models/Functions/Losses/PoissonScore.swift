internal import RealModule
public import LinAlg

/// Poisson regression of counts with the logarithm as link, f(w) = (1/n) Σ exp(xᵢ·w) − yᵢ xᵢ·w + yᵢ log yᵢ − yᵢ, yᵢ ≥ 0: half the mean deviance, which is
/// the negative log-likelihood but for a constant that makes a perfect fit 0.
public typealias PoissonLoss<Element: Scalar> = SeparableLoss<PoissonScore<Element>>

/// ℓ(z, y) = exp(z) − y z + y log y − y, y ≥ 0 (0 log 0 = 0).
///
/// ℓ″ = exp(z) has no bound, so there is no step of a proximal-gradient iteration and no error bound: working sets solve the model, by Newton steps
/// with a line search. With counts of 0 alone nothing bounds an intercept, and there is no minimizer.
public struct PoissonScore<Element: Scalar>: ScoreLoss {
  public static func isTarget(_ y: Element) -> Bool { y >= 0 && y.isFinite }
  public static var targetDescription: String { "counts, at least 0" }
  public static var curvatureBound: Element { .infinity }
  public static var curvatureLipschitzConstant: Element { .infinity }

  public static func value(score z: Element, target y: Element) -> Element {
    // y log y − y − y z by the ratio of the mean to the count: near a perfect fit the terms cancel.
    guard y > 0 else { return Element.exp(z) }
    let t = z - Element.log(y)
    // exp(t) − 1 − t, times y.
    // A score that overflowed has no difference of infinities.
    if t == .infinity { return .infinity }
    return y * (t.magnitude < 1 / 16 ? series(t) : Element.expMinusOne(t) - t)
  }

  /// exp(t) − 1 − t = t²/2 + t³/6 + … for |t| < 1/16, where the terms after the twelfth are below the rounding of the first.
  private static func series(_ t: Element) -> Element {
    var sum: Element = 0
    for k in stride(from: 12, through: 3, by: -1) { sum = (1 + sum) * t / Element(k) }
    return t * t / 2 * (1 + sum)
  }

  public static func residual(score z: Element, target y: Element) -> Element { y - Element.exp(z) }

  public static func curvature(score z: Element, target y: Element) -> Element { Element.exp(z) }

  public static func curvatureDerivative(score z: Element, target y: Element) -> Element? { Element.exp(z) }

  /// a log a − a − y log y + y for the mean a = y − r ≥ 0, which residuals have.
  public static func conjugate(ofNegative r: Element, target y: Element) -> Element {
    let mean = y - r
    if mean.isNaN { return .nan }
    // A weighted residual divided by its weight is off by an ulp or two, and that of a vanishing mean is y itself.
    guard mean >= -4 * Element.ulpOfOne * y else { return .infinity }
    return entropy(max(0, mean)) - entropy(y)
  }

  /// x log x − x.
  private static func entropy(_ x: Element) -> Element { x > 0 ? x * (Element.log(x) - 1) : 0 }

  /// None without a bound on ℓ″.
  public static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element { .infinity }
}
