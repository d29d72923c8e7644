import LinAlg

/// One evaluation of a search.
public struct TuningRecord: Sendable, Codable, Equatable {
  /// λ, m entries.
  public var parameters: [Double]
  /// The criterion; nil where it could not be evaluated.
  public var value: Double?
  /// Its gradient with respect to the logarithms of λ, m entries; nil where there is none.
  public var logGradient: [Double]?
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
    case gradientErrorBound = "gradient_error_bound"
  }
}

/// What a search leaves behind so that another can go on from it: every evaluation in order, and what the next solve begins from.
///
/// Optimizers are deterministic, so going on means running one again and answering its first questions from here.
public struct TuningLog: Sendable, Codable, Equatable {
  public var records: [TuningRecord] = []
  /// The criterion's warm start after the last record.
  public var warmStart: [SparseState?] = []

  public init() {}

  /// A vector by its nonzeros.
  public struct SparseState: Sendable, Codable, Equatable {
    public var count: Int
    public var indices: [Int]
    public var values: [Double]

    init(_ w: Vector<Double>) {
      count = w.count
      indices = w.indices.filter { w[$0] != 0 }
      values = indices.map { w[$0] }
    }

    var vector: Vector<Double> {
      var w = Vector<Double>.zeros(count)
      for (j, value) in zip(indices, values) { w[j] = value }
      return w
    }

    /// Whether it describes a vector.
    public var isSound: Bool {
      count >= 0 && indices.count == values.count && indices.allSatisfy { 0 <= $0 && $0 < count }
        && values.allSatisfy(\.isFinite)
    }
  }

  enum CodingKeys: String, CodingKey {
    case records
    case warmStart = "warm_start"
  }
}
