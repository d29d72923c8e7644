public import ImplicitDiff
public import LinAlg

/// Compares a map with what it says of its derivatives, at one point: tangents with central differences, adjoints with tangents, a declared symmetric form with A1, and
/// estimates how much it contracts. Nothing is changed. Cost: some tens of evaluations and products.
///
/// A step size that follows λ counts as a constant in derivatives, since fixed points do not depend on it: give a `ProximalGradientMap` a fixed one to be compared.
///
/// - Parameters:
///   - w: p entries, where the map is compared; a generic point, as a solution tends to lie near kinks of nobody's interest.
///   - directions: how many fixed pseudo-random directions.
public func validate<Map: FixedPointMap>(
  _ map: Map, at w: Vector<Map.Element>, parameters λ: Vector<Map.Element>, directions: Int = 8
) -> Validation<Map.Element> {
  var comparison = Comparison(map, w, λ)
  for k in 0..<max(1, directions) { comparison.compare(direction: k) }
  return comparison.result()
}

private struct Comparison<Map: FixedPointMap> {
  typealias Element = Map.Element
  private let map: Map
  private let w: Vector<Element>
  private let λ: Vector<Element>
  private let linearization: Map.Linearization
  private var value: Vector<Element>
  private var tangentError: Element = 0
  private var adjointError: Element = 0
  private var symmetryError: Element?
  private var kinks = 0
  private var compared = 0

  init(_ map: Map, _ w: Vector<Element>, _ λ: Vector<Element>) {
    precondition(
      w.count == map.stateCount && λ.count == map.parameterCount,
      "validate: \(w.count) unknowns and \(λ.count) parameters for a map of \(map.stateCount) and \(map.parameterCount)"
    )
    self.map = map
    self.w = w
    self.λ = λ
    linearization = map.makeLinearization()
    value = w
    map.linearize(at: w, parameters: λ, into: linearization, value: &value)
  }

  /// Entries between −1 and 1 from the golden ratio: no two directions are alike.
  private func direction(_ k: Int, _ n: Int) -> Vector<Element> {
    Vector(count: n) { i in
      let x = Double(i + 1) * 0.618_033_988_749_894_9 + Double(k + 1) * 0.754_877_666_246_692_8 * Double(i % 7 + 1)
      return Element(2 * (x - x.rounded(.down)) - 1)
    }
  }

  mutating func compare(direction k: Int) {
    let (x, y, μ) = (direction(3 * k, w.count), direction(3 * k + 1, w.count), direction(3 * k + 2, λ.count))
    compared += 1
    // The size of w tells what a small step is.
    let third = Validation<Element>.tangentTolerance
    let step = third * max(w.maxNorm, 1)
    let parameterStep = third * max(λ.maxNorm, third)
    note(tangents(linearization.state, x, step: step, movesState: true))
    if !λ.isEmpty { note(tangents(linearization.parameters, μ, step: parameterStep, movesState: false)) }
    adjointError = worse(adjointError, mismatch(linearization.state, x, y))
    if !λ.isEmpty { adjointError = worse(adjointError, mismatch(linearization.parameters, μ, y)) }
    if case .symmetric(let form) = linearization.structure {
      symmetryError = worse(symmetryError ?? 0, symmetryMismatch(form, x, y))
    }
  }

  private func worse(_ a: Element, _ b: Element) -> Element { b > a || b.isNaN ? b : a }

  private mutating func note(_ found: (error: Element, isKink: Bool)) {
    if found.isKink { kinks += 1 } else { tangentError = worse(tangentError, found.error) }
  }

  /// How a product differs from a central difference with a step, and whether the differences to either side tell of a kink.
  private func tangents<A: LinearOperator<Element>>(
    _ A: A, _ x: Vector<Element>, step h: Element, movesState: Bool
  ) -> (error: Element, isKink: Bool) {
    var Ax = Vector<Element>.zeros(w.count)
    A.apply(x, into: &Ax)
    var (above, below) = (Ax, Ax)
    map.apply(movesState ? w + h * x : w, parameters: movesState ? λ : λ + h * x, into: &above)
    map.apply(movesState ? w - h * x : w, parameters: movesState ? λ : λ - h * x, into: &below)
    let size = max(Ax.norm, value.norm + w.norm, .leastNormalMagnitude)
    let forward = (1 / h) * (above - value)
    let backward = (1 / h) * (value - below)
    let central = (1 / (2 * h)) * (above - below)
    // A smooth map's one-sided differences differ by h times its second derivative.
    let isKink = forward.distance(to: backward) > h.squareRoot() * size
    return (central.distance(to: Ax) / size, isKink)
  }

  private func mismatch<A: AdjointableOperator<Element>>(_ A: A, _ x: Vector<Element>, _ y: Vector<Element>) -> Element
  {
    var (Ax, Ay) = (y, x)
    A.apply(x, into: &Ax)
    A.applyAdjoint(y, into: &Ay)
    return relative(Ax.dot(y) - Ay.dot(x), Ax.norm * y.norm + Ay.norm * x.norm)
  }

  private func relative(_ difference: Element, _ size: Element) -> Element {
    difference == 0 ? 0 : difference.magnitude / max(size, .leastNormalMagnitude)
  }

  /// D and H against their transposes, and A1 x against D (x − s H x).
  private func symmetryMismatch(_ form: any SymmetricForm<Element>, _ x: Vector<Element>, _ y: Vector<Element>)
    -> Element
  {
    let (D, H) = (form.range, form.supportedHessian)
    var (Dx, Dy, Hx, Hy) = (x, x, x, x)
    D.apply(x, into: &Dx)
    D.apply(y, into: &Dy)
    H.apply(x, into: &Hx)
    H.apply(y, into: &Hy)
    var error = relative(Dx.dot(y) - Dy.dot(x), Dx.norm * y.norm + Dy.norm * x.norm)
    error = worse(error, relative(Hx.dot(y) - Hy.dot(x), Hx.norm * y.norm + Hy.norm * x.norm))
    var (product, A1x) = (x, x)
    let argument = x - form.step * Hx
    D.apply(argument, into: &product)
    linearization.state.apply(x, into: &A1x)
    return worse(error, relative(product.distance(to: A1x), argument.norm + A1x.norm))
  }

  /// ‖A1‖₂ by power iteration on A1ᵀA1.
  private func norm() -> Element {
    var x = direction(1000, w.count)
    var y = x
    var norm: Element = 0
    for _ in 0..<50 {
      let size = x.norm
      guard size > 0, size.isFinite else { return size == 0 ? norm : .nan }
      x.scale(by: 1 / size)
      linearization.state.apply(x, into: &y)
      norm = y.norm
      linearization.state.applyAdjoint(y, into: &x)
    }
    return norm
  }

  func result() -> Validation<Element> {
    Validation(
      directions: compared, tangentError: tangentError, adjointError: adjointError, symmetryError: symmetryError,
      contraction: norm(), kinksMet: kinks, kinkDistance: linearization.kinkDistance)
  }
}
