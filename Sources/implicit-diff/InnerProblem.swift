import ArgumentParser
import CommandSupport
import ImplicitDiff
import LinAlg
import Models

/// How w was found; zeros where it was given.
struct InnerReport {
  /// Passes over the data by working sets, or steps of the fixed-point iteration.
  var iterations: Int
  /// ‖Φ(w) − w‖; nil where Φ is not needed, whose step size takes eigenvalues to find, and where it overflows.
  var residual: Double?
  /// How far the objective is above its minimum at most; nil where w does not come from working sets.
  var dualityGap: Double?
  var seconds: Double
}

extension HypergradientCommand {
  /// Working sets take a handful of passes; a problem that needs more than this is not one for them.
  private static let workingSetPasses = 200

  /// Whether Φ itself is iterated or its step was chosen: then its residual is worth the step size it needs.
  private var usesStepSize: Bool { step != nil || Method(rawValue: method)?.usesStepSize ?? true }

  /// w and how it was come by.
  func innerSolution<Loss: SmoothLoss<Double>>(
    _ map: PenalizedMap<Loss>, _ λ: Vector<Double>, given: Vector<Double>?, _ progress: ProgressLine
  ) throws -> (Vector<Double>, InnerReport) {
    func residual(_ w: Vector<Double>) -> Double? {
      if !usesStepSize { return nil }
      progress.update("finding the step size")
      return map.residual(at: w, parameters: λ)
    }
    if let given { return (given, InnerReport(iterations: 0, residual: residual(given), seconds: 0)) }
    progress.update("solving the inner problem")
    if (0..<map.groups.count).allSatisfy({ λ[$0] > 0 }) {
      let found = WorkingSetSolver<Double>(passLimit: min(iterations, Self.workingSetPasses)).solve(
        map.loss, groups: map.groups, parameters: λ
      ) { pass, gap in progress.update("solving the inner problem: pass \(pass), duality gap \(Format.error(gap))") }
      if found.outcome == .converged {
        return (
          found.estimate,
          InnerReport(
            iterations: found.passes, residual: residual(found.estimate), dualityGap: found.dualityGap,
            seconds: found.seconds)
        )
      }
      // What working sets cannot do, or not within the limit, is left to the iteration, which says how far it came.
    }
    return try iteratedSolution(map, λ, progress)
  }

  /// w by the fixed-point iteration itself.
  private func iteratedSolution<Loss: SmoothLoss<Double>>(
    _ map: PenalizedMap<Loss>, _ λ: Vector<Double>, _ progress: ProgressLine
  ) throws -> (Vector<Double>, InnerReport) {
    var solver = FixedPointSolver<Double>(
      tolerance: 1e-12, iterationLimit: iterations, acceleration: .anderson(memory: 5))
    func solve(from start: Vector<Double>?) -> FixedPointSolution<Double> {
      solver.solve(map, parameters: λ, from: start) { iteration, residual in
        progress.update("solving the inner problem: iteration \(iteration), residual \(Format.error(residual))")
      }
    }
    var found = solve(from: nil)
    if found.outcome == .converged {
      // The error in w is up to residual/(1 − q), and the hypergradient's follows it: from here on as far as rounding
      // lets the residual fall. Where it stops falling is no failure.
      solver.tolerance = 64 * .ulpOfOne
      solver.iterationLimit = iterations - found.iterations
      let polished = solve(from: found.estimate)
      found.iterations += polished.iterations
      found.seconds += polished.seconds
      if polished.residual < found.residual {
        found.estimate = polished.estimate
        found.residual = polished.residual
      }
    }
    let report = InnerReport(iterations: found.iterations, residual: found.residual, seconds: found.seconds)
    if found.outcome != .converged {
      progress.end()
      Console.error(
        "the inner problem was not solved: \(found.iterations) iterations left a residual of \(Format.error(found.residual)). \(found.outcome.advice)"
      )
      throw ExitCode.notConverged
    }
    return (found.estimate, report)
  }
}
