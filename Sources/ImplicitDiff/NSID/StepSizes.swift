public import LinAlg

/// The step sizes η_i of the stochastic recursion v ← (1 − η_i) v + η_i (ψ_ξ(v)).
public enum StepSizes<Element: Scalar>: Sendable, Equatable {
  /// η_i = η: linear convergence down to a floor η σ₁/(1 − q²).
  case constant(Element)
  /// η_i = β/(γ + i): the mean square error falls as 1/(γ + i), provided β > 1/(1 − q²).
  case decreasing(β: Element, γ: Element)

  /// Whether every step is positive and finite.
  var arePositive: Bool {
    switch self {
    case .constant(let η): η > 0 && η.isFinite
    case .decreasing(let β, let γ): β > 0 && β.isFinite && γ > 0 && γ.isFinite
    }
  }

  /// η_i.
  public func step(_ i: Int) -> Element {
    switch self {
    case .constant(let η): η
    case .decreasing(let β, let γ): β / (γ + Element(i))
    }
  }
}

/// The constants of the recursion's noise, `E‖ψ_ξ(v) − ψ(v)‖² ≤ σ₁ + σ₂ ‖ψ(v) − v‖²`, and what follows from them.
///
/// Source of the bounds: Grazzi, Pontil, Salzo, arXiv:2403.11687, section 4.
public struct StochasticRates<Element: Scalar>: Sendable {
  /// q, a bound on ‖A1‖.
  public var contraction: Element
  public var σ1: Element
  public var σ2: Element
  /// ‖v̄‖, the size of the solution.
  public var solutionNorm: Element

  /// 1 − q².
  public var gap: Element { 1 - contraction * contraction }
  /// β must be above this for the decreasing steps to give 1/k.
  public var βLimit: Element { 1 / gap }
  /// Constant steps must not exceed this.
  public var constantLimit: Element { 1 / (1 + σ2) }

  /// The decreasing steps with the best constant: β = 2/(1 − q²), γ = β (1 + σ₂).
  public var decreasing: StepSizes<Element> {
    let β = 2 / gap
    return .decreasing(β: β, γ: β * (1 + σ2))
  }

  /// The bound on E‖v_k − v̄‖² after k steps.
  public func meanSquareBound(_ steps: StepSizes<Element>, after k: Int) -> Element {
    switch steps {
    case .constant(let η):
      return Element.pow(1 - η * gap, k) * solutionNorm * solutionNorm + η * σ1 / gap
    case .decreasing(let β, let γ):
      return max(γ * solutionNorm * solutionNorm, β * β * σ1 / (β * gap - 1)) / (γ + Element(k))
    }
  }

  /// The number of decreasing steps after which the theory's bound is at most `meanSquare`; `Int.max` where no number is.
  public func stepsNeeded(for meanSquare: Element) -> Int {
    guard case .decreasing(let β, let γ) = decreasing else { return 0 }
    let numerator = max(γ * solutionNorm * solutionNorm, β * β * σ1 / (β * gap - 1))
    let steps = numerator > 0 ? (numerator / meanSquare - γ).rounded(.up) : 0
    return steps < Element(Int.max / 2) ? Int(max(1, steps)) : .max
  }
}
