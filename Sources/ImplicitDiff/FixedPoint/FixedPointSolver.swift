public import LinAlg

/// Solves `w = Φ(w, λ)` by iterating Φ, plainly or with Anderson's acceleration.
///
/// Under a tolerance τ it stops when ‖Φ(w) − w‖ ≤ τ min(‖Φ(w)‖, 16 ‖Φ(0)‖), whatever the scale of the problem and however far off the start
/// (docs/Theory.md, "When the iterations stop"), or where the residual stops falling below the rounding error of Φ.
public struct FixedPointSolver<Element: Scalar>: Sendable {
  public enum Acceleration: Sendable, Equatable {
    case none
    /// Anderson's method (type II) over the last `memory` differences, restarted when it does not reduce the residual.
    case anderson(memory: Int)
  }

  /// 64 ε by default; the limit is by default 100,000. A given number of evaluations is done whatever the residual, as long as the numbers
  /// are finite.
  public var stopping: Stopping<Element>
  public var acceleration: Acceleration
  /// Whether ``FixedPointSolution/iterates`` is filled (p numbers per iteration).
  public var keepsIterates: Bool

  public init(
    stopping: Stopping<Element> = .tolerance(64 * .ulpOfOne), acceleration: Acceleration = .none,
    keepsIterates: Bool = false
  ) {
    self.stopping = stopping
    self.acceleration = acceleration
    self.keepsIterates = keepsIterates
  }

  /// The window over which increments must shrink for the map to count as contracting.
  private static var window: Int { 50 }

  /// Iterates from `start` (p entries; the warm start).
  ///
  /// - Parameter progress: told of the iteration and the residual every 64 iterations; the callee decides what to show.
  public func solve<Map: FixedPointMap<Element>>(
    _ map: Map, parameters λ: Vector<Element>, from start: Vector<Element>? = nil,
    progress: ((_ iteration: Int, _ residual: Element) -> Void)? = nil
  ) -> FixedPointSolution<Element> {
    if let complaint = stopping.complaint { preconditionFailure("FixedPointSolver: \(complaint)") }
    let clock = ContinuousClock.now
    let p = map.stateCount
    var w = Vector<Element>.zeros(p)
    if let start { w.copy(from: start) }
    if let violation = map.violation(parameters: λ) { return .refused(violation, start: w) }
    if w.firstNonFinite != nil { return .refused(nil, start: w) }
    var next = Vector<Element>.zeros(p)
    var monitor = ContractionMonitor<Element>(window: Self.window)
    var patterns = SupportTracker(initial: map.signature(at: w, parameters: λ))
    var accelerator: AndersonAccelerator<Element>? =
      if case .anderson(let memory) = acceleration { AndersonAccelerator(count: p, memory: memory) } else { nil }
    var iterates = keepsIterates ? [Vector(copying: w)] : []
    let isGivenLength = stopping.isGivenLength
    let limit = stopping.iterationLimit ?? 100_000
    var rule = SettlingRule(tolerance: stopping.relativeTolerance ?? 0, map: map, parameters: λ, start: w)

    var outcome: Outcome<Element> = isGivenLength ? .fixedIterations : .iterationLimit
    var iteration = 0
    var residual = Element.infinity
    while iteration < limit {
      map.apply(w, parameters: λ, into: &next)
      iteration += 1
      residual = next.distance(to: w)
      if !residual.isFinite {
        // A sum of squares can overflow for finite numbers: only a number that is not finite says so.
        if next.firstNonFinite != nil || residual.isNaN {
          outcome = .notFinite(iteration: iteration)
          break
        }
      }
      if let progress, iteration % 64 == 0 { progress(iteration, residual) }
      let isSettled = !isGivenLength && rule.isSettled(step: residual, image: next)
      let isZero = !isGivenLength && !isSettled && rule.zeroIsTheFixedPoint(image: &next)
      if isSettled || isZero {
        if isZero { residual = 0 }
        swap(&w, &next)
        patterns.record(map.signature(at: w, parameters: λ))
        if keepsIterates { iterates.append(Vector(copying: w)) }
        outcome = .converged
        break
      }
      let accepted: Bool
      if accelerator != nil {
        accepted = accelerator!.step(from: &w, image: next, residual: residual)
      } else {
        swap(&w, &next)
        accepted = true
      }
      if accepted, let factor = monitor.record(residual), !isGivenLength {
        // At the rounding error of Φ itself the residual has nowhere to fall; far from the solution that is no end.
        let isRounding = residual <= map.roundingResidual(at: w, parameters: λ)
        if !isRounding || rule.isWithinReach(w) {
          outcome = isRounding ? .converged : .notContracting(factor: factor)
          break
        }
      }
      patterns.record(map.signature(at: w, parameters: λ))
      if keepsIterates { iterates.append(Vector(copying: w)) }
    }
    return FixedPointSolution(
      estimate: w, outcome: outcome, iterations: iteration, residual: residual, measuredFactor: monitor.factor,
      identification: patterns.identification, iterates: iterates, seconds: clock.secondsSince())
  }
}

extension ContinuousClock.Instant {
  /// Seconds from this instant to now.
  package func secondsSince() -> Double {
    let d = ContinuousClock.now - self
    return Double(d.components.seconds) + Double(d.components.attoseconds) * 1e-18
  }
}
