internal import LinAlg
internal import NonsmoothMaps

/// What bounds the derivatives of a traced function near a point: their rounding errors there and how they change about it.
final class FunctionBounds<Element: Scalar> {
  private let function: FunctionTape<Element>
  private let machine: Machine<Element>
  private let list: [Int]
  private let pointNodes: [Int]

  init(_ function: FunctionTape<Element>) {
    self.function = function
    let outputs = [function.gradient, function.hessianProduct, function.mixed, function.mixedAdjoint]
    let all = outputs + (function.form?.nodes ?? [])
    list = function.tape.stored(for: all)
    machine = Machine(function.tape, list)
    pointNodes = function.pointNodes(for: all)
  }

  /// The norms of whole designs, kept: they depend on nothing.
  private lazy var norms = DesignNorms(function.tape, active: IndexSubset(universe: 0))
  private lazy var gradientList = function.tape.stored(for: [function.gradient])
  private lazy var gradientNodes = function.tape.needed(for: [function.gradient])

  /// How large the terms of ∇f(w, λ) are, in norm, so that √(terms of the longest sum) half-ulps of it are what independent rounding errors come to: by the running error analysis, which
  /// counts as many as there are terms.
  func gradientMagnitude(at w: Vector<Element>, _ λ: Vector<Element>) -> Element {
    machine.set(FunctionInput.state, w)
    machine.set(FunctionInput.parameters, λ)
    machine.run(gradientNodes)
    let errors = PointErrors(function.tape, machine, gradientList, norms: norms, active: IndexSubset(universe: 0))
    let error = errors.nodes[function.gradient]!.errors.upperNorm
    let longest = function.tape.designs.reduce(w.count) { max($0, max($1.rows, $1.columns)) } + 8
    return error / (.ulpOfOne * (Element(longest) * Element(w.count + 1)).squareRoot())
  }

  /// At w, zero outside of S, and λ.
  func at(_ w: Vector<Element>, _ λ: Vector<Element>, active S: IndexSubset) -> Analysis {
    machine.set(FunctionInput.state, w)
    machine.set(FunctionInput.parameters, λ)
    machine.run(pointNodes)
    return Analysis(function, machine, list, w, S)
  }

  /// The analysis of one point; valid until the next.
  struct Analysis {
    private let function: FunctionTape<Element>
    private let machine: Machine<Element>
    private let list: [Int]
    private let active: IndexSubset
    private let stateNorm: Element
    private let norms: DesignNorms<Element>
    private let errors: PointErrors<Element>

    fileprivate init(
      _ function: FunctionTape<Element>, _ machine: Machine<Element>, _ list: [Int], _ w: Vector<Element>,
      _ S: IndexSubset
    ) {
      (self.function, self.machine, self.list, active) = (function, machine, list, S)
      stateNorm = w.norm
      norms = DesignNorms(function.tape, active: S)
      errors = PointErrors(function.tape, machine, list, norms: norms, active: S)
    }

    func enclosures(within radius: Element) -> Enclosures<Element> {
      Enclosures(function.tape, machine, list, errors: errors, norms: norms, active: active, radius: radius)
    }

    /// Where everywhere has no bound, or says nothing of convexity, a ball that is large beside any error that leaves digits.
    func best() -> (enclosures: Enclosures<Element>, radius: Element) {
      let everywhere = enclosures(within: .infinity)
      if everywhere.bounds(function), everywhere.modulus(of: function.form, on: active, norms) ?? 0 >= 0 {
        return (everywhere, .infinity)
      }
      let radius = Element.ulpOfOne.squareRoot().squareRoot() * stateNorm
      return (enclosures(within: radius), radius)
    }

    /// The first operation that nothing bounds, as an expression.
    var obstacle: String? {
      let (found, _) = best()
      if let k = found.obstacle, !found.bounds(function) { return function.tape.expression(k) }
      return list.first { !errors.nodes[$0]!.errors.allSatisfy(\.isFinite) }.map { function.tape.expression($0) }
    }

    func roundedGradient() -> RoundedGradient<Element> {
      let (near, radius) = best()
      let (S, p) = (active, machine.slots[function.gradient].vector.count)
      let product = near.nodes[function.hessianProduct]!
      var weights = product.magnitudes
      let change = changePerRoot(near, &weights)
      var isActive = [Bool](repeating: false, count: p)
      for k in 0..<S.count { isActive[S[k]] = true }
      // err ≤ ω E₁ + E₀: E₁ by the coordinates whose multipliers are held by margins, E₀ by what is left.
      let error = errors.nodes[function.gradient]!.errors
      var (perWeight, rest): (Element, Element) = (0, 0)
      let negligible = .ulpOfOne * weights.most
      for j in 0..<p where weights[j] > negligible && (S.count == p || !isActive[j]) {
        perWeight = max(perWeight, error[j] / weights[j])
      }
      for j in 0..<p { rest = max(rest, error[j] - atMost(perWeight, weights[j])) }
      let values = Vector(copying: machine.slots[function.gradient].vector)
      let m = Element(machine.slots[function.mixedAdjoint].vector.count)
      let mixed = max(
        errors.nodes[function.mixed]!.errors.upperNorm, errors.nodes[function.mixedAdjoint]!.errors.upperNorm)
      let onSupport = (0..<S.count).map { product.slopes[S[$0]] }.upperNorm
      return RoundedGradient(
        values: values, weights: Vector(weights), activeWeight: (0..<S.count).map { weights[S[$0]] }.upperNorm,
        activeMagnitude: (0..<S.count).reduce(0) { $0 + values[S[$1]].magnitude }, errorPerWeight: perWeight,
        entryError: rest, changePerRoot: change, slope: 1,
        strongConvexity: max(0, near.modulus(of: function.form, on: S, norms) ?? 0),
        hessianLipschitzConstant: min(product.change, onSupport), hessianRounding: hessianRounding(),
        mixedDerivativeLipschitzConstant: near.nodes[function.mixedAdjoint]!.change,
        mixedDerivativeRounding: m == 0 ? 0 : m.squareRoot() * mixed, radius: radius)
    }

