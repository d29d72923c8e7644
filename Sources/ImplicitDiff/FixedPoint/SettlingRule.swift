import LinAlg

/// When the iterates of w ← Φ(w) count as settled: at ‖Φ(w) − w‖ ≤ τ ‖Φ(w)‖.
///
/// The step is measured by the iterate itself. Measured by the start or by the first step, a start of size 10¹² would be
/// allowed to end far from the solution. What that leaves out is the fixed point 0, which a linear Φ approaches without ever
/// being relatively near: once the iterates have shrunk to τ of the largest, Φ(0) = 0 is asked for.
///
/// A τ below 4 ε (1 + √p/16) is raised to that: a sum of p squares of half-ulp errors cannot be told from zero.
struct SettlingRule<Element: Scalar> {
  private let tolerance: Element
  private var largest: Element
  private var zeroWasTried = false

  init(tolerance: Element, start: Vector<Element>) {
    self.tolerance = max(tolerance, 4 * Element.ulpOfOne * (1 + Element(start.count).squareRoot() / 16))
    largest = start.norm
  }

  /// Whether a step of this size to `image` is settled.
  mutating func isSettled(step: Element, image: Vector<Element>) -> Bool {
    let size = image.norm
    largest = max(largest, size)
    return step <= tolerance * size
  }

  /// image ← 0, and true, where the iterates vanish beside the largest and Φ(0, λ) = 0; costs an evaluation of Φ at most
  /// once.
  mutating func zeroIsTheFixedPoint<Map: FixedPointMap<Element>>(
    of map: Map, _ λ: Vector<Element>, image: inout Vector<Element>
  ) -> Bool {
    guard !zeroWasTried, image.norm <= tolerance * largest else { return false }
    zeroWasTried = true
    let zero = Vector<Element>.zeros(image.count)
    var value = zero
    map.apply(zero, parameters: λ, into: &value)
    guard value.maxNorm == 0 else { return false }
    image.fill(0)
    return true
  }
}
