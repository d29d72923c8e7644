public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

extension ProximalGradientMap {
  /// The factor c by which the parameters λ of the penalty must be scaled for 0 to become the solution: at cλ and above nothing is selected. It is
  /// the upper end of every path. It is looked for within 2⁶⁰ of the gradient's size beside that of λ, in whatever units the data are; nil where there is
  /// none (no correlation with the data).
  ///
  /// Where coordinates have no penalty, as an intercept, 0 is the solution with those alone: that at the upper end.
  ///
  /// By bisection on whether the proximal map of the penalty at cλ takes −∇f(0) to 0: some sixty evaluations of it, one gradient; exact for penalties
  /// that are proportional to their parameters. f's own parameters stay.
  public func vanishingScale(parameters λ: Vector<Element>) -> Element? {
    let m = penalty.parameterCount
    let zero = Vector<Element>.zeros(stateCount)
    let strengths = λ[segment: 0..<m]
    var (gradient, image) = (zero, zero)
    // What is not zero however large the strengths are.
    var unpenalized: [Int] = []
    func vanishes(_ c: Element) -> Bool {
      image.assign(-1, gradient, 0, gradient)
      penalty.apply(step: 1, parameters: c * strengths, to: &image)
      for j in unpenalized { image[j] = 0 }
      return image.maxNorm == 0
    }
    smooth.gradient(at: zero, parameters: λ[segment: m..<λ.count], into: &gradient)
    guard var unit = unit(of: gradient, strengths) else { return nil }
    let most = unit * Element(sign: .plus, exponent: 60, significand: 1)
    if !vanishes(most) {
      unpenalized = image.indices.filter { image[$0] != 0 }
      let alone = solve(at: Vector(count: λ.count) { $0 < m ? most * λ[$0] : λ[$0] })
      guard alone.outcome == .converged, alone.state.nonzeroCount <= unpenalized.count else { return nil }
      let w = alone.state
      guard unpenalized.count(where: { w[$0] != 0 }) == w.nonzeroCount else { return nil }
      smooth.gradient(at: w, parameters: λ[segment: m..<λ.count], into: &gradient)
      for j in unpenalized { gradient[j] = 0 }
      guard let rest = self.unit(of: gradient, strengths) else { return nil }
      unit = rest
    }
    // From a power of two upwards, so that the first bracket is a factor of two.
    var (low, high): (Element, Element) = (unit, unit)
    if vanishes(unit) {
      for _ in 0..<60 where vanishes(low) { (low, high) = (low / 2, low) }
      if vanishes(low) { return nil }
    } else {
      for _ in 0..<60 where !vanishes(high) { (low, high) = (high, 2 * high) }
      if !vanishes(high) { return nil }
    }
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return high }
      if vanishes(middle) { high = middle } else { low = middle }
    }
  }

  /// The power of two by which strengths come to the gradient's size, off the ends of the numbers so that 2⁶⁰ times it, with the strengths or without, is
  /// finite and 2⁻⁶⁰ times it is normal; nil where the gradient is 0 or not finite.
  private func unit(of gradient: Vector<Element>, _ strengths: Vector<Element>) -> Element? {
    let (size, strength) = (gradient.maxNorm, strengths.maxNorm)
    guard size > 0, size.isFinite, strength.isFinite else { return nil }
    let own = strength > 0 ? Int(strength.exponent) : 0
    let highest = Int(Element.greatestFiniteMagnitude.exponent) - 62 - max(own, 0)
    let lowest = Int(Element.leastNormalMagnitude.exponent) + 61
    let exponent = max(min(Int(size.exponent) - own, highest), lowest)
    return Element(sign: .plus, exponent: Element.Exponent(exponent), significand: 1)
  }
}
