/// A strategy or solver of the package, by the name it has in reports.
public enum Strategy: String, CaseIterable, Sendable, Codable {
  case auto
  case aidFixedPoint = "aid-fp"
  case aidConjugateGradient = "aid-cg"
  case aidMINRES = "aid-minres"
  case aidGMRES = "aid-gmres"
  case aidBiCGSTAB = "aid-bicgstab"
  case aidDirect = "aid-direct"
  case itdForward = "itd-forward"
  case itdReverse = "itd-reverse"
  case nsid
  case sid
  case varianceReducedNSID = "nsid-vr"
  case fixedPointSolver = "fixed-point"
  case andersonSolver = "anderson"
  case workingSetSolver = "working-set"
  case stochasticSolver = "stochastic"

  var isAID: Bool {
    switch self {
    case .auto, .aidFixedPoint, .aidConjugateGradient, .aidMINRES, .aidGMRES, .aidBiCGSTAB, .aidDirect: true
    default: false
    }
  }
  var isITD: Bool { self == .itdForward || self == .itdReverse }
  var isStochastic: Bool { self == .nsid || self == .sid || self == .varianceReducedNSID }
  var isSolver: Bool {
    switch self {
    case .fixedPointSolver, .andersonSolver, .workingSetSolver, .stochasticSolver: true
    default: false
    }
  }
  /// Refused for a map without structure, by design.
  var needsSymmetry: Bool { self == .aidConjugateGradient || self == .aidMINRES }
  /// Defined for penalized models only.
  var needsSamples: Bool { isStochastic || self == .workingSetSolver || self == .stochasticSolver }
  /// Works with I − A1 or with Φ itself and not with the symmetric system, so that its rounding is measured by 1/s.
  var usesFullSystem: Bool {
    isITD || isStochastic || isSolver || self == .aidFixedPoint || self == .aidGMRES || self == .aidBiCGSTAB
  }
}

/// What is asked of a strategy on a problem.
struct Plan: Sendable {
  enum Quantity: String, Sendable { case vjp, jvp, jacobian, hypergradient, solution }
  enum Stopping: Sendable {
    case automatic
    case tolerance(Double)
    case iterations(Int)
  }

  var strategy: Strategy
  var quantity: Quantity
  var stopping = Stopping.automatic
  /// ITD reverse: every iterate kept, and how many are pulled back through.
  var keepsAllIterates = false
  var truncation: Int?
  var warmStarts = false
  var memory = 3
  /// The stochastic strategies: steps, batches and epochs. A batch of all the samples in reshuffled epochs has no noise.
  var step = 1.0
  var decreases = false
  var batchSize = 1
  var usesWholeBatches = false
  var steps = 100
  var seed: UInt64 = 0

  /// The limit on iterations everywhere: a hang is told from work by it.
  static let iterationLimit = 100_000
}
