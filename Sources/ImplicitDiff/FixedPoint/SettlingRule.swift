import LinAlg

/// When the iterates of w ← Φ(w) count as settled: at ‖Φ(w) − w‖ ≤ τ min(‖Φ(w)‖, 16 ‖Φ(0)‖).
///
/// The step is measured by the iterate and by Φ(0), not by the start: an iterate still of the size of a start of 10¹² takes steps that
/// are small beside itself wherever Φ contracts slowly, and so does one that an extrapolation has thrown far off. Of a contraction
/// ‖Φ(0)‖ ≤ 2 ‖w*‖; where ‖w*‖ is far larger the rule is stricter than the iterate alone would have it. That leaves out the fixed point
/// 0 = Φ(0), which a linear Φ approaches without ever being relatively near: it is taken once the iterates have shrunk to τ of
/// the largest.
///
/// An iterate beyond the map's own bound on the solution, or beyond ‖Φ(0)‖/(1 − q), is not the solution however small its steps.
///
/// A τ below 4 ε (1 + √p/16) is raised to that: a sum of p squares of half-ulp errors cannot be told from zero.
struct SettlingRule<Element: Scalar> {
  private let tolerance: Element
  private var largest: Element
  /// ‖Φ(0)‖; infinite where it is no number.
  private let zeroImage: Element
  /// A bound on ‖w*‖.
  private let reach: Element

  /// Costs an evaluation of Φ.
  init<Map: FixedPointMap<Element>>(tolerance: Element, map: Map, parameters λ: Vector<Element>, start: Vector<Element>)
  {
    let zero = Vector<Element>.zeros(start.count)
    var value = zero
    map.apply(zero, parameters: λ, into: &value)
    let size = value.norm
    zeroImage = size.isFinite ? size : .infinity
    let slack = 1 + 16 * Element.ulpOfOne
    var reach = (map.solutionNormBound(parameters: λ) ?? .infinity) * slack
    // Where the solution is zero, ‖Φ(0)‖ is nothing but the rounding error of Φ.
    let bound = zeroImage + map.evaluationError(at: zero, parameters: λ)
    if let q = map.contractionBound(parameters: λ), q < 1 { reach = min(reach, bound / (1 - q) * slack) }
    self.reach = reach.isNaN ? .infinity : reach
    self.tolerance = max(tolerance, 4 * Element.ulpOfOne * (1 + Element(start.count).squareRoot() / 16))
    largest = start.norm
  }

  /// Whether a step of this size to `image` is settled.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  mutating func isSettled(step: Element, image: Vector<Element>) -> Bool {
    let size = image.norm
    largest = max(largest, size)
    return isWithinReach(image) && step <= tolerance * min(size, 16 * zeroImage)
  }

  /// Whether an iterate can be the solution at all. The margin of a half is for the iterate's own error.
  func isWithinReach(_ w: Vector<Element>) -> Bool { w.norm <= reach * Element(1.5) }

  /// image ← 0, and true, where the iterates vanish beside the largest and Φ(0) = 0.
  func zeroIsTheFixedPoint(image: inout Vector<Element>) -> Bool {
    guard zeroImage == 0, image.norm <= tolerance * largest else { return false }
    image.fill(0)
    return true
  }
}
