import LinAlg
import Models
import NonsmoothMaps

extension WorkingSetSolver {
  /// With the parameters of a `PenalizedMap`: the strengths, then the ridge's.
  func solve<Loss: SmoothLoss<Element>>(
    _ loss: Loss, shared: SharedStrengths = .single, parameters λ: Vector<Element>, from start: Vector<Element>? = nil,
    progress: ((_ pass: Int, _ dualityGap: Element) -> Void)? = nil
  ) -> WorkingSetSolution<Element> {
    var t = Vector<Element>.zeros(loss.featureCount)
    shared.fill(&t, from: λ, scale: 1)
    return solve(loss, strengths: t, ridge: λ[shared.count], from: start, progress: progress)
  }
}
