internal import RealModule

/// Why a cycle of a Krylov method handed back its iterate.
enum CycleEnd<Element: Scalar> {
  /// The estimated residual meets the tolerance.
  case met
  /// The memory of the method is full; the next cycle goes on.
  case restart
  /// The Krylov space cannot grow, or its optimum is reached.
  case exhausted
  case limit
  case stalled
  case breakdown(KrylovBreakdown)
  case indefinite(Element)
  case notFinite
}

/// The bookkeeping of one solve.
struct KrylovRun<Element: Scalar> {
  let target: Element
  /// ‖b‖.
  let scale: Element
  let limit: Int
  /// Iterations within which the estimate has to fall by a hundredth. In exact arithmetic n of them end every method
  /// that does not restart, even one whose residual does not move before.
  let window: Int
  let recordsHistory: Bool
  /// See ``KrylovOptions/stopping``.
  let hasGivenLength: Bool
  var iterations = 0
  var products = 0
  var history: [Element] = []
  /// The residual norm that the present cycle started from.
  var cycleStart: Element = 0
  /// The residual norm of the x kept to fall back on.
  var fallbackNorm: Element = 0
  /// The largest ‖A p‖ / ‖p‖ seen, a lower bound of ‖A‖.
  var operatorNorm: Element = 0
  private var best = Element.infinity
  private var idle = 0

  init(target: Element, scale: Element, count: Int, options: KrylovOptions<Element>) {
    self.target = target
    self.scale = scale
    limit = options.stopping.iterationLimit ?? max(100, 10 * count)
    window = count + 50
    recordsHistory = options.recordsHistory
    hasGivenLength = options.stopping.isGivenLength
  }

  mutating func startCycle(_ residual: Element) {
    cycleStart = residual
    fallbackNorm = residual
    best = residual
  }

  /// Counts an iteration that reached this residual; an end where it is one.
  mutating func note(_ residual: Element) -> CycleEnd<Element>? {
    iterations += 1
    if recordsHistory { history.append(residual) }
    if !residual.isFinite { return .notFinite }
    if residual <= target { return .met }
    if residual < 0.99 * best {
      best = residual
      idle = 0
    } else {
      idle += 1
    }
    if iterations >= limit { return .limit }
    return idle > window && !hasGivenLength ? .stalled : nil
  }

  func report(_ outcome: Outcome<Element>, _ norm: Element) -> KrylovReport<Element> {
    KrylovReport(
      outcome: outcome, iterations: iterations, products: products, residualNorm: norm, rightHandSideNorm: scale,
      history: history)
  }

  /// What it is to have come to the limit.
  var limitOutcome: Outcome<Element> { hasGivenLength ? .fixedIterations : .iterationLimit }

  mutating func noteOperatorNorm(_ lowerBound: Element) {
    if lowerBound.isFinite { operatorNorm = max(operatorNorm, lowerBound) }
  }
}

/// What all methods do around their recurrence: true residuals, restarts, and the verdict.
///
/// A method runs in cycles. A cycle receives the true residual, improves x until it ends for one of the reasons of
/// ``CycleEnd``, and the residual is computed anew from x. Only that number decides whether the system is solved; where
/// the recurrence was too hopeful the next cycle starts from the truth, as iterative refinement does.
final class KrylovCore<Element: Scalar> {
  let count: Int
  /// b − A x at the start of a cycle; the cycle may overwrite it.
  var residual: Vector<Element>
  /// Room for a product with A; the cycle may overwrite it.
  var image: Vector<Element>
  /// The x to return where the cycle spoils it: that of the cycle's start, unless the cycle keeps a better one.
  var fallback: Vector<Element>

  init(count: Int) {
    precondition(count >= 0, "KrylovSolver: a count cannot be negative (\(count))")
    self.count = count
    residual = .zeros(count)
    image = .zeros(count)
    fallback = .zeros(count)
  }

