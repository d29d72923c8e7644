import LinAlg

/// Looks along θ + α d, projected onto the box, for a step that meets the weak Wolfe conditions: a sufficient decrease, and a slope that has risen.
struct LineSearch {
  private let search: Search
  private let θ: Vector<Double>
  private let value: Double
  private let gradient: Vector<Double>
  private let d: Vector<Double>
  private let bounding: Bool
  /// Brackets the step: at `low` the value decreased enough and the slope is still steep, at `high` it did not decrease.
  private var low = (α: 0.0, value: 0.0, slope: 0.0)
  private var high: (α: Double, value: Double, slope: Double)?
  private var best: (θ: Vector<Double>, record: TuningRecord)?
  /// Why the last point could not be evaluated; nil where it could.
  private var failure: String?

  /// Why the search ends where no step was found: a minimum is not claimed beside points that could not be evaluated.
  var stop: TuningStop { failure.map { .failed($0) } ?? .noDescent }

  /// Sufficient decrease: this fraction of the slope's.
  private static var decrease: Double { 1e-4 }
  /// The slope must rise above this fraction of the first one.
  private static var curvature: Double { 0.5 }

  /// - Precondition: d points downhill.
  init(
    _ search: Search, from point: (θ: Vector<Double>, record: TuningRecord), along d: Vector<Double>, bounding: Bool
  ) {
    self.search = search
    θ = point.θ
    value = point.record.value!
    gradient = Vector(point.record.logGradient!)
    self.d = d
    self.bounding = bounding
    low = (0, value, gradient.dot(d))
  }

  /// The point found and its evaluation; nil where no step however short lowers the value.
  mutating func run() throws(TuningStop) -> (θ: Vector<Double>, record: TuningRecord)? {
    let slope = low.slope
    var α = 1.0
    // Forty halvings end at a step of 1e-12.
    for _ in 0..<40 {
      let point = search.project(θ, α, d)
      let moved = point - θ
      if moved.maxNorm == 0 { return best }
      let record = try search.evaluate(point, bounding: bounding)
      failure = record.failure
      // Beyond the last kink before nothing is selected the value is flat: no place to stop at.
      let isSelected = record.selected > 0
      if let found = record.value, let g = record.logGradient, isSelected,
        found <= value + Self.decrease * gradient.dot(moved)
      {
        let gradient = Vector(g)
        if found < best?.record.value ?? .infinity { best = (point, record) }
        let here = gradient.dot(d)
        // Where the path has met the box its slope is not d's: the decrease is enough.
        let isInside = point == θ + α * d
        if !isInside || here >= Self.curvature * slope { return (point, record) }
        low = (α, found, here)
      } else {
        high = (α, record.value ?? .infinity, record.logGradient.map { Vector($0).dot(d) } ?? .nan)
      }
      guard let next = nextStep() else { return best }
      α = next
    }
    return best
  }

  /// Inside the bracket the minimum of the cubic through both ends, kept off them; without an upper end twice the step.
  private func nextStep() -> Double? {
    guard let high else { return low.α * 2 > 1e3 ? nil : low.α * 2 }
    let width = high.α - low.α
    // The rounding of θ itself.
    if width * d.maxNorm <= 1e-12 * max(1, θ.maxNorm) { return nil }
    var t = 0.5
    if high.value.isFinite, high.slope.isFinite {
      let (a, b) = (low.slope * width, high.slope * width)
      // Nocedal and Wright, Numerical Optimization, equation 3.59, on the unit interval.
      let d1 = a + b - 3 * (high.value - low.value)
      let square = d1 * d1 - a * b
      if square >= 0 {
        let d2 = square.squareRoot()
        let cubic = 1 - (b + d2 - d1) / (b - a + 2 * d2)
        if cubic.isFinite { t = cubic }
      }
    }
    return low.α + min(max(t, 0.1), 0.9) * width
  }
}
