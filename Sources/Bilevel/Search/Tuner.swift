public import LinAlg

/// A way of walking through hyperparameters: `LBFGS`, `GridSearch`, ….
///
/// It must be deterministic: the same answers lead to the same questions.
public protocol OuterOptimizer: Sendable {
  /// The name used in reports and on the command line.
  var name: String { get }

  /// Evaluates `search` until it has nothing more to ask.
  ///
  /// - Throws: the reason why the search ends.
  func run(_ search: Search) throws(TuningStop)
}

/// Chooses hyperparameters by a ``Criterion``.
public struct Tuner: Sendable {
  public var optimizer: any OuterOptimizer
  public var limits: TuningLimits

  public init(_ optimizer: any OuterOptimizer = LBFGS(), limits: TuningLimits = TuningLimits()) {
    self.optimizer = optimizer
    self.limits = limits
  }

  /// Searches `space` for the λ of the smallest criterion.
  ///
  /// - Parameters:
  ///   - log: of an earlier search of the same criterion by the same optimizer, to go on from; the result is that of a search without
  ///     interruption, bit for bit.
  ///   - isCancelled: asked before every evaluation.
  ///   - agree: makes of what this process would decide by a clock or a signal what all do that run the search together.
  ///   - observe: told of every evaluation made now; writes checkpoints (`search.log`) and shows progress.
  public func tune(
    _ criterion: any Criterion, in space: SearchSpace, resuming log: TuningLog? = nil,
    isCancelled: @escaping () -> Bool = { false }, agree: @escaping (Bool) -> Bool = { $0 },
    observe: @escaping (TuningRecord, Search) -> Void = { _, _ in }
  ) -> TuningResult {
    precondition(
      criterion.parameterCount == space.count,
      "Tuner: a space of \(space.count) hyperparameters for a criterion of \(criterion.parameterCount)")
    let search = Search(
      criterion, space, limits, resuming: log, isCancelled: isCancelled, agree: agree, observe: observe)
    var stop = TuningStop.exhausted
    do throws(TuningStop) { try optimizer.run(search) } catch { stop = error }
    // All points of a grid without a value are no result.
    if stop == .exhausted, search.best == nil {
      stop = .failed(search.log.records.compactMap(\.failure).first ?? "no point has a value")
    }
    return TuningResult(stop: stop, search: search)
  }
}

/// What a search found.
public struct TuningResult: Sendable {
  /// Why it ended.
  public let stop: TuningStop
  /// The evaluation of the smallest value; nil where none could be evaluated.
  public let best: TuningRecord?
  /// Every evaluation in order, and what a later search can go on from.
  public let log: TuningLog
  /// Hyperparameters of ``best`` that lie on a bound of the space, with its name: the optimum may lie beyond.
  public let atBounds: [String]
  /// Outer steps.
  public let steps: Int
  /// Wall-clock seconds, those of earlier runs included.
  public let seconds: Double

  init(stop: TuningStop, search: Search) {
    self.stop = stop
    best = search.best
    log = search.log
    steps = search.steps
    seconds = search.seconds
    let space = search.space
    atBounds =
      search.best.map { best in
        space.names.indices.compactMap { k in
          if space.lower[k] == space.upper[k] { return nil }
          if best.parameters[k] == space.lower[k] { return "\(space.names[k]) at its lower bound \(space.lower[k])" }
          if best.parameters[k] == space.upper[k] { return "\(space.names[k]) at its upper bound \(space.upper[k])" }
          return nil
        }
      } ?? []
  }

  /// λ of the smallest value, m entries; nil where none could be evaluated.
  public var parameters: Vector<Double>? { best.map { Vector($0.parameters) } }
}
