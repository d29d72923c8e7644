public import LinAlg

/// What an ``OuterOptimizer`` sees of the criterion: values and gradients by the logarithms θ of λ. It counts and keeps every evaluation, answers
/// the first ones from a log, and ends the search by throwing a ``TuningStop`` where a limit is met.
public final class Search {
  public let space: SearchSpace
  public let limits: TuningLimits
  private let criterion: any Criterion
  private let clock = ContinuousClock.now
  /// What an earlier run evaluated and this one has not asked for yet, in order.
  private var remembered: ArraySlice<TuningRecord>
  private let secondsBefore: Double
  private let isCancelled: () -> Bool
  private let agree: (Bool) -> Bool
  private let observe: (TuningRecord, Search) -> Void
  public private(set) var log = TuningLog()
  /// The evaluation of the smallest value so far.
  public private(set) var best: TuningRecord?
  /// Outer steps done, as the optimizer counts them.
  public internal(set) var steps = 0
  /// Whether evaluations are to have second derivatives.
  var wantsHessian = false
  /// Where the next descent begins, in logarithms.
  var logStart: Vector<Double>

  init(
    _ criterion: any Criterion, _ space: SearchSpace, _ limits: TuningLimits, resuming log: TuningLog?,
    isCancelled: @escaping () -> Bool, agree: @escaping (Bool) -> Bool,
    observe: @escaping (TuningRecord, Search) -> Void
  ) {
    self.criterion = criterion
    self.space = space
    logStart = space.logStart
    self.limits = limits
    self.isCancelled = isCancelled
    self.agree = agree
    self.observe = observe
    remembered = log?.records[...] ?? []
    secondsBefore = log?.records.last?.seconds ?? 0
    if let log, !log.records.isEmpty {
      criterion.warmStart = log.warmStart.map(\.warmStart)
      self.log.warmStart = log.warmStart
    }
  }

  /// Seconds since the search began, those of earlier runs included.
  public var seconds: Double { secondsBefore + clock.duration(to: .now).inSeconds }

  /// The criterion and its gradient at θ.
  ///
  /// - Parameter bounding: whether a bound on the gradient's error is wanted.
  /// - Throws: ``TuningStop`` where a limit is met.
  public func evaluate(_ θ: Vector<Double>, bounding: Bool = false) throws(TuningStop) -> TuningRecord {
    let λ = space.parameters(θ)
    if log.records.count >= limits.evaluations { throw .evaluations }
    if let record = remembered.first {
      // Another optimizer or another start would ask elsewhere: then what is remembered is of no use to it.
      guard record.parameters == Array(λ) else {
        throw .failed("the checkpoint was written by another search; begin anew without it")
      }
      remembered.removeFirst()
      keep(record)
      return record
    }
    if agree(isCancelled()) { throw .cancelled }
    if let limit = limits.seconds, agree(clock.duration(to: .now).inSeconds >= limit) { throw .seconds }
    let found = criterion.evaluate(at: λ, bounding: bounding)
    // ∂/∂θ = λ ∂/∂λ.
    let gradient = Vector(count: λ.count) { λ[$0] * found.gradient[$0] }
    var record = TuningRecord(
      parameters: Array(λ), value: found.value.isFinite ? found.value : nil,
      logGradient: gradient.firstNonFinite == nil ? Array(gradient) : nil,
      gradientErrorBound: found.gradientErrorBound.flatMap { bound in
        let scaled = bound * λ.maxNorm
        return scaled.isFinite ? scaled : nil
      }, selected: found.selected, failure: found.failure?.description, seconds: seconds)
    if wantsHessian, record.logGradient != nil { record.logHessian = logHessian(λ, gradient) }
    record.seconds = seconds
    log.warmStart = criterion.warmStart.map(TuningLog.SparseState.init)
    keep(record)
    observe(record, self)
    return record
  }

  /// ∂²/∂θ² = λ λᵀ ∘ ∇² + diag(λ ∘ ∇).
  private func logHessian(_ λ: Vector<Double>, _ logGradient: Vector<Double>) -> [[Double]]? {
    guard let H = (criterion as? any TwiceDifferentiableCriterion)?.hessian() else { return nil }
    let rows = λ.indices.map { i in
      λ.indices.map { j in λ[i] * λ[j] * H[i, j] + (i == j ? logGradient[i] : 0) }
    }
    return rows.joined().allSatisfy(\.isFinite) ? rows : nil
  }

  private func keep(_ record: TuningRecord) {
    log.records.append(record)
    if let value = record.value, value < best?.value ?? .infinity { best = record }
  }
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