    /// Of f = Σ φ(xᵢ·w) with φ″ in [0, d], over one design or more, and parts that are convex too: of a semidefinite H, |HΔ|ⱼ ≤ √Hⱼⱼ √(ΔᵀHΔ), where Xᵀ D X has at
    /// most d ‖xⱼ‖² on its diagonal, and along w itself √(ρ + δ) of what they add. Without a design that is all there is. Infinite for other functions.
    private func changePerRoot(_ near: Enclosures<Element>, _ weights: inout [Element]) -> Element {
      guard let form = function.form else { return .infinity }
      let diagonal = form.diagonal.map { near.nodes[$0]!.hull } ?? ClosedInterval(0, 0)
      let shift = form.shift.map { near.nodes[$0]!.hull } ?? ClosedInterval(0, 0)
      guard diagonal.lower >= 0, shift.lower >= 0 else { return .infinity }
      let own = (diagonal.upper + shift.upper).squareRoot()
      var roots = [Element](repeating: form.grams.isEmpty ? own : 0, count: weights.count)
      for gram in form.grams {
        let curvature = near.range(gram)
        guard curvature.lower >= 0, curvature.upper.isFinite else { return .infinity }
        let (root, columns) = (curvature.upper.squareRoot(), norms.columns(of: gram.features).norms)
        for j in 0..<weights.count { roots[j] = .hypot(roots[j], root * columns[j]) }
      }
      var change: Element = 0
      for j in 0..<weights.count where weights[j] > 0 { change = max(change, roots[j] / weights[j]) }
      change *= 1 + Element(16 + 2 * form.grams.count) * .ulpOfOne
      guard change > 0, change.isFinite, own.isFinite else { return .infinity }
      for k in 0..<active.count {
        let j = active[k]
        weights[j] = max(weights[j], (roots[j] + own) / change * (1 + Element(16 + 2 * form.grams.count) * .ulpOfOne))
      }
      return change
    }

    /// Of H_SS z: by the parts of a recognised form, summed over the samples and then over S, with the errors of its numbers; otherwise that of the tape's products with unit vectors.
    private func hessianRounding() -> Element {
      let (S, ulp) = (active, Element.ulpOfOne)
      let k = Element(S.count)
      func error(_ node: Int) -> Element { errors.nodes[node]!.errors.most }
      func size(_ node: Int) -> Element { errors.nodes[node]!.magnitudes.most }
      guard let form = function.form else {
        let errors = errors.nodes[function.hessianProduct]!
        return k.squareRoot() * (0..<S.count).map { errors.errors[S[$0]] }.upperNorm + (k + 8) * ulp * errors.size
      }
      var total: Element = 0
      for gram in form.grams {
        let columns = norms.columns(of: gram.features)
        let frobenius = (0..<S.count).map { columns.norms[S[$0]] }.upperNorm
        let (c, d) = (size(gram.coefficient), gram.weights.map(size) ?? 1)
        let terms = Element(gram.features.columnTerms + 8) + k + 8
        let own = c * (gram.weights.map(error) ?? 0) + error(gram.coefficient) * (d + (gram.weights.map(error) ?? 0))
        total += frobenius * frobenius * (terms * ulp * c * d + own)
      }
      for node in [form.diagonal, form.shift].compactMap({ $0 }) { total += error(node) + (k + 8) * ulp * size(node) }
      return total * (1 + 16 * ulp)
    }
  }
}

extension Enclosures {
  /// Whether the derivatives of a function change by bounded amounts.
  func bounds(_ function: FunctionTape<Element>) -> Bool {
    let product = nodes[function.hessianProduct]!
    return product.change.isFinite && product.size.isFinite && nodes[function.mixedAdjoint]!.change.isFinite
  }

  /// c d of c Xᵀ diag(d) X.
  func range(_ gram: HessianForm<Element>.Gram) -> ClosedInterval<Element> {
    let c = nodes[gram.coefficient]!.hull
    return (gram.weights.map { c * nodes[$0]!.hull } ?? c).widened
  }

  /// A modulus of convexity that the form has on S without its spectrum, negative where it may be concave; nil without a form.
  func modulus(of form: HessianForm<Element>?, on S: IndexSubset, _ norms: DesignNorms<Element>) -> Element? {
    guard let form else { return nil }
    var modulus = form.shift.map { nodes[$0]!.hull.lower } ?? 0
    if let diagonal = form.diagonal {
      modulus += (0..<S.count).reduce(Element.infinity) { min($0, nodes[diagonal]!.ranges[S[$1]].lower) }
    }
    for gram in form.grams {
      let least = range(gram).lower
      if least >= 0 { continue }
      let columns = norms.columns(of: gram.features)
      let frobenius = (0..<S.count).map { columns.norms[S[$0]] }.upperNorm
      modulus += least * frobenius * frobenius
    }
    return modulus
  }
}
