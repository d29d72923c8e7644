public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// f(w, (Γ, c)) = (1/n) Σᵢ (1 − cᵢ) ℓ(xᵢ·w, yᵢ) + cᵢ ℓ(xᵢ·w, −yᵢ) + (λ2/2) ‖w‖² with the rows xᵢ + γᵢ in place of the poisoned ones: a linear model of one
/// score per row as a function of what an attacker does to some of its training rows.
///
/// The parameters are Γ, a row of p entries for each poisoned row in their order, then, where labels can be flipped, the share cᵢ in [0, 1] of each of
/// their labels that is: 0 leaves it, 1 turns it over. Clean rows have neither.
///
/// Evaluating at other parameters copies the features once.
public final class PoisonedRegression<Loss: SmoothLoss>: SmoothFunction {
  public typealias Element = Loss.Element

  /// X, n × p, without shifts.
  private let features: Matrix<Element>
  private let targets: Vector<Element>
  /// The rows that the attacker has.
  public let poisoned: [Int]
  /// Whether their labels can be flipped.
  public let flips: Bool
  /// λ2.
  public let ridge: Element
  private var current: (parameters: Vector<Element>, model: LinearModel<Loss>)?

  /// - Parameters:
  ///   - X: n × p.
  ///   - y: n entries; labels −1 and 1 where they can be flipped.
  /// - Precondition: the ridge is not negative; `poisoned` are distinct rows.
  public init(features X: Matrix<Element>, targets y: Vector<Element>, poisoned: [Int], ridge: Element, flips: Bool) {
    precondition(
      y.count == X.rows && ridge >= 0 && Set(poisoned).count == poisoned.count
        && poisoned.allSatisfy { $0 >= 0 && $0 < X.rows },
      "PoisonedRegression: \(X.rows) rows with \(y.count) targets, \(poisoned.count) of them poisoned, a ridge of \(ridge)"
    )
    features = X.packed(as: .columnMajor)
    targets = y
    self.poisoned = poisoned
    self.flips = flips
    self.ridge = ridge
  }

  /// p.
  public var stateCount: Int { features.columns }
  public var parameterCount: Int { poisoned.count * (features.columns + (flips ? 1 : 0)) }

  private func share(_ k: Int, _ λ: Vector<Element>) -> Element {
    flips ? λ[poisoned.count * features.columns + k] : 0
  }

