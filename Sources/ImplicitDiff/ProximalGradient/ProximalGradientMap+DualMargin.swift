public import LinAlg
public import NonsmoothMaps

extension ProximalGradientMap where G == L1Norm<F.Element> {
  /// The smallest λⱼ − |∇f(w)ⱼ| over the coordinates j with a strength that are zero in w: how far the support of a
  /// solution is from growing. Infinity where there is none; negative where w is not the solution.
  public func dualMargin(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var gradient = Vector<Element>.zeros(w.count)
    smooth.gradient(at: w, parameters: smoothParameters(λ), into: &gradient)
    var strengths = Vector<Element>.zeros(w.count)
    penalty.strengths.fill(&strengths, from: λ, scale: 1)
    var margin = Element.infinity
    for j in 0..<w.count where w[j] == 0 && strengths[j] > 0 {
      margin = min(margin, strengths[j] - gradient[j].magnitude)
    }
    return margin
  }
}
