import LinAlg

/// The problem of a large working set, on its columns and without a Gram matrix: the model
/// `−(Xᵀr/n)ᵀ(u − w) + ½ (u − w)ᵀH(u − w) + Σ tⱼ |uⱼ| + ½ Σ ρⱼ uⱼ²` of the objective near w.
///
/// Epochs of coordinate descent find signs; conjugate gradient, preconditioned by the diagonal, solves Newton's equations for
/// them.
struct ColumnProblem<Element: Scalar> {
  private var hessian: DesignHessian<Element>!
  private var working = IndexSubset(universe: 0)
  private var ridge: Element = 0
  /// ρ where it is not the same for all.
  private var ridges: Vector<Element>?
  /// The places of strength 0, increasing: their signs mean nothing.
  private var unpenalized: [Int] = []
  private var strengths = Vector<Element>.zeros(0)
  private var curvatures = Vector<Element>.zeros(0)
  /// r − D X (u − w).
  private var residuals = Vector<Element>.zeros(0)
  /// Xᵀr/n − ρ ∘ u on the working set.
  private var gradient = Vector<Element>.zeros(0)
  /// u.
  private(set) var w = Vector<Element>.zeros(0)
  private(set) var epochs = 0
  private(set) var newtonSteps = 0
  private(set) var isSolved = false

  mutating func load(
    _ hessian: DesignHessian<Element>, _ working: IndexSubset, at w: Vector<Element>, residuals r: Vector<Element>,
    strengths: Vector<Element>, ridge: Element, ridges: Vector<Element>?
  ) {
    self.hessian = hessian
    self.working = working
    self.strengths = strengths
    self.ridge = ridge
    self.ridges = ridges
    unpenalized = strengths.indicesOfZeros()
    self.w = Vector(copying: w)
    residuals = Vector(copying: r)
    curvatures = .zeros(working.count)
    hessian.diagonal(on: working, into: &curvatures)
    gradient = .zeros(working.count)
    epochs = 0
    newtonSteps = 0
    isSolved = false
  }

  /// Descent and Newton steps in turn until the optimality conditions hold to rounding, or until 200 rounds.
  ///
  /// Newton's system is solved when the signs stood still for a round, and every eighth round anyway: it costs some tens of
  /// epochs. Steps that keep all signs are repeated, each solved for the residual of the last, until they stop shrinking.
  ///
  /// - Parameter accuracy: ends at a Newton step of this size relative to u as well; nil makes no Newton steps and ends with what the gap
  ///   asks of the descent, or after fifty epochs.
  mutating func solve(gap: Element, accuracy: Element?) {
    // A move below this decreases the objective by less than a hundredth of the gap over all coordinates.
    let model = ColumnDescent(
      curvatures: curvatures, strengths: strengths, ridge: ridge, ridges: ridges, weights: hessian.weights,
      tolerance: (gap / (50 * Element(max(1, w.count)))).squareRoot())
    guard let accuracy else {
      epochs = hessian.features.descend(columns: working, model, epochs: 50, w: &w, residuals: &residuals)
      return
    }
    let smallest = max(4 * .ulpOfOne, accuracy)
    var pattern = w.signPattern
    var lastSize = Element.infinity
    for round in 1...200 {
      let done = hessian.features.descend(columns: working, model, epochs: 10, w: &w, residuals: &residuals)
      epochs += done
      let signs = w.signPattern
      if signs != pattern && done == 10 && round % 8 != 0 {
        pattern = signs
        continue
      }
      lastSize = .infinity
      // Roughly first: signs in the way make the digits worthless. Each further step solves for what the last one left.
      var precision = Element(1) / 1000
      while let size = newtonStep(precision: precision) {
        // A rough step has left what it did not resolve: only steps of the same precision are compared.
        let isRough = precision > Element.ulpOfOne.squareRoot()
        precision = Element.ulpOfOne.squareRoot()
        let ends = size <= smallest * w.maxNorm || size >= lastSize / 2
        lastSize = isRough ? .infinity : size
        if ends {
          isSolved = meetsConditions()
          break
        }
        if !meetsConditions() { break }
      }
      if isSolved || !w.maxNorm.isFinite { return }
      pattern = w.signPattern
    }
  }

  /// gradient ← Xᵀr/n − ρ ∘ u.
  private mutating func refreshGradient() {
    let X = hessian.features
    X.multiplyTransposed(columns: working, residuals, alpha: 1 / Element(X.rows), into: &gradient)
    if let ridges { for j in 0..<w.count { gradient[j] -= ridges[j] * w[j] } } else { gradient.add(-ridge, w) }
  }

