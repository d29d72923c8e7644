/// One random problem and what is to be computed of it. All data are at unit scale and exact in the type of the run; the run
/// multiplies them by powers of two, under which the solution and its derivative scale exactly.
struct Problem: Sendable {
  /// Which map.
  enum Family: Sendable {
    case penalized(PenalizedData)
    case general(GeneralData)
  }

  var family: Family
  var isSinglePrecision = false
  var isSparse = false
  var scales = Scales()
  /// The state that the derivative is asked at, or the iteration starts from.
  var state: [Double] = []
  var vouching = Vouching.none
  var cotangent: [Double] = []
  /// m × k, by columns.
  var directions: [[Double]] = []
  var poison: Poison?
  /// A workspace that has differentiated another problem of the same shape before.
  var reusesWorkspace = false
  /// What makes it hard, by name; empty for a benign problem.
  var difficulties: [String] = []

  /// What the caller says of the state.
  enum Vouching: Sendable {
    case none
    /// It is the solution rounded.
    case truthfully
    /// It was vouched for as a solution, and the state was changed afterwards.
    case beforeAChange
  }

  /// A NaN or an infinity in one place.
  struct Poison: Sendable {
    enum Place: String, CaseIterable, Sendable { case features, targets, strengths, state, cotangent, directions }
    var place: Place
    var row = 0
    var column = 0
    var value: Double
  }

  /// Powers of two.
  struct Scales: Sendable {
    /// Of X; the general map has none.
    var features = 0
    /// Of y; of everything but λ in a general map.
    var targets = 0
    /// Of λ in a general map.
    var parameters = 0
    var cotangent = 0
  }

  /// The unit in the last place of the type.
  var ulp: Double { isSinglePrecision ? Double(Float.ulpOfOne) : Double.ulpOfOne }
  var leastNormal: Double { isSinglePrecision ? Double(Float.leastNormalMagnitude) : Double.leastNormalMagnitude }

  var stateCount: Int {
    switch family {
    case .penalized(let data): data.p
    case .general(let data): data.p
    }
  }

  var parameterCount: Int {
    switch family {
    case .penalized(let data): data.groupCount + 1
    case .general(let data): data.N[0].count
    }
  }

  /// w scales by two to this power.
  var stateExponent: Int {
    switch family {
    case .penalized(let data): (data.isLogistic ? 0 : scales.targets) - scales.features
    case .general: scales.targets
    }
  }

  /// λ_k scales by two to this power.
  func parameterExponent(_ k: Int) -> Int {
    switch family {
    case .penalized(let data):
      k == data.groupCount ? 2 * scales.features : scales.features + (data.isLogistic ? 0 : scales.targets)
    case .general: scales.parameters
    }
  }

  /// ∂w/∂λ_k scales by two to this power.
  func derivativeExponent(_ k: Int) -> Int { stateExponent - parameterExponent(k) }
}

/// X, y and the strengths of an elastic net, weighted lasso or sparse logistic regression.
struct PenalizedData: Sendable {
  var X: [[Double]]
  var y: [Double]
  var isLogistic: Bool
  /// The group of each feature; nil for the elastic net's single one.
  var groups: [Int]?
  var strengths: [Double]
  var ridge: Double
  /// The step in units of 1/(L + λ_G); nil for the map's own.
  var stepFactor: Double?
  /// Held-out rows and targets of the outer objective.
  var heldOutX: [[Double]]
  var heldOutY: [Double]

  var n: Int { X.count }
  var p: Int { X[0].count }
  var groupCount: Int { strengths.count }
  func strength(_ j: Int) -> Double { strengths[groups?[j] ?? 0] }
  func group(_ j: Int) -> Int { groups?[j] ?? 0 }
}

/// Φ(w, λ) = bend(M w + N λ + b), entry by entry.
struct GeneralData: Sendable {
  enum Bend: String, CaseIterable, Sendable { case affine, positivePart, cap, softThreshold }
  var M: [[Double]]
  var N: [[Double]]
  var b: [Double]
  var parameters: [Double]
  var bend: Bend
  /// The cap or the threshold.
  var level: Double

  var p: Int { M.count }
}
