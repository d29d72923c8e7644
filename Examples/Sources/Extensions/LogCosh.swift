// A loss of one's own: ℓ(z, y) = log cosh(z − y), which is quadratic near the target and linear far from it. `SeparableLoss<LogCosh>` is the loss of
// a linear model, with its Hessian, minibatches, held-out criterion and duality gap.
import Foundation
import LinAlg
import Models

struct LogCosh: ScoreLoss {
  static var curvatureBound: Double { 1 }
  /// |ℓ‴| = 2 |tanh| (1 − tanh²), largest where tanh² = ⅓.
  static var curvatureLipschitzConstant: Double { 4 / (3 * 3.0.squareRoot()) }
  static var slopeBound: Double { 1 }

  /// |t| + log(1 + e^{−2|t|}) − log 2 does not overflow.
  static func value(score z: Double, target y: Double) -> Double {
    let t = abs(z - y)
    return t + log1p(exp(-2 * t)) - log(2)
  }
  static func residual(score z: Double, target y: Double) -> Double { tanh(y - z) }
  static func curvature(score z: Double, target y: Double) -> Double { 1 - tanh(z - y) * tanh(z - y) }
  /// ((1 + r) log(1 + r) + (1 − r) log(1 − r))/2 − r y.
  static func conjugate(ofNegative r: Double, target y: Double) -> Double {
    func term(_ x: Double) -> Double { x == 0 ? 0 : x * log(x) }
    return abs(r) <= 1 ? (term(1 + r) + term(1 - r)) / 2 - r * y : .infinity
  }
}
