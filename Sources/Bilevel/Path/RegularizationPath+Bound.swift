public import ImplicitDiff
import LinAlg
import NonsmoothMaps
internal import RealModule

extension RegularizationPath {
  /// The solutions of a map of one parameter along values of it that rise evenly in their logarithm, each begun from the one before: the bound C of a
  /// support vector machine.
  ///
  /// - Parameters:
  ///   - count: how many points, at least 2.
  ///   - observe: told of every point; false ends the path there.
  /// - Precondition: 0 < lower < upper; the map has one parameter.
  public init<F, G>(
    of map: ProximalGradientMap<F, G>, from lower: Double, to upper: Double, count: Int = 100,
    observe: (Point) -> Bool = { _ in true }
  ) where F.Element == Element {
    precondition(
      count >= 2 && lower > 0 && lower < upper && map.parameterCount == 1,
      "RegularizationPath: \(count) points from \(lower) to \(upper) of \(map.parameterCount) parameters")
    var points: [Point] = []
    var failure: ConvergenceFailure?
    var last: (state: Vector<Element>, parameter: Element)?
    for k in 0..<count {
      let t = Double(k) / Double(count - 1)
      let c = Element(k == count - 1 ? upper : .exp((1 - t) * .log(lower) + t * .log(upper)))
      // What is at the bound follows it, and the rest scales with it at first.
      let start = last.map { last in (c / last.parameter) * last.state }
      let solution = map.solve(at: [c], from: start)
      let state: Vector<Element>
      do throws(ConvergenceFailure) { state = try solution.get() } catch {
        failure = error
        break
      }
      last = (state, c)
      let support = IndexSubset(nonzerosOf: state).elements
      let point = Point(
        parameters: [c], support: support, values: support.map { state[$0] },
        objective: map.objective(at: state, parameters: [c]), dualityGap: nil, iterations: solution.iterations,
        seconds: solution.seconds, count: state.count)
      points.append(point)
      if !observe(point) { break }
    }
    self.points = points
    self.failure = failure
  }
}