  /// Shifts are finite; shares lie between 0 and 1.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.notFinite(in: λ) { return violation }
    guard flips else { return nil }
    for k in poisoned.indices where !(share(k, λ) >= 0 && share(k, λ) <= 1) {
      let index = poisoned.count * features.columns + k
      return ParameterViolation(index: index, value: Double(λ[index]), expected: "a share between 0 and 1")
    }
    return nil
  }

  /// The rows as they are fitted: those of X with their shifts and, where labels can be flipped, the poisoned ones once more with the opposite label, all
  /// with their weights.
  public func fittedRows(
    at λ: Vector<Element>
  ) -> (features: Matrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element>) {
    let (n, p, m) = (features.rows, features.columns, poisoned.count)
    var X = flips ? features.gatheringRows(Array(0..<n) + poisoned) : features.packed(as: .columnMajor)
    for (k, i) in poisoned.enumerated() {
      for j in 0..<p {
        X[i, j] += λ[k * p + j]
        if flips { X[n + k, j] = X[i, j] }
      }
    }
    guard flips else { return (X, targets, .none) }
    var weights = Vector<Element>(repeating: 1, count: n + m)
    for (k, i) in poisoned.enumerated() { (weights[i], weights[n + k]) = (1 - share(k, λ), share(k, λ)) }
    let all = Vector(count: n + m) { $0 < n ? targets[$0] : -targets[poisoned[$0 - n]] }
    return (X, all, SampleTerms(weights: weights))
  }

  /// The model at these parameters.
  func model(at λ: Vector<Element>) -> LinearModel<Loss> {
    if let current, current.parameters == λ { return current.model }
    let rows = fittedRows(at: λ)
    let model = LinearModel<Loss>(
      features: DenseDesign(rows.features), targets: rows.targets, samples: rows.samples, ridge: .fixed(ridge))
    current = (Vector(copying: λ), model)
    return model
  }

  private static var none: Vector<Element> { .zeros(0) }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    model(at: λ).value(at: w, parameters: Self.none)
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    model(at: λ).gradient(at: w, parameters: Self.none, into: &g)
  }

  public func makeHessian() -> PoisonedRegressionHessian<Element> {
    PoisonedRegressionHessian(model(at: current?.parameters ?? .zeros(parameterCount)).makeHessian())
  }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: PoisonedRegressionHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    let model = model(at: λ)
    H.base = model.makeHessian()
    model.linearize(at: w, parameters: Self.none, into: H.base, gradient: &g)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset,
    into H: PoisonedRegressionHessian<Element>
  ) {
    let model = model(at: λ)
    H.base = model.makeHessian()
    model.fillHessian(at: w, parameters: Self.none, support: support, into: H.base)
  }

  /// Of every poisoned row: ℓ′ and ℓ″ of its mixed loss, and ℓ′ of the opposite label less that of its own.
  private func derivatives(
    at w: Vector<Element>, _ λ: Vector<Element>
  ) -> (rows: Matrix<Element>, first: Vector<Element>, second: Vector<Element>, turned: Vector<Element>) {
    let (p, m) = (features.columns, poisoned.count)
    let rows = Matrix<Element>(rows: m, columns: p) { features[poisoned[$0], $1] + λ[$0 * p + $1] }
    let z = rows * w
    let y = Vector(count: m) { targets[poisoned[$0]] }
    func slopes(_ y: Vector<Element>) -> (Vector<Element>, Vector<Element>) {
      var (residuals, curvatures) = (Vector<Element>.zeros(m), Vector<Element>.zeros(m))
      _ = Loss.value(scores: z, targets: y, residuals: &residuals)
      Loss.curvatures(scores: z, targets: y, into: &curvatures)
      return (-residuals, curvatures)
    }
    let own = slopes(y)
    guard flips else { return (rows, own.0, own.1, .zeros(m)) }
    let other = slopes(-y)
    return (
      rows, Vector(count: m) { own.0[$0] + share($0, λ) * (other.0[$0] - own.0[$0]) },
      Vector(count: m) { own.1[$0] + share($0, λ) * (other.1[$0] - own.1[$0]) }, other.0 - own.0
    )
  }

  /// x ← x + (α/n) Σ (ℓ′ dγ + ℓ″ (dγ·w) x + dc Δℓ′ x) over the poisoned rows.
  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>,
    hessian H: PoisonedRegressionHessian<Element>, scale α: Element, to x: inout Vector<Element>
  ) {
    let p = features.columns
    let d = derivatives(at: w, λ)
    let scale = α / Element(targets.count)
    for k in poisoned.indices {
      let shift = μ[segment: k * p..<(k + 1) * p]
      x.add(scale * d.first[k], shift)
      let turn = flips ? μ[poisoned.count * p + k] * d.turned[k] : 0
      x.add(scale * (d.second[k] * shift.dot(w) + turn), d.rows.row(k))
    }
  }

  /// Row k of r gets (α/n) (ℓ′ v + ℓ″ (x·v) w), the share's entry (α/n) Δℓ′ x·v.
  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>,
    hessian H: PoisonedRegressionHessian<Element>, scale α: Element, to r: inout Vector<Element>
  ) {
    let p = features.columns
    let d = derivatives(at: w, λ)
    let products = d.rows * v
    let scale = α / Element(targets.count)
    for k in poisoned.indices {
      let (a, b) = (scale * d.first[k], scale * d.second[k] * products[k])
      for j in 0..<p { r[k * p + j] += a * v[j] + b * w[j] }
      if flips { r[poisoned.count * p + k] += scale * d.turned[k] * products[k] }
    }
  }

  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    model(at: λ).curvatureBounds(parameters: Self.none)
  }

  public func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)? {
    model(at: λ).lowerModel(parameters: Self.none)
  }

  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    model(at: λ).gradientMagnitude(at: w, parameters: Self.none)
  }
}

extension PoisonedRegression: PenalizedMinimizer {
  /// By the working sets of the model at these parameters.
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?,
    iterationLimit: Int, progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    guard let fixed = penalty as? FixedParameters<L1Norm<Element>> else { return nil }
    return model(at: λ).minimum(
      with: fixed.base, parameters: fixed.constants, from: start, tolerance: tolerance,
      iterationLimit: iterationLimit, progress: progress)
  }
}

/// The Hessian of a ``PoisonedRegression`` at a point and at parameters: that of the model there.
public final class PoisonedRegressionHessian<Element: Scalar>: SupportedHessian {
  var base: LinearModelHessian<Element>
  init(_ base: LinearModelHessian<Element>) { self.base = base }

  public var rows: Int { base.rows }
  public var columns: Int { base.columns }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { base.apply(x, into: &y) }
  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> { base.restricted(to: S) }
  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) { base.assemble(on: S, into: &M) }
  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool { base.diagonal(on: S, into: &d) }
  public func costs(on S: IndexSubset) -> AdjointCosts {
    var costs = base.costs(on: S)
    // What is not handed on.
    (costs.lowRank, costs.lowRankMultiplications, costs.preconditionerMultiplications) = (nil, nil, nil)
    return costs
  }
}
