public import LinAlg

/// `g(w, λ) = Σ_G λ_{i(G)} weight_G ‖w_G‖₂` over a partition into groups: whole groups are zero or not.
///
/// prox shrinks each group in norm by t = s λ weight. On a group with n = ‖u_G‖ > t, D = (1 − t/n) I + (t/n) h hᵀ with h = u_G/n; B's column of
/// its strength is −s weight h. At n = t the ``KinkRule`` decides: `zero` counts the group as zero, `one` takes the limit from outside, D = h hᵀ,
/// `midpoint` half of it. A group whose t is 0 has D = I, everywhere.
///
/// M. Yuan, Y. Lin: Model selection and estimation in regression with grouped variables. J. R. Stat. Soc. B 68 (2006).
public struct GroupLasso<Element: Scalar>: ProximalMap {
  public let groups: Groups
  /// Which strength each group has.
  public let strengths: SharedStrengths

  /// - Precondition: strengths shared over as many groups as there are.
  public init(_ groups: Groups, strengths: SharedStrengths = .single) {
    strengths.requireCoordinates(groups.count)
    strengths.requireNoFactors("GroupLasso")
    self.groups = groups
    self.strengths = strengths
  }

  public var parameterCount: Int { strengths.count }
  public func admits(count p: Int) -> Bool { groups.coordinateCount == p }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for k in 0..<groups.count { sum += λ[strengths.place(k)] * Element(groups.weights[k]) * groups.norm(k, of: w) }
    return sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    for k in 0..<groups.count {
      groups.shrink(k, by: s * λ[strengths.place(k)] * Element(groups.weights[k]), in: &u)
    }
  }

  public func makeLinearization(count p: Int) -> GroupLinearization<Element> {
    GroupLinearization(groups, count: p, groupStrengths: strengths, coordinateStrengths: nil)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: GroupLinearization<Element>
  ) { L.fill(at: u, step: s, parameters: λ, kink: kink) }

  /// Always possible: ‖u_G‖ = ‖w_G‖ + t on a group that is not zero.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: GroupLinearization<Element>
  ) -> Bool {
    L.fill(atSolution: w, step: s, parameters: λ)
    return true
  }

  /// Which groups are not zero.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    groups.nonzeroSignature(of: w)
  }
}

extension GroupLasso: BlockPenalty {
  public func makeBlocks(count p: Int, parameters λ: Vector<Element>) -> GroupNorms<Element> {
    precondition(groups.coordinateCount == p, "GroupLasso: groups of \(groups.coordinateCount) coordinates for \(p)")
    return GroupNorms(
      groups, norms: Vector(count: groups.count) { λ[strengths.place($0)] * Element(groups.weights[$0]) })
  }
}
