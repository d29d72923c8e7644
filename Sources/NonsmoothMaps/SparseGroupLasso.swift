public import LinAlg

/// `g(w, λ) = Σⱼ tⱼ |wⱼ| + Σ_G λ_{k(G)} weight_G ‖w_G‖₂`: few groups, and few coordinates of each. λ holds the strengths of the coordinates,
/// then those of the groups.
///
/// prox soft-thresholds, v = S_t(u), and shrinks the groups of v. D is that of ``GroupLasso`` at v on the coordinates with |uⱼ| > tⱼ. At a kink of
/// either the ``KinkRule`` decides: `zero` counts the coordinate or group as zero, `one` takes the limit from the other side, `midpoint` the mean.
///
/// N. Simon, J. Friedman, T. Hastie, R. Tibshirani: A sparse-group lasso. J. Comput. Graph. Stat. 22 (2013).
public struct SparseGroupLasso<Element: Scalar>: ProximalMap {
  public let groups: Groups
  /// Which strength each coordinate has.
  public let coordinateStrengths: SharedStrengths
  /// Which strength each group has.
  public let groupStrengths: SharedStrengths

  /// - Precondition: strengths shared over as many coordinates and groups as there are.
  public init(
    _ groups: Groups, coordinateStrengths: SharedStrengths = .single, groupStrengths: SharedStrengths = .single
  ) {
    coordinateStrengths.requireCoordinates(groups.coordinateCount)
    groupStrengths.requireCoordinates(groups.count)
    groupStrengths.requireNoFactors("SparseGroupLasso")
    self.groups = groups
    self.coordinateStrengths = coordinateStrengths
    self.groupStrengths = groupStrengths
  }

  public var parameterCount: Int { coordinateStrengths.count + groupStrengths.count }
  public func admits(count p: Int) -> Bool { groups.coordinateCount == p }

  /// λ weight of group k.
  private func groupStrength(_ k: Int, _ λ: Vector<Element>) -> Element {
    λ[coordinateStrengths.count + groupStrengths.place(k)] * Element(groups.weights[k])
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += coordinateStrengths.strength(j, λ) * w[j].magnitude }
    for k in 0..<groups.count { sum += groupStrength(k, λ) * groups.norm(k, of: w) }
    return sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    L1Norm(coordinateStrengths).apply(step: s, parameters: λ, to: &u)
    for k in 0..<groups.count { groups.shrink(k, by: s * groupStrength(k, λ), in: &u) }
  }

  public func makeLinearization(count p: Int) -> GroupLinearization<Element> {
    GroupLinearization(groups, count: p, groupStrengths: groupStrengths, coordinateStrengths: coordinateStrengths)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: GroupLinearization<Element>
  ) { L.fill(at: u, step: s, parameters: λ, kink: kink) }

  /// Always possible: ‖v_G‖ = ‖w_G‖ + t on a group that is not zero, and v has the zeros and the direction of w.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: GroupLinearization<Element>
  ) -> Bool {
    L.fill(atSolution: w, step: s, parameters: λ)
    return true
  }

  /// The signs of the coordinates that have a strength of their own, and which groups are not zero.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    hash.add(L1Norm(coordinateStrengths).signature(at: w, parameters: λ))
    if !coordinateStrengths.unpenalized.isEmpty { hash.add(groups.nonzeroSignature(of: w)) }
    return hash.value
  }
}

extension SparseGroupLasso: BlockPenalty {
  public func makeBlocks(count p: Int, parameters λ: Vector<Element>) -> GroupNorms<Element> {
    precondition(
      groups.coordinateCount == p, "SparseGroupLasso: groups of \(groups.coordinateCount) coordinates for \(p)")
    return GroupNorms(
      groups, norms: Vector(count: groups.count) { groupStrength($0, λ) },
      oneNorms: Vector(count: p) { coordinateStrengths.strength($0, λ) })
  }
}