  /// Solves for the present signs and moves there, and returns the largest change of a coordinate. Where signs stand in the way, they
  /// become zeros if that decreases the objective, and else the step ends at the first: nil then, as where the system was
  /// not solved.
  ///
  /// - Parameter precision: the relative residual that Newton's equations are solved to.
  private mutating func newtonStep(precision: Element) -> Element? {
    let inner = IndexSubset(nonzerosOf: w, and: unpenalized)
    let s = inner.count
    if s == 0 { return 0 }
    newtonSteps += 1
    refreshGradient()
    let support = IndexSubset(inner.elements.map { working[$0] }, universe: working.universe)
    var rhs = Vector<Element>.zeros(s)
    inner.withElements { inner in
      let (b, g, t, w) = (rhs.mutableBase(), gradient.base, strengths.base, w.base)
      for (k, j) in inner.enumerated() { b[k] = g[j] - (w[j] > 0 ? t[j] : -t[j]) }
    }
    var δ = Vector<Element>.zeros(s)
    let shifts = ridges.map { ridges in Vector(count: s) { ridges[inner[$0]] } }
    let system = RestrictedDesignHessian(hessian, support, shift: ridge, shifts: shifts)
    var diagonal = Vector<Element>.zeros(s)
    diagonal.gather(inner, from: curvatures)
    if let shifts { diagonal.add(1, shifts) } else { diagonal.add(constant: ridge) }
    if !diagonal.isPositive() { diagonal.fill(1) }
    let report = ConjugateGradient<Element>(count: s).solve(
      system, rhs, into: &δ, warmStart: false,
      preconditioner: DiagonalOperator(inverting: diagonal),
      options: KrylovOptions(stopping: .tolerance(precision, limit: 500)))
    let isExact = report.outcome == .converged
    guard isExact || report.outcome == .iterationLimit || report.outcome == .stagnated else { return nil }
    var fraction: Element = 1
    var blocking: [Int] = []
    inner.withElements { inner in
      let (w, δ, t) = (w.base, δ.base, strengths.base)
      for (k, j) in inner.enumerated() where (w[j] + δ[k]) * w[j] <= 0 && t[j] > 0 {
        blocking.append(k)
        fraction = min(fraction, -w[j] / δ[k])
      }
    }
    if blocking.isEmpty {
      move(by: δ, on: support, inner)
      return isExact ? δ.maxNorm : nil
    }
    // The change of the objective if the blocking coordinates end at zero: −gᵀδ + ½ δᵀ(H + ρ)δ + Σ t (|u + δ| − |u|).
    var clipped = Vector(copying: δ)
    for k in blocking { clipped[k] = -w[inner[k]] }
    var image = Vector<Element>.zeros(s)
    system.apply(clipped, into: &image)
    var change = clipped.dot(image) / 2
    for k in 0..<s {
      let j = inner[k]
      change += -gradient[j] * clipped[k] + strengths[j] * ((w[j] + clipped[k]).magnitude - w[j].magnitude)
    }
    if change < 0 {
      move(by: clipped, on: support, inner)
    } else {
      let first = blocking.min { -w[inner[$0]] / δ[$0] < -w[inner[$1]] / δ[$1] }!
      δ.scale(by: fraction)
      move(by: δ, on: support, inner)
      blocking = [first]
    }
    for k in blocking { w[inner[k]] = 0 }
    return nil
  }

  /// u ← u + δ on the support, with its residuals.
  private mutating func move(by δ: Vector<Element>, on support: IndexSubset, _ inner: IndexSubset) {
    var image = Vector<Element>.zeros(residuals.count)
    hessian.features.addProduct(columns: support, δ, to: &image)
    if let weights = hessian.weights { image.scale(by: weights) }
    residuals.add(-1, image)
    inner.withElements { inner in
      let (w, δ) = (w.mutableBase(), δ.base)
      for (k, j) in inner.enumerated() { w[j] += δ[k] }
    }
  }

  /// |Xᵀr/n| ≤ t off the support, to rounding (on it and without a penalty Newton's equations are solved).
  private mutating func meetsConditions() -> Bool {
    refreshGradient()
    let slack = 1 + 32 * Element.ulpOfOne
    let (w, t, g) = (w.base, strengths.base, gradient.base)
    for j in 0..<strengths.count where w[j] == 0 && t[j] > 0 && g[j].magnitude > t[j] * slack { return false }
    return true
  }
}

extension Vector {
  /// Whether all entries are above 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  fileprivate func isPositive() -> Bool {
    let x = base
    for i in 0..<count where !(x[i] > 0) { return false }
    return true
  }
}
