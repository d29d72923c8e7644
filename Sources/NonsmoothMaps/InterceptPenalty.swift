/// A penalty of p coordinates that can be had for one more which it leaves alone: a model's intercept.
public protocol InterceptPenalty<Element>: ProximalMap {
  /// The same parameters, p + 1 coordinates, of which the last is not penalized.
  func appendingUnpenalized(after p: Int) -> Self
}

extension L1Norm: InterceptPenalty {
  public func appendingUnpenalized(after p: Int) -> L1Norm { L1Norm(strengths.appendingUnpenalized(after: p)) }
}

extension GroupLasso: InterceptPenalty {
  /// The last coordinate is a group of its own, of weight 0.
  public func appendingUnpenalized(after p: Int) -> GroupLasso {
    precondition(groups.coordinateCount == p, "GroupLasso: groups of \(groups.coordinateCount) coordinates for \(p)")
    return GroupLasso(groups.appendingUnpenalized(), strengths: strengths.appendingShared())
  }
}

extension SparseGroupLasso: InterceptPenalty {
  /// The last coordinate is a group of its own, of weight 0, and its factor is 0.
  public func appendingUnpenalized(after p: Int) -> SparseGroupLasso {
    precondition(
      groups.coordinateCount == p, "SparseGroupLasso: groups of \(groups.coordinateCount) coordinates for \(p)")
    return SparseGroupLasso(
      groups.appendingUnpenalized(), coordinateStrengths: coordinateStrengths.appendingUnpenalized(after: p),
      groupStrengths: groupStrengths.appendingShared())
  }
}

extension SeparableSum: InterceptPenalty {
  /// The last coordinate is in no part.
  public func appendingUnpenalized(after p: Int) -> SeparableSum {
    precondition(coordinateCount == p, "SeparableSum: of \(coordinateCount) coordinates for \(p)")
    return SeparableSum(parts, count: p + 1, parameterCount: parameterCount)
  }
}
