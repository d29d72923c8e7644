public import ImplicitDiff

/// The methods by the names of the command line and of every report.
public enum Method: String, CaseIterable {
  case auto
  case aidFP = "aid-fp"
  case aidCG = "aid-cg"
  case aidMINRES = "aid-minres"
  case aidGMRES = "aid-gmres"
  case aidBiCGSTAB = "aid-bicgstab"
  case aidDirect = "aid-direct"
  case itdForward = "itd-forward"
  case itdReverse = "itd-reverse"

  /// The strategy that the name stands for.
  public func strategy<Map: FixedPointMap<Double>>(
    for _: Map, tolerance: Double, limit: Int
  ) -> any AdjointStrategy<Map> {
    func aid(_ solver: AID<Map>.Solver) -> AID<Map> { AID(solver, stopping: .tolerance(tolerance, limit: limit)) }
    return switch self {
    case .auto: aid(.automatic)
    case .aidFP: aid(.fixedPoint)
    case .aidCG: aid(.conjugateGradient)
    case .aidMINRES: aid(.minres)
    case .aidGMRES: aid(.gmres())
    case .aidBiCGSTAB: aid(.bicgstab)
    case .aidDirect: aid(.direct)
    case .itdForward: ForwardITD<Map>(stopping: .tolerance(tolerance, limit: limit))
    case .itdReverse: ReverseITD<Map>(stopping: .tolerance(tolerance, limit: limit))
    }
  }

  /// Whether the method iterates from a start instead of linearizing at a solution.
  public var isITD: Bool { self == .itdForward || self == .itdReverse }

  /// Whether the method works with Φ and its step size. The others solve the symmetric system on the support, in which no step
  /// occurs.
  public var usesStepSize: Bool {
    switch self {
    case .auto, .aidDirect, .aidCG, .aidMINRES: false
    case .aidFP, .aidGMRES, .aidBiCGSTAB, .itdForward, .itdReverse: true
    }
  }
}
