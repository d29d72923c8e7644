import LinAlg

extension ForwardITD {
  /// X ← w_t'(λ) M by tangents carried along the iteration; two p × k blocks of memory, one block product per step.
  ///
  /// Under a tolerance it stops when the iterate has settled (``SettlingRule``, or at the rounding error of Φ) and every tangent
  /// has: the increment of a column of X shrinks by the local contraction factor ϱ per step, so its error is increment · ϱ/(1 − ϱ), with
  /// ϱ measured as the ratio of the last two. Each column is held to the tolerance by its own size, since hyperparameters come in
  /// different units.
  func tangents(
    _ problem: FixedPointProblem<Map>, _ M: Matrix<Element>, into X: inout Matrix<Element>,
    _ workspace: ITDWorkspace<Map>
  ) -> DerivativeReport<Element> {
    precondition(
      M.rows == problem.map.parameterCount && X.rows == problem.map.stateCount && X.columns == M.columns,
      "ForwardITD: directions \(M.rows) × \(M.columns) into tangents \(X.rows) × \(X.columns)")
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: name)
    let tolerance = stopping.relativeTolerance
    let limit = stopping.iterationLimit ?? Stopping<Element>.defaultIterationLimit
    var image = Matrix<Element>.zeros(X.rows, X.columns)
    var source = Matrix<Element>.zeros(X.rows, X.columns)
    X.fill(0)
    workspace.w.copy(from: problem.state)
    var states = StateWatch(problem, tolerance: tolerance ?? 0)
    var watch = TangentWatch(columns: X.columns, tolerance: tolerance ?? 0)
    while report.iterations < limit {
      problem.map.linearize(
        at: workspace.w, parameters: problem.parameters, into: workspace.linearization, value: &workspace.next)
      workspace.linearization.state.apply(block: X, into: &image)
      workspace.linearization.parameters.apply(block: M, into: &source)
      image.combine(1, source, 1)
      report.iterations += 1
      report.products += X.columns
      guard tolerance != nil else {
        swap(&X, &image)
        swap(&workspace.w, &workspace.next)
        continue
      }
      let step = workspace.next.distance(to: workspace.w)
      X.combine(1, image, -1)  // the increments of X; X itself is not needed any more
      let tangentEnd = watch.record(increments: X, of: &image, source: source)
      swap(&X, &image)
      report.residual = watch.increment
      report.innerResidual = step
      if let failure = states.record(step, at: workspace.w, image: &workspace.next) {
        report.outcome = failure
        return report
      }
      swap(&workspace.w, &workspace.next)
      if let tangentEnd, states.isSettled || tangentEnd == .notFinite() {
        report.outcome = tangentEnd
        return report
      }
    }
    // An iterate that is no number need not show in the tangents: those of an affine map do not depend on it.
    if tolerance == nil { report.outcome = workspace.w.firstNonFinite == nil ? .fixedIterations : .notFinite() }
    return report
  }
}

/// Whether the iterate that tangents are carried along has settled.
private struct StateWatch<Map: FixedPointMap> {
  typealias Element = Map.Element
  private let problem: FixedPointProblem<Map>
  private var rule: SettlingRule<Element>
  private var monitor = ContractionMonitor<Element>(window: 50)
  private(set) var isSettled = false

  init(_ problem: FixedPointProblem<Map>, tolerance: Element) {
    self.problem = problem
    rule = SettlingRule(
      tolerance: tolerance, map: problem.map, parameters: problem.parameters, start: problem.state)
  }

  /// Judges the step from w to `image`; why there is no fixed point to settle at, or nil.
  mutating func record(
    _ step: Element, at w: Vector<Element>, image: inout Vector<Element>
  ) -> Outcome<Element>? {
    if !step.isFinite { return .notFinite() }
    isSettled = rule.isSettled(step: step, image: image)
    // The tangents have not been at 0 yet: settled there is the next step, of length 0.
    if !isSettled && rule.zeroIsTheFixedPoint(image: &image) { return nil }
    guard let factor = monitor.record(step), !isSettled else { return nil }
    // At the rounding error of Φ itself the step has nowhere to fall.
    let isRounding = step <= problem.map.roundingResidual(at: w, parameters: problem.parameters)
    isSettled = isRounding && rule.isWithinReach(w)
    return isRounding ? nil : .notContracting(factor: factor)
  }
}

/// Whether every column of tangents has settled.
private struct TangentWatch<Element: Scalar> {
  private var watches: [IncrementWatch<Element>]
  private var peaks: [Element]
  private let tolerance: Element
  /// The largest increment of a column.
  private(set) var increment: Element = 0

  init(columns: Int, tolerance: Element) {
    self.tolerance = max(tolerance, .ulpOfOne)
    peaks = Array(repeating: 0, count: columns)
    watches = Array(repeating: IncrementWatch(tolerance: tolerance), count: columns)
  }

  /// `.converged` where all columns have, a failure where one has one, nil to go on.
  ///
  /// A column whose source has become zero, as that of a strength whose features left the support, goes to zero without ever being
  /// relatively near; once it is small beside what it was it is set there, since (I − A1) x = 0 has no other solution.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  mutating func record(
    increments: Matrix<Element>, of X: inout Matrix<Element>, source: Matrix<Element>
  ) -> Outcome<Element>? {
    increment = 0
    var all = true
    var failure: Outcome<Element>?
    for j in watches.indices {
      let δ = increments.column(j).norm
      let size = X.column(j).norm
      increment = δ.isNaN ? δ : max(increment, δ)
      peaks[j] = max(peaks[j], size)
      if size <= tolerance * peaks[j], source.column(j).nonzeroCount == 0 {
        if size > 0 { X.setColumn(j, .zeros(X.rows)) }
        continue
      }
      switch watches[j].record(δ, size: size) {
      case .converged: continue
      case .some(let end): failure = end
      case nil: all = false
      }
    }
    return failure ?? (all ? .converged : nil)
  }
}