  func solve(
    _ A: some LinearOperator<Element>, _ b: Vector<Element>, into x: inout Vector<Element>, warmStart: Bool,
    preconditioner: (any LinearOperator<Element>)?, options: KrylovOptions<Element>,
    cycle: (inout Vector<Element>, inout KrylovRun<Element>) -> CycleEnd<Element>
  ) -> KrylovReport<Element> {
    requireShapes(A.rows, A.columns, b.count, x.count, preconditioner)
    let scale = count == 0 ? 0 : b.norm
    var target = max((options.stopping.relativeTolerance ?? 0) * scale, options.absoluteTolerance)
    // Rounding b alone moves the residual by half an ulp of ‖b‖.
    target = max(target, .ulpOfOne * scale)
    var run = KrylovRun<Element>(target: target, scale: scale, count: count, options: options)
    if scale == 0 || !scale.isFinite {
      x.fill(0)
      return run.report(scale == 0 ? .converged : .notFinite(), scale)
    }

    var norm = scale
    if warmStart {
      norm = computeResidual(A, b, x, &run)
    } else {
      x.fill(0)
      residual.copy(from: b)
    }
    while true {
      if !norm.isFinite { return run.report(.notFinite(), norm) }
      if isSolved(run, norm, x) { return run.report(.converged, norm) }
      if run.iterations >= run.limit { return run.report(run.limitOutcome, norm) }
      run.startCycle(norm)
      fallback.copy(from: x)
      let end = cycle(&x, &run)
      norm = computeResidual(A, b, x, &run)
      if !norm.isFinite {
        x.copy(from: fallback)
        return run.report(.notFinite(), run.fallbackNorm)
      }
      if isSolved(run, norm, x) { return run.report(.converged, norm) }
      if let failure = Self.failure(end, halved: norm <= run.cycleStart / 2, run) {
        let keepsLast = run.hasGivenLength && failure == .fixedIterations
        if !keepsLast && !(norm <= run.fallbackNorm) {
          x.copy(from: fallback)
          norm = computeResidual(A, b, x, &run)
        }
        return run.report(failure, norm)
      }
    }
  }

  /// What an end means where the tolerance is not met; nil to go on. A cycle that halved the residual before it had to
  /// end deserves another one from there; halving bounds their number. In a run of a given length the number of
  /// iterations does, of which a cycle that meets its target has done one at least.
  private static func failure(
    _ end: CycleEnd<Element>, halved: Bool, _ run: KrylovRun<Element>
  ) -> Outcome<Element>? {
    switch end {
    case .restart: nil
    case .met: halved || run.hasGivenLength ? nil : .stagnated
    case .exhausted: halved ? nil : .stagnated
    case .breakdown(let place): halved ? nil : .breakdown(place)
    case .limit: run.limitOutcome
    case .stalled: .stagnated
    case .indefinite(let curvature): .indefinite(curvature: curvature)
    case .notFinite: .notFinite()
    }
  }

  /// See ``KrylovReport/outcome``.
  private func isSolved(
    _ run: KrylovRun<Element>, _ norm: Element, _ x: Vector<Element>
  ) -> Bool {
    if norm <= run.target { return true }
    let floor = .ulpOfOne * (run.operatorNorm * x.norm + run.scale)
    return norm <= min(floor, Element.ulpOfOne.squareRoot() * run.scale)
  }

  private func computeResidual(
    _ A: some LinearOperator<Element>, _ b: Vector<Element>, _ x: Vector<Element>, _ run: inout KrylovRun<Element>
  ) -> Element {
    A.apply(x, into: &image)
    run.products += 1
    residual.assign(1, b, -1, image)
    return residual.norm
  }

  private func requireShapes(
    _ rows: Int, _ columns: Int, _ b: Int, _ x: Int, _ preconditioner: (any LinearOperator<Element>)?
  ) {
    precondition(
      rows == count && columns == count && b == count && x == count,
      "KrylovSolver for \(count) unknowns: operator \(rows) × \(columns), right-hand side \(b), solution \(x)")
    if let preconditioner {
      precondition(
        preconditioner.rows == count && preconditioner.columns == count,
        "KrylovSolver for \(count) unknowns: preconditioner \(preconditioner.rows) × \(preconditioner.columns)")
    }
  }
}
