public import ImplicitDiff
public import LinAlg
import NonsmoothMaps
internal import RealModule

/// The solutions along strengths that fall from where nothing is selected, each begun from the one before: what a grid search looks at.
public struct RegularizationPath<Element: Scalar> {
  /// A point of the path.
  public struct Point {
    /// λ, m entries.
    public let parameters: Vector<Element>
    /// w, p entries, by its nonzeros.
    public let support: [Int]
    public let values: [Element]
    /// The inner objective there, penalty included.
    public let objective: Element
    /// A bound on how far that is above its minimum; nil where there is none.
    public let dualityGap: Element?
    /// Passes over the data.
    public let iterations: Int
    public let seconds: Double
    /// Of ‖w‖: p.
    let count: Int

    /// w, p entries.
    public var state: Vector<Element> {
      var w = Vector<Element>.zeros(count)
      for (j, value) in zip(support, values) { w[j] = value }
      return w
    }
  }

  public let points: [Point]
  /// Why there are fewer points than were asked for: the one after the last could not be solved. nil where all are there.
  public let failure: ConvergenceFailure?

  /// The path of `map` at λ = c · `direction` on the penalty's parameters, f's own held at those of `direction`, for c evenly spaced in its logarithm
  /// from the smallest c at which nothing is selected down to `ratio` times that.
  ///
  /// Every solve begins where the last points say that the path goes on (``PathExtrapolation``). The first point is exactly where the solution leaves 0.
  ///
  /// - Parameters:
  ///   - direction: m entries: what the strengths are at c = 1.
  ///   - count: how many points, at least 2.
  ///   - ratio: between 0 and 1.
  ///   - tolerance: every objective is proven to be at most 1/(1 − tolerance) times its minimum, where the map can prove that; 0 for w to rounding. For
  ///     F(X w) + penalty with F = ‖X w − y‖²/(2n), ‖X(w − ŵ)‖²/n ≤ 2 tolerance · objective: predictions are off by its root.
  ///   - observe: told of every point; false ends the path there.
  /// - Returns: nil where 0 is the solution at any strength.
  public init?<F, G>(
    of map: ProximalGradientMap<F, G>, along direction: Vector<Element>, count: Int = 100, ratio: Double = 1e-3,
    tolerance: Double = 1e-4, observe: (Point) -> Bool = { _ in true }
  ) where F.Element == Element {
    precondition(
      count >= 2 && ratio > 0 && ratio < 1, "RegularizationPath: \(count) points down to a ratio of \(ratio)")
    precondition(tolerance >= 0 && tolerance < 1, "RegularizationPath: a tolerance of \(tolerance)")
    guard let top = map.vanishingScale(parameters: direction) else { return nil }
    let m = map.penalty.parameterCount
    var points: [Point] = []
    var extrapolation = PathExtrapolation<Element>()
    extrapolation.append(.zeros(map.stateCount), at: top)
    var failure: ConvergenceFailure?
    for k in 0..<count {
      let c = Element(Double(top) * .exp(.log(ratio) * Double(k) / Double(count - 1)))
      let λ = Vector(count: direction.count) { $0 < m ? (k == 0 ? top : c) * direction[$0] : direction[$0] }
      let solution: PenalizedMinimum<Element>
      do throws(ConvergenceFailure) {
        solution = try map.minimum(
          at: λ, from: extrapolation.state(at: c), tolerance: tolerance == 0 ? nil : Element(tolerance))
      } catch {
        failure = error
        break
      }
      let state = solution.state
      if k > 0 { extrapolation.append(state, at: c) }
      let support = IndexSubset(nonzerosOf: state).elements
      // What the solver knows costs no pass over the data.
      let objective =
        solution.objective
        ?? map.smooth.value(at: state, parameters: λ[segment: m..<λ.count])
        + map.penalty.value(at: state, parameters: λ[segment: 0..<m])
      let point = Point(
        parameters: λ, support: support, values: support.map { state[$0] }, objective: objective,
        dualityGap: solution.dualityGap, iterations: solution.iterations, seconds: solution.seconds, count: state.count)
      points.append(point)
      if !observe(point) { break }
    }
    self.points = points
    self.failure = failure
  }
}
