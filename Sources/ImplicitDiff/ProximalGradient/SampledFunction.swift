public import LinAlg

/// A smooth function that is a mean over n samples, f = (1/n) Σᵢ fᵢ, known by minibatches too: then `f + g` can be differentiated
/// stochastically (``NSID``).
///
/// f_ξ is the mean over the samples of ξ, so that what is added for a minibatch is the mean of what is added for each of them alone.
/// Terms that belong to no sample, as a ridge, belong to every one.
public protocol SampledFunction<Element>: SmoothFunction {
  /// n.
  var sampleCount: Int { get }

  /// g ← g + α ∇f_ξ(w, λ).
  func addSampleGradient(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, scale α: Element, to g: inout Vector<Element>)

  /// y ← y + α ∇²f_ξ(w, λ) x.
  func addSampleHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ x: Vector<Element>, scale α: Element,
    to y: inout Vector<Element>)

  /// r ← r + α (∂_λ∇f_ξ(w, λ))ᵀ v, `parameterCount` entries. Not asked for where f has no parameters.
  func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>)
}

extension SampledFunction {
  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) { precondition(parameterCount == 0, "\(Self.self): a function with parameters needs its mixed derivative") }
}
