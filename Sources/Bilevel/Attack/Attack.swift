import ImplicitDiff
import LinAlg

/// Makes a criterion as large as a budget lets it, by projected gradient ascent over what an attacker does to training rows: the loss on held-out rows
/// as a ``ReducedObjective`` of a map whose parameters are shifts of m rows, p entries each, then where labels can be flipped a share for each row.
///
/// A step moves the shifts by 2/N times their budget: each row along its own gradient where rows are bounded alone, every entry by its gradient's sign
/// where entries are, and along the gradient relative to its largest row or entry where the attacker has to choose among them. The best point met is kept.
public struct Attack: Sendable {
  public var budget: AttackBudget
  /// N.
  public var steps: Int
  /// p.
  public var features: Int

  public init(_ budget: AttackBudget, steps: Int, features: Int) {
    precondition(steps >= 1 && features >= 1, "Attack: \(steps) steps over \(features) features")
    self.budget = budget
    self.steps = steps
    self.features = features
  }

  /// What is known after a step; step 0 is the clean model.
  public struct Record: Sendable, Codable, Equatable {
    public var step: Int
    /// The criterion; nil where it could not be evaluated.
    public var value: Double?
    /// The largest norm of a row's shift.
    public var largestShift: Double
    public var shiftedRows: Int
    public var shiftedEntries: Int
    /// The sum of the shares of labels.
    public var flips: Double
    /// Unknowns that are not zero.
    public var selected: Int
    public var failure: String?
  }

  /// An attack as far as it came, from which it goes on with the same numbers.
  public struct Log: Sendable, Codable {
    public var records: [Record] = []
    /// Where the next step begins.
    public var point: [Double] = []
    public var warmStart: [TuningLog.SparseState] = []
    /// The point of the largest value.
    public var best: [Double] = []
    public init() {}

    /// The record of the largest value, the first of those that do equally well; nil where none has a value.
    public var worst: Record? {
      records.reduce(nil as Record?) { best, record in
        guard let value = record.value else { return best }
        return value > best?.value ?? -.infinity ? record : best
      }
    }
  }

  /// Attacks from no shift and no flip, or from where a log ends.
  ///
  /// - Parameters:
  ///   - rows: m.
  ///   - isCancelled: asked before every step.
  ///   - observe: told of every step.
  /// - Returns: the log; its last record has a `failure` where the attack ended early.
  public func run(
    _ criterion: any Criterion, rows m: Int, resuming log: Log? = nil, isCancelled: () -> Bool = { false },
    observe: (Record, Log) throws -> Void = { _, _ in }
  ) rethrows -> Log {
    let count = m * features
    precondition(
      criterion.parameterCount == count || criterion.parameterCount == count + m,
      "Attack: \(criterion.parameterCount) parameters for \(m) rows of \(features) features")
    var log = log ?? Log()
    if log.records.isEmpty {
      log.point = Array(repeating: 0, count: criterion.parameterCount)
    } else {
      criterion.warmStart = log.warmStart.map(\.warmStart)
    }
    while log.records.count <= steps, log.records.last?.failure == nil, !isCancelled() {
      let point = Vector(log.point)
      let found = criterion.evaluate(at: point, bounding: false)
      let worst = log.worst?.value ?? -.infinity
      var record = record(log.records.count, point, m)
      record.value = found.value.isFinite ? found.value : nil
      record.selected = found.selected
      record.failure = found.failure?.description
      log.records.append(record)
      if let value = record.value, value > worst { log.best = log.point }
      log.warmStart = criterion.warmStart.map { TuningLog.SparseState($0) }
      if found.failure == nil { log.point = Array(moved(point, along: found.gradient, m)) }
      try observe(record, log)
    }
    return log
  }

  private func record(_ step: Int, _ point: Vector<Double>, _ m: Int) -> Record {
    let rows = (0..<m).map { point[segment: $0 * features..<($0 + 1) * features] }
    return Record(
      step: step, value: nil, largestShift: rows.reduce(0) { max($0, $1.norm) },
      shiftedRows: rows.count { $0.nonzeroCount > 0 }, shiftedEntries: rows.reduce(0) { $0 + $1.nonzeroCount },
      flips: point.dropFirst(m * features).reduce(0, +), selected: 0, failure: nil)
  }

  private func moved(_ point: Vector<Double>, along gradient: Vector<Double>, _ m: Int) -> Vector<Double> {
    let count = m * features
    let stride = 2 * budget.size / Double(steps)
    var Γ = Vector(copying: point[segment: 0..<count])
    let g = gradient[segment: 0..<count]
    let norms = (0..<m).map { g[segment: $0 * features..<($0 + 1) * features].norm }
    let (longest, largest) = (norms.max() ?? 0, g.maxNorm)
    for j in 0..<count where g[j] != 0 {
      switch budget.norm {
      case .l2: Γ[j] += stride / norms[j / features] * g[j]
      case .linf: Γ[j] += g[j] > 0 ? stride : -stride
      case .rows: Γ[j] += stride / longest * g[j]
      case .entries: Γ[j] += stride / largest * g[j]
      }
    }
    budget.project(shifts: &Γ, features: features)
    guard point.count > count else { return Γ }
    var c = Vector(copying: point[segment: count..<count + m])
    let slopes = gradient[segment: count..<count + m]
    let size = slopes.maxNorm
    if size > 0 { c.add(2 / Double(steps) / size, slopes) }
    budget.project(shares: &c)
    return Vector(Array(Γ) + Array(c))
  }
}
