import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

/// A criterion whose next solve can be told where to begin.
protocol Startable: Criterion {
  /// The last solution; nil where there is none.
  var start: Vector<Double>? { get set }
}

extension ReducedObjective: Startable {
  var start: Vector<Double>? {
    get { state.map { Vector<Double>(converting: $0) } }
    set { state = newValue.map { Vector<Element>(converting: $0) } }
  }
}

/// Solves the inner problems of several criteria side by side.
protocol JointSolve: AnyObject {
  /// Where their next solves at λ begin: near their solutions, begun from the last ones.
  func starts(at λ: Vector<Double>, from states: [Vector<Double>?]) -> [Vector<Double>?]
  /// The columns whose products are kept, of all together and of each; nil where each keeps its own.
  var keptColumns: (shared: [[Int]], own: [[[Int]]])? { get set }
}

/// The folds of a linear model with a quadratic loss.
final class JointFolds<Loss: SmoothLoss, Penalty: ProximalMap<Loss.Element>>: JointSolve {
  typealias Element = Loss.Element
  private let model: LinearModel<Loss>
  private let penalty: Penalty
  private let solver: JointSolver<Element>

  /// nil for other losses.
  ///
  /// - Parameters:
  ///   - maps: one per fold.
  ///   - features: all rows.
  ///   - rows: of `features` that each fold is fitted to, in the order of its own.
  ///   - parts: what each fold leaves out, where the folds are dense and leave out a part each.
  init?(
    _ maps: [ProximalGradientMap<LinearModel<Loss>, Penalty>], features: any DesignMatrix<Element>, rows: [[Int]],
    parts: [Matrix<Element>]?
  ) {
    let losses = maps.compactMap { $0.smooth.loss as? QuadraticLoss<Element> }
    guard let first = maps.first, losses.count == maps.count, features.isStored,
      first.penalty is any WeightedL1Penalty<Element>
    else { return nil }
    (model, penalty) = (first.smooth, first.penalty)
    solver = JointSolver(features: features, losses: losses, rows: rows, parts: parts)
  }

  var keptColumns: (shared: [[Int]], own: [[[Int]]])? {
    get { solver.keptColumns }
    set { solver.keptColumns = newValue }
  }

  func starts(at λ: Vector<Double>, from states: [Vector<Double>?]) -> [Vector<Double>?] {
    let λ = Vector<Element>(converting: λ)
    let m = penalty.parameterCount
    let ofRidge = λ[segment: m..<λ.count]
    if λ.firstNonFinite != nil || model.violation(parameters: ofRidge) != nil { return states }
    let found = solver.solutions(
      with: penalty, parameters: λ[segment: 0..<m], ridge: model.ridge.value(ofRidge),
      ridgeFactors: model.ridgeFactors, from: states.map { $0.map { Vector<Element>(converting: $0) } })
    return found.map { $0.map { Vector<Double>(converting: $0) } }
  }
}
