import LinAlg

/// Judges the increments of a linear fixed-point iteration x ← A x + b.
struct IncrementWatch<Element: Scalar> {
  private let tolerance: Element
  /// What a step is rounded to, relative to x: p entries of products whose terms are of the size of x (‖A‖ is about 1 at most).
  private let rounding: Element
  private var monitor = ContractionMonitor<Element>(window: 50)
  private var last = Element.infinity
  private var isFirst = true

  /// - Parameter count: p, the entries of x.
  init(count: Int, tolerance: Element) {
    self.tolerance = tolerance
    rounding = 8 * .ulpOfOne * Element(max(1, count)).squareRoot()
  }

  /// An end where the increment is one, beside the iterate's size.
  mutating func record(_ increment: Element, size: Element) -> DerivativeOutcome<Element>? {
    let ratio = increment / last
    let isMeasured = !isFirst && ratio < 1
    last = increment
    isFirst = false
    let error = isMeasured ? increment * max(1, ratio / (1 - ratio)) : Element.infinity
    if !increment.isFinite || !size.isFinite { return .notFinite }
    if error <= tolerance * size || increment <= 2 * Element.ulpOfOne * size { return .converged }
    guard let factor = monitor.record(increment) else { return nil }
    // At the rounding error of a step the increment has nowhere to fall.
    return increment <= rounding * size ? .converged : .notContracting(factor: factor)
  }
}
