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
    let found = map.solve(at: λ, from: nil, iterationLimit: iterations) { step in
      switch step {
      case .pass(let pass, let gap):
        progress.update("solving the inner problem: pass \(pass), duality gap \(Format.error(gap))")
      case .workingSets(let pass, let violation):
        progress.update("solving the inner problem: pass \(pass), violation \(Format.error(violation))")
      case .iteration(let iteration, let residual):
        progress.update("solving the inner problem: iteration \(iteration), residual \(Format.error(residual))")
      }
    }
    guard found.outcome == .converged else {
      progress.end()
      Console.error(
        "the inner problem was not solved: \(found.iterations) iterations left a residual of \(Format.error(found.residual)). \(found.outcome.advice)"
      )
      throw ExitCode.notConverged
    }
    return (
      found.state,
      InnerReport(
        iterations: found.iterations, residual: found.residual ?? residual(found.state), dualityGap: found.dualityGap,
        seconds: found.seconds)
    )
  }
}
