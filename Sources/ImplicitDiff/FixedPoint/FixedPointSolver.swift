public import LinAlg

/// How solving a fixed-point equation ended.
public enum FixedPointOutcome<Element: Scalar>: Sendable, Equatable {
  /// ‖Φ(w) − w‖ met the tolerance.
  case converged
  /// The iteration limit came first.
  case iterationLimit
  /// The increments ‖w_{t+1} − w_t‖ did not shrink over a whole window: Φ is not a contraction here. The factor is
  /// their geometric mean growth a step.
  case notContracting(factor: Element)
  /// A NaN or an infinity appeared at this iteration.
  case notFinite(iteration: Int)

  /// One sentence that says what happened and what to try next.
  public var advice: String {
    switch self {
    case .converged: "The fixed point was reached."
    case .iterationLimit: "The iteration limit was reached first: raise it, loosen the tolerance, or use acceleration."
    case .notContracting(let factor):
      "The map does not contract (measured factor \(factor) a step): reduce the step size."
    case .notFinite(let iteration):
      "A NaN or an infinity appeared at iteration \(iteration): check the data and the step size."
    }
  }
}

/// When the pattern of signs of the iterates became that of the last one: the pieces of Φ are then identified.
public struct SupportIdentification: Sendable, Equatable {
  /// The first iterate with the final pattern.
  public var firstStep: Int
  /// The first iterate from which on the pattern stays.
  public var stableStep: Int

  public init(firstStep: Int, stableStep: Int) {
    self.firstStep = firstStep
    self.stableStep = stableStep
  }
}

/// A fixed point as far as it was found.
public struct FixedPointSolution<Element: Scalar>: Sendable {
  /// The last iterate, whatever the outcome.
  public var estimate: Vector<Element>
  public var outcome: FixedPointOutcome<Element>
  /// Evaluations of Φ.
  public var iterations: Int
  /// ‖Φ(w) − w‖₂ at the last evaluation.
  public var residual: Element
  /// The geometric mean factor by which the residual shrank a step over the last window; nil before there was one. An
  /// estimate of the local rate, not a bound.
  public var measuredFactor: Element?
  /// When the support was identified; step 0 is the start.
  public var identification: SupportIdentification
  /// w_0, w_1, …, if they were asked for.
  public var iterates: [Vector<Element>]
  /// Wall-clock seconds.
  public var seconds: Double

  /// The solution, if it converged.
  ///
  /// - Throws: ``FixedPointFailure`` otherwise.
  public func get() throws(FixedPointFailure) -> Vector<Element> {
    guard outcome == .converged else {
      throw FixedPointFailure(
        description:
          "The inner problem was not solved in \(iterations) iterations (residual \(residual)). \(outcome.advice)")
    }
    return estimate
  }
}

/// A fixed point was asked for that the iteration did not reach.
public struct FixedPointFailure: Error, Sendable, CustomStringConvertible {
  public let description: String
}

/// Solves `w = Φ(w, λ)` by iterating Φ, plainly or with Anderson's acceleration.
///
/// Stops when ‖Φ(w) − w‖ ≤ tolerance · max(‖w‖, ‖Φ(w_0) − w_0‖), whatever the scale of the problem, or where the residual
/// stops falling below the rounding error of Φ. A tolerance below 4 ε · (1 + √p/16) is raised to that: a sum of p
/// squares of half-ulp errors cannot be told from zero.
public struct FixedPointSolver<Element: Scalar>: Sendable {
  public enum Acceleration: Sendable, Equatable {
    case none
    /// Anderson's method (type II) over the last `memory` differences, restarted when it does not reduce the residual.
    case anderson(memory: Int)
  }

  public var tolerance: Element
  public var iterationLimit: Int
  public var acceleration: Acceleration
  /// Whether ``FixedPointSolution/iterates`` is filled (p numbers an iteration).
  public var keepsIterates: Bool

  public init(
    tolerance: Element = 64 * .ulpOfOne, iterationLimit: Int = 100_000, acceleration: Acceleration = .none,
    keepsIterates: Bool = false
  ) {
    precondition(tolerance >= 0, "FixedPointSolver: the tolerance cannot be negative (\(tolerance))")
    precondition(iterationLimit >= 0, "FixedPointSolver: the iteration limit cannot be negative (\(iterationLimit))")
    self.tolerance = tolerance
    self.iterationLimit = iterationLimit
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
    let clock = ContinuousClock.now
    let p = map.stateCount
    var w = Vector<Element>.zeros(p)
    if let start { w.copy(from: start) }
    var next = Vector<Element>.zeros(p)
    var monitor = ContractionMonitor<Element>(window: Self.window)
    var patterns = SupportTracker(initial: w.signPattern)
    var accelerator: AndersonAccelerator<Element>? =
      if case .anderson(let memory) = acceleration { AndersonAccelerator(count: p, memory: memory) } else { nil }
    var iterates = keepsIterates ? [Vector(copying: w)] : []
    let floor = 4 * Element.ulpOfOne * (1 + Element(p).squareRoot() / 16)

    var outcome = FixedPointOutcome<Element>.iterationLimit
    var iteration = 0
    var residual = Element.infinity
    var firstResidual: Element = 0
    while iteration < iterationLimit {
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
      if iteration == 1 { firstResidual = residual }
      let threshold = max(tolerance, floor) * max(firstResidual, next.norm)
      if let progress, iteration % 64 == 0 { progress(iteration, residual) }
      if residual <= threshold {
        swap(&w, &next)
        patterns.record(w.signPattern)
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
      if accepted, let factor = monitor.record(residual) {
        // At the rounding error of Φ itself the residual has nowhere to fall.
        outcome =
          residual <= map.evaluationError(at: w, parameters: λ) ? .converged : .notContracting(factor: factor)
        break
      }
      patterns.record(w.signPattern)
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

/// Tells a contraction from its contrary by the increments ‖w_{t+1} − w_t‖: a contraction shrinks every one of them, so
/// a whole window without shrinkage refutes it (one step could be rounding or a change of piece in another norm).
struct ContractionMonitor<Element: Scalar> {
  private var ring: [Element]
  private var count = 0

  init(window: Int) { ring = Array(repeating: 0, count: window) }

  /// The geometric mean factor a step over the last window.
  private(set) var factor: Element?

  /// Records an increment; returns the factor if the window shows no contraction.
  mutating func record(_ increment: Element) -> Element? {
    let slot = count % ring.count
    let old = ring[slot]
    ring[slot] = increment
    count += 1
    guard count > ring.count, old > 0 else { return nil }
    let growth = Element.pow(increment / old, 1 / Element(ring.count))
    factor = growth
    // Ten ulps over the window: growth this near to 1 is not told from 1.
    return growth >= 1 - 10 * Element.ulpOfOne ? growth : nil
  }
}

/// The first step that showed the final pattern, and the step after which it never changed.
struct SupportTracker {
  private var changes: [(step: Int, pattern: UInt64)]
  private var step = 0

  init(initial: UInt64) { changes = [(0, initial)] }

  mutating func record(_ pattern: UInt64) {
    step += 1
    if pattern != changes[changes.count - 1].pattern { changes.append((step, pattern)) }
  }

  var identification: SupportIdentification {
    let last = changes[changes.count - 1]
    let first = changes.first { $0.pattern == last.pattern }!
    return SupportIdentification(firstStep: first.step, stableStep: last.step)
  }
}
