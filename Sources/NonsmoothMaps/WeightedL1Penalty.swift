public import LinAlg

/// A penalty that is a weighted 1-norm with a ridge, `g(w, λ) = Σⱼ tⱼ |wⱼ| + (ρ/2) ‖w‖²`: working sets solve linear models with it.
public protocol WeightedL1Penalty<Element>: ProximalMap {
  /// ρ for parameters in the domain, and t ← the strengths, p entries.
  func fillStrengths(_ t: inout Vector<Element>, parameters λ: Vector<Element>) -> Element
}

extension L1Norm: WeightedL1Penalty {
  public func fillStrengths(_ t: inout Vector<Element>, parameters λ: Vector<Element>) -> Element {
    strengths.fill(&t, from: λ, scale: 1)
    return 0
  }
}

extension ElasticNet: WeightedL1Penalty {
  public func fillStrengths(_ t: inout Vector<Element>, parameters λ: Vector<Element>) -> Element {
    t.fill(λ[0])
    return λ[1]
  }
}

extension FixedParameters: WeightedL1Penalty where G: WeightedL1Penalty {
  public func fillStrengths(_ t: inout Vector<Element>, parameters λ: Vector<Element>) -> Element {
    base.fillStrengths(&t, parameters: constants)
  }
}
