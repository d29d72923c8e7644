public import LinAlg

extension QuadraticLoss {
  /// 0.
  public static func curvatureDerivatives(
    scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>
  ) -> Bool {
    d.fill(0)
    return true
  }
}

extension SeparableLoss {
  public static func curvatureDerivatives(
    scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>
  ) -> Bool {
    for i in 0..<z.count {
      guard let value = Score.curvatureDerivative(score: z[i], target: y[i]) else { return false }
      d[i] = value
    }
    return true
  }
}

extension LogisticScore {
  /// σ(z) σ(−z) (σ(−z) − σ(z)), whatever the label.
  public static func curvatureDerivative(score z: Element, target y: Element) -> Element? {
    // σ(−z) − σ(z) = −tanh(z/2), without a difference of nearly equal numbers.
    -curvature(score: z, target: y) * Element.tanh(z / 2)
  }
}

extension HuberScore {
  /// 0: quadratic or linear on each piece.
  public static func curvatureDerivative(score z: Element, target y: Element) -> Element? { 0 }
}

extension SquaredHingeScore {
  /// 0: quadratic or 0 on each piece.
  public static func curvatureDerivative(score z: Element, target y: Element) -> Element? { 0 }
}
