public import ImplicitDiff
public import LinAlg

extension LinearModel: AffineGradientFunction {
  /// Where the loss is quadratic and the ridge does not change.
  public func gradientIsAffine(along δ: Vector<Element>) -> Bool {
    loss.linearTerm != nil && (ridge != .parameter || δ[0] == 0)
  }
}

extension LinearModel: ThirdOrderFunction {
  /// zᵀ∇f = (1/n) Σ ℓ′(xᵢ·w) xᵢ·z + λ zᵀFw, F the ridge's factors: Xᵀ(ℓ‴ ∘ Xz ∘ Xx)/n + δ F z, and zᵀFx. Three products with X, one with Xᵀ; none of a quadratic loss.
  public func addThirdDerivative(
    _ z: Vector<Element>, _ x: Vector<Element>, _ δ: Vector<Element>, at w: Vector<Element>,
    parameters λ: Vector<Element>, scale α: Element, state a: inout Vector<Element>, parameters b: inout Vector<Element>
  ) -> Bool {
    if ridge == .parameter {
      addRidge(α * δ[0], z, to: &a)
      b[0] += α * ridgeProduct(z, x)
    }
    if loss.linearTerm != nil { return true }
    var scores = Vector<Element>.zeros(loss.sampleCount)
    var third = scores
    loss.features.multiply(w, alpha: 1, beta: 0, into: &scores)
    guard loss.curvatureDerivatives(scores: scores, into: &third) else { return false }
    for direction in [z, x] {
      loss.features.multiply(direction, alpha: 1, beta: 0, into: &scores)
      third.scale(by: scores)
    }
    loss.features.multiplyTransposed(third, alpha: α / Element(loss.sampleCount), beta: 1, into: &a)
    return true
  }
}

extension QuadraticFunction: AffineGradientFunction, ThirdOrderFunction {
  /// Always.
  public func gradientIsAffine(along δ: Vector<Element>) -> Bool { true }

  /// Nothing: ∇f is affine in (w, λ).
  public func addThirdDerivative(
    _ z: Vector<Element>, _ x: Vector<Element>, _ δ: Vector<Element>, at w: Vector<Element>,
    parameters λ: Vector<Element>, scale α: Element, state a: inout Vector<Element>, parameters b: inout Vector<Element>
  ) -> Bool { true }
}

extension HeldOutLoss: TwiceDifferentiableObjective {
  /// Xᵀ(ℓ″ ∘ Xx)/m; nothing with λ.
  public func addHessianProduct(
    _ x: Vector<Element>, _ δ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>,
    state a: inout Vector<Element>, parameters b: inout Vector<Element>
  ) -> Bool {
    var scores = Vector<Element>.zeros(loss.sampleCount)
    var weights = scores
    loss.features.multiply(w, alpha: 1, beta: 0, into: &scores)
    loss.curvatures(scores: scores, into: &weights)
    loss.features.multiply(x, alpha: 1, beta: 0, into: &scores)
    weights.scale(by: scores)
    loss.features.multiplyTransposed(weights, alpha: 1 / Element(loss.sampleCount), beta: 1, into: &a)
    return true
  }
}
