import ImplicitDiff
import LinAlg
import Models
public import NonsmoothMaps
internal import RealModule

/// A penalty whose coordinates' strengths can be multiplied by factors.
public protocol FactoredPenalty<Element>: ProximalMap {
  /// The same with every coordinate's strength times its factor, finite and at least 0.
  func scaled(by factors: [Double]) -> Self
}

extension L1Norm: FactoredPenalty {
  public func scaled(by factors: [Double]) -> L1Norm { L1Norm(strengths.scaled(by: factors)) }
}

extension BoundedL1: FactoredPenalty {
  public func scaled(by factors: [Double]) -> BoundedL1 {
    BoundedL1(strengths.scaled(by: factors), lower: lower, upper: upper)
  }
}

extension RegressionModel where Penalty: FactoredPenalty {
  /// The adaptive lasso: every strength times (max |v|/|vⱼ|)^γ, where v is a ridge's fit to the same rows, of every fold its own; at most 10¹².
  ///
  /// The ridge of that fit is a hundredth of the mean curvature of the loss along an axis, where a search for one would begin. Factors are constants
  /// in the derivative by strengths. The fit is solved to rounding; where that fails it is taken as far as it came.
  ///
  /// Source: H. Zou, *The Adaptive Lasso and Its Oracle Properties*, J. Amer. Statist. Assoc. 101 (2006).
  ///
  /// - Parameter γ: above 0.
  public func adaptive(exponent γ: Double) -> RegressionModel {
    precondition(γ > 0 && γ.isFinite, "adaptive: an exponent of \(γ)")
    var model = self
    let hasIntercept = hasIntercept
    model.adapt = { penalty, loss, ridgeFactors in
      penalty.scaled(by: Self.factors(loss, ridgeFactors, exponent: γ, hasIntercept: hasIntercept))
    }
    return model
  }

  private static func factors(
    _ loss: Loss, _ ridgeFactors: Vector<Element>?, exponent γ: Double, hasIntercept: Bool
  ) -> [Double] {
    let p = loss.featureCount
    let count = hasIntercept ? p - 1 : p
    let ones = Array(repeating: 1.0, count: p)
    let strengths = hasIntercept ? SharedStrengths.single(factors: ones.dropLast() + [0]) : .single
    func pilot(_ ridge: Double) -> ProximalGradientMap<LinearModel<Loss>, L1Norm<Element>> {
      ProximalGradientMap(
        LinearModel(loss, ridge: .fixed(Element(ridge)), ridgeFactors: ridgeFactors), L1Norm(strengths))
    }
    guard let top = pilot(0).vanishingScale(parameters: [1]) else { return ones }
    let curvature = loss.meanCurvature(features: count) { pilot(0).solve(at: [top]).state }
    // A 1-norm too weak to matter: working sets then need not hold every feature.
    let weak = top * Element(sign: .plus, exponent: -40, significand: 1)
    let v = pilot(curvature / 100).solve(at: [weak]).state
    let sizes = (0..<count).map { Double(v[$0].magnitude) }
    guard let largest = sizes.max(), largest > 0, largest.isFinite else { return ones }
    let factors = sizes.map { size in
      size.isNaN ? 1e12 : min(1e12, Double.pow(largest / size, γ))
    }
    return factors + (hasIntercept ? [1] : [])
  }
}
