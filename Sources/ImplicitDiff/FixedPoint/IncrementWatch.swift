import LinAlg

/// Judges the increments of a linear fixed-point iteration x ← A x + b.
///
/// The increment δ_k shrinks by the local contraction factor ϱ per step, and what is missing is δ ϱ/(1 − ϱ), with ϱ measured as the ratio of
/// the last two. Increments that stopped falling after they had fallen to a hundredth are those of rounding: independent errors,
/// which a factor ϱ sums to 1/√(1 − ϱ) increments at most, ϱ here the mean factor by which they fell before.
struct IncrementWatch<Element: Scalar> {
  private let tolerance: Element
  private var monitor = ContractionMonitor<Element>(window: 50)
  private var last = Element.infinity
  /// Since the increments last jumped, as they do where the iteration comes to another piece: the first, the least, the steps in between.
  private var first = Element.infinity
  private var least = Element.infinity
  private var steps = 0
  /// The mean factor by which they fell from the first to the least.
  private var contraction: Element = 0

  init(tolerance: Element) { self.tolerance = tolerance }

  /// An end where the increment is one, beside the iterate's size.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  mutating func record(_ increment: Element, size: Element) -> Outcome<Element>? {
    let isFirst = last == .infinity
    let ratio = increment / last
    if isFirst || increment > 100 * last {
      (first, least, steps) = (increment, increment, 0)
      monitor.reset()
    }
    last = increment
    steps += 1
    let error = !isFirst && ratio < 1 ? increment * max(1, ratio / (1 - ratio)) : Element.infinity
    if !increment.isFinite || !size.isFinite { return .notFinite() }
    if error <= tolerance * size || increment <= 2 * Element.ulpOfOne * size { return .converged }
    if increment < least / 2 {
      least = increment
      contraction = Element.pow(least / first, 1 / Element(steps))
    }
    guard let stalled = monitor.record(increment) else { return nil }
    guard 100 * least < first, increment < 4 * least else { return .notContracting(factor: stalled) }
    return increment / (1 - contraction).squareRoot() <= tolerance * size ? .converged : .stagnated
  }
}
