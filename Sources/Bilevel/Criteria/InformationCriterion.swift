public import ImplicitDiff
public import LinAlg
public import Models
public import NonsmoothMaps
internal import RealModule

/// What a fit costs by its likelihood and its degrees of freedom: −2 log L + charge(df), no rows held out.
///
/// The degrees of freedom are those on the identified piece, the rank of the columns that are free there, with a ridge the trace
/// tr (H + ρF)⁻¹H of their Hessian H. Without a ridge they are a staircase in λ, so the criterion has jumps and no gradient: it is for a grid or a path, not for a
/// search by gradients. An intercept is a degree of freedom.
///
/// Sources: H. Zou, T. Hastie, R. Tibshirani, *On the "degrees of freedom" of the lasso*, Ann. Statist. 35 (2007); J. Chen, Z. Chen, *Extended Bayesian
/// information criteria for model selection with large model spaces*, Biometrika 95 (2008).
public final class InformationCriterion<Loss: SmoothLoss, Penalty: ProximalMap>: Criterion
where Loss.Element == Penalty.Element {
  public typealias Element = Loss.Element
  public typealias Map = ProximalGradientMap<LinearModel<Loss>, Penalty>

  public let map: Map
  public let charge: InformationCharge
  /// −2 log L of a mean loss.
  private let deviance: (Double) -> Double
  private let interceptCount: Int
  private let linearization: ProximalGradientLinearization<LinearModel<Loss>, Penalty>
  private var state: Vector<Element>?

  /// - Parameters:
  ///   - likelihood: what the mean loss says of the likelihood.
  ///   - hasIntercept: whether the last entry of w is an intercept, which is never selected.
  public init(_ map: Map, _ charge: InformationCharge, likelihood: MeanLossLikelihood, hasIntercept: Bool) {
    self.map = map
    self.charge = charge
    interceptCount = hasIntercept ? 1 : 0
    let n = Double(map.smooth.loss.sampleCount)
    deviance = { likelihood.deviance(meanLoss: $0, samples: n) }
    linearization = map.makeLinearization()
  }

  public var parameterCount: Int { map.parameterCount }

  public var warmStart: [WarmStart] {
    get {
      [WarmStart(state: state.map { Vector<Double>(converting: $0) }, keptColumns: map.keptColumns)]
    }
    set {
      guard let memory = newValue.first else { return }
      state = memory.state.map { Vector<Element>(converting: $0) }
      map.keptColumns = memory.keptColumns
    }
  }

  /// The value; the gradient is NaN.
  public func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue {
    let parameters = Vector<Element>(converting: λ)
    let solution = map.solve(at: parameters, from: state)
    do throws(ConvergenceFailure) { state = try solution.get() } catch {
      return .failed(error, parameters: parameterCount)
    }
    let w = solution.state
    func failed(_ advice: String) -> CriterionValue {
      .failed(
        ConvergenceFailure(
          method: "information criterion", iterations: solution.iterations, residual: nil, advice: advice),
        parameters: parameterCount)
    }
    guard let freedom = degreesOfFreedom(at: w, parameters) else {
      return failed("The degrees of freedom are known where the penalty acts entry by entry and the Hessian is finite.")
    }
    let p = w.count - interceptCount
    let value =
      deviance(Double(map.smooth.loss.value(at: w)))
      + charge(
        freedom, selected: min(max(0, freedom - Double(interceptCount)), Double(p)), of: p,
        samples: map.smooth.loss.sampleCount)
    guard value.isFinite else {
      return failed("The fit leaves no residuals, so the likelihood has no bound: take larger strengths.")
    }
    return CriterionValue(
      value: value, gradient: Vector(repeating: .nan, count: parameterCount),
      selected: w[segment: 0..<p].nonzeroCount)
  }

  /// The rank of the free columns, or the trace; nil where the penalty does not act entry by entry.
  private func degreesOfFreedom(at w: Vector<Element>, _ λ: Vector<Element>) -> Double? {
    map.linearize(atSolution: w, parameters: λ, into: linearization, contracting: false)
    guard let mask = linearization.proximal as? MaskLinearization<Element>, mask.isMask else { return nil }
    let free = mask.active
    let k = free.count
    if k == 0 { return 0 }
    var H = Matrix<Element>.zeros(k, k)
    linearization.hessian.assemble(on: free, into: &H)
    let m = map.penalty.parameterCount
    let ρ: Element = if case .fixed(let value) = map.smooth.ridge { value } else { λ[m] }
    // In units of the columns: a rank must not depend on those of the features.
    let units = (0..<k).map { H[$0, $0] > 0 ? 1 / H[$0, $0].squareRoot() : 0 }
    for j in 0..<k { for i in 0..<k { H[i, j] *= units[i] * units[j] } }
    if ρ == 0 {
      guard let values = try? SymmetricEigen.eigenvalues(of: H) else { return nil }
      let least = Element(k) * .ulpOfOne * (values.max() ?? 0)
      return Double(values.count { $0 > least })
    }
    // k − ρ tr (H + ρF)⁻¹F, the Hessian here being that with the ridge.
    guard let inverse = try? Cholesky(H) else { return nil }
    var trace: Element = 0
    for i in 0..<k {
      let factor = ρ * (map.smooth.ridgeFactors?[free[i]] ?? 1) * units[i] * units[i]
      if factor == 0 { continue }
      var column = Vector<Element>(count: k) { $0 == i ? 1 : 0 }
      inverse.solve(&column)
      trace += factor * column[i]
    }
    return Double(k) - Double(trace)
  }
}

/// What a mean loss says of the likelihood.
public enum MeanLossLikelihood: Sendable, Equatable {
  /// Half the mean of squares of normal residuals of the standard deviation σ.
  case normal(noise: Double)
  /// The same where σ² is the mean of squares itself: its maximum of the likelihood.
  case normalOfUnknownNoise
  /// The mean of negative log-likelihoods, up to a constant: logistic, multinomial and Poisson losses.
  case negativeLog

  func deviance(meanLoss f: Double, samples n: Double) -> Double {
    switch self {
    case .normal(let σ): n * (Double.log(2 * .pi) + 2 * .log(σ)) + 2 * n * f / σ / σ
    case .normalOfUnknownNoise: n * (Double.log(2 * .pi) + 1 + .log(2 * f))
    case .negativeLog: 2 * n * f
    }
  }
}

/// What a degree of freedom costs in units of −2 log L.
public enum InformationCharge: Sendable, Equatable {
  /// 2 df.
  case akaike
  /// log n · df.
  case bayes
  /// log n · df + 2 log (p over df), for many features of which few matter.
  case extendedBayes

  func callAsFunction(_ freedom: Double, selected k: Double, of p: Int, samples n: Int) -> Double {
    let bayes = Double.log(Double(n)) * freedom
    switch self {
    case .akaike: return 2 * freedom
    case .bayes: return bayes
    case .extendedBayes:
      let p = Double(p)
      let choices = Double.logGamma(p + 1) - .logGamma(k + 1) - .logGamma(p - k + 1)
      return bayes + 2 * choices
    }
  }
}

extension RegressionModel {
  /// The criterion of what the model fits to X (n × p) and y (n entries).
  public func informationCriterion(
    of map: Map, _ charge: InformationCharge, likelihood: MeanLossLikelihood
  ) -> InformationCriterion<Loss, Penalty> {
    InformationCriterion(map, charge, likelihood: likelihood, hasIntercept: hasIntercept)
  }
}
