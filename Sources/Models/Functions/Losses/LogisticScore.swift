internal import RealModule
public import LinAlg

/// f(w) = (1/n) Σ log(1 + exp(−yᵢ xᵢ·w)), yᵢ = ±1: binary logistic regression.
public typealias LogisticLoss<Element: Scalar> = SeparableLoss<LogisticScore<Element>>

/// ℓ(z, y) = log(1 + exp(−y z)), y = ±1.
public struct LogisticScore<Element: Scalar>: ScoreLoss {
  public static func isTarget(_ y: Element) -> Bool { y.magnitude == 1 }
  public static var targetDescription: String { "−1 or 1" }

  /// σ(t) σ(−t) ≤ ¼.
  public static var curvatureBound: Element { 0.25 }
  /// |ℓ‴| = |σ(t) σ(−t) (1 − 2σ(t))| is largest at σ = ½ ± 1/√12: 1/(6√3).
  public static var curvatureLipschitzConstant: Element { 1 / (6 * Element(3).squareRoot()) }
  public static var slopeBound: Element { 1 }

  public static func value(score z: Element, target y: Element) -> Element {
    let t = -y * z
    return max(t, 0) + Element.log(onePlus: Element.exp(-t.magnitude))
  }

  public static func residual(score z: Element, target y: Element) -> Element { y * sigmoid(-y * z) }

  public static func curvature(score z: Element, target y: Element) -> Element { sigmoid(z) * sigmoid(-z) }

  private static func sigmoid(_ t: Element) -> Element {
    let e = Element.exp(-t.magnitude)
    return t >= 0 ? 1 / (1 + e) : e / (1 + e)
  }

  /// Minus the binary entropy of a = |r|.
  public static func conjugate(ofNegative r: Element, target y: Element) -> Element {
    let a = min(1, r.magnitude)
    if a.isNaN { return .nan }
    return a > 0 && a < 1 ? a * Element.log(a) + (1 - a) * Element.log(onePlus: -a) : 0
  }

  // MARK: - By a kernel

  public static func fillResiduals(
    scores z: Vector<Element>, targets y: Vector<Element>, into r: inout Vector<Element>
  ) -> Element {
    requireScores(z, y, r)
    return Element._logistic(z.count, z.base, y.base, 1, r.mutableBase(), nil)
  }

  public static func fillCurvatures(
    scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>
  ) {
    requireScores(z, y, d)
    _ = Element._logistic(z.count, z.base, y.base, 1, nil, d.mutableBase())
  }

  private static func requireScores(_ z: Vector<Element>, _ y: Vector<Element>, _ out: Vector<Element>) {
    precondition(
      z.count == y.count && out.count == z.count,
      "LogisticLoss: \(z.count) scores of \(y.count) samples into \(out.count)")
  }
}
