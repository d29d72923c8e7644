import LinAlg

/// One evaluation of a search.
public struct TuningRecord: Sendable, Codable, Equatable {
  /// λ, m entries.
  public var parameters: [Double]
  /// The criterion; nil where it could not be evaluated.
  public var value: Double?
  /// Its gradient with respect to the logarithms of λ, m entries; nil where there is none.
  public var logGradient: [Double]?
  /// Its second derivatives with respect to the logarithms of λ, m × m, where the optimizer asked for them and they are known.
  public var logHessian: [[Double]]?
  /// A bound on the error of `logGradient` in the Euclidean norm; nil where none was asked for or proven.
  public var gradientErrorBound: Double?
  /// Unknowns that are not zero, over all inner problems.
  public var selected: Int
  /// Why there is no value or no gradient.
  public var failure: String?
  /// Seconds since the search began, those of earlier runs included.
  public var seconds: Double

  /// ‖logGradient‖.
  public var gradientNorm: Double? { logGradient.map { Vector($0).norm } }

  enum CodingKeys: String, CodingKey {
    case parameters, value, selected, failure, seconds
    case logGradient = "log_gradient"
    case logHessian = "log_hessian"
    case gradientErrorBound = "gradient_error_bound"
  }
}

/// What a search leaves behind so that another can go on from it: every evaluation in order, and what the next solve begins from.
///
/// Optimizers are deterministic, so going on means running one again and answering its first questions from here.
public struct TuningLog: Sendable, Codable, Equatable {
  public var records: [TuningRecord] = []
  /// The criterion's warm start after the last record.
  public var warmStart: [SparseState] = []

  public init() {}

  /// A ``WarmStart``, its solution by its nonzeros.
  public struct SparseState: Sendable, Codable, Equatable {
    /// p; nil where there is no solution yet.
    public var count: Int?
    public var indices: [Int] = []
    public var values: [Double] = []
    public var keptColumns: [[Int]]
    /// Of all inner problems together; nil for none.
    public var sharedColumns: [[Int]]?

    public init(_ start: WarmStart) {
      keptColumns = start.keptColumns
      sharedColumns = start.sharedColumns.isEmpty ? nil : start.sharedColumns
      guard let w = start.state else { return }
      count = w.count
      indices = w.indices.filter { w[$0] != 0 }
      values = indices.map { w[$0] }
    }

    /// The solution, every entry; nil where there is none yet.
    public var solution: Vector<Double>? { warmStart.state }

    public var warmStart: WarmStart {
      let shared = sharedColumns ?? []
      guard let count else { return WarmStart(keptColumns: keptColumns, sharedColumns: shared) }
      var w = Vector<Double>.zeros(count)
      for (j, value) in zip(indices, values) { w[j] = value }
      return WarmStart(state: w, keptColumns: keptColumns, sharedColumns: shared)
    }

    /// Whether it describes one of p unknowns.
    public func isSound(unknowns p: Int) -> Bool {
      let isListSound = [keptColumns, sharedColumns ?? []].allSatisfy { batches in
        let columns = batches.joined()
        return columns.allSatisfy { 0 <= $0 && $0 < p } && Set(columns).count == columns.count
      }
      return (count ?? p) == p && indices.count == values.count && indices.allSatisfy { 0 <= $0 && $0 < p }
        && values.allSatisfy(\.isFinite) && isListSound
    }

    enum CodingKeys: String, CodingKey {
      case count, indices, values
      case keptColumns = "kept_columns"
      case sharedColumns = "shared_columns"
    }
  }

  enum CodingKeys: String, CodingKey {
    case records
    case warmStart = "warm_start"
  }
}
