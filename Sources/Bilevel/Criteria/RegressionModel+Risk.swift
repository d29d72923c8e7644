import ImplicitDiff
public import LinAlg
public import Models
import NonsmoothMaps
internal import RandomStreams
internal import RealModule

extension RegressionModel {
  /// Stein's unbiased estimate of half the mean squared error of the fitted scores about the true ones, ‖X w − E y‖²/(2n), for least squares and
  /// normal noise of the standard deviation σ:
  ///
  ///     ‖X w − y‖²/(2n) − σ²/2 + (σ²/n) dof,   dof = tr ∂(X w)/∂y
  ///
  /// No rows are held out. The degrees of freedom are estimated by a difference along a normal direction δ, dof ≈ δᵀ(X w(y + εδ) − X w(y))/ε with ε =
  /// 2σ/n^0.3: smooth in λ where |S| is a staircase. So there are two solves per draw of δ, whose mean is taken.
  ///
  /// Source: C.-A. Deledalle, S. Vaiter, J. Fadili, G. Peyré, *Stein Unbiased GrAdient estimator of the Risk (SUGAR) for multiple parameter selection*,
  /// SIAM J. Imaging Sci. 7 (2014).
  ///
  /// - Parameters:
  ///   - X: n × p.
  ///   - y: n entries.
  ///   - σ: the noise's standard deviation, above 0.
  ///   - seed: of the directions.
  ///   - draws: how many, at least 1; one is enough for large n.
  public func riskEstimate<E>(
    features X: any DesignMatrix<E>, targets y: Vector<E>, noise σ: Double, seed: UInt64 = 0, draws: Int = 1
  ) -> SumCriterion where Loss == QuadraticLoss<E> {
    precondition(σ > 0 && σ.isFinite && draws >= 1, "riskEstimate: noise \(σ), \(draws) draws")
    let n = y.count
    let ε = 2 * σ / Double.pow(Double(n), 0.3)
    let design = design(X)
    var parts: [any Criterion] = []
    var weights: [Double] = []
    var constant = -σ * σ / 2
    for draw in 0..<draws {
      var stream = RandomStream(seed: seed, stream: UInt64(draw))
      let δ = Vector<Double>(count: n) { _ in stream.nextNormal() }
      // ‖X w − y‖²/(2n) − cᵀ(X w − y) with c = σ² δ/(nε) is ‖X w − (y + n c)‖²/(2n) − n ‖c‖²/2.
      let c = (σ * σ / (Double(n) * ε)) * δ
      let shifted = Vector<E>(count: n) { y[$0] + E(Double(n) * c[$0]) }
      parts.append(criterion(map(features: X, targets: y), HeldOutLoss<Loss>(features: design, targets: shifted)))
      // cᵀ(X w(y + εδ) − y), whose solution is another.
      let moved = Vector<E>(count: n) { y[$0] + E(ε * δ[$0]) }
      parts.append(
        criterion(
          map(features: X, targets: moved), LinearObjective<E>(features: design, direction: Vector(converting: c))))
      weights += [1 / Double(draws), 1 / Double(draws)]
      let y = Vector<Double>(converting: y)
      constant -= (Double(n) * c.dot(c) / 2 + c.dot(y)) / Double(draws)
    }
    return SumCriterion(parts, weights: weights, constant: constant)
  }
}
