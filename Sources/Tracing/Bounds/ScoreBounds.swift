internal import LinAlg
internal import NonsmoothMaps

/// What bounds the derivatives of f(w) = F(X w) + (ρ(λ)/2) ‖w‖², F a sum of functions φ of one score each with φ″ and φ‴ bounded over all scores: as for a linear model, by norms of rows and
/// columns of X, so that it costs about as much. Other functions go through ``FunctionBounds``.
final class ScoreBounds<Element: Scalar> {
  private let form: ScoreForm<Element>
  private let tape: Tape<Element>
  private let machine: Machine<Element>
  private let scoreNodes: [Int]
  private let parameterNodes: [Int]
  /// sup φ″ and sup |φ‴|.
  private let curvature: Element
  private let curvatureRate: Element
  private let features: any DesignMatrix<Element>
  private lazy var columns: Vector<Element> = {
    var squares = Vector<Element>.zeros(features.columns)
    features.squaredColumnNorms(into: &squares)
    return squares
  }()
  /// The largest norm of a row.
  private lazy var row: Element = {
    var squares = Vector<Element>.zeros(features.rows)
    features.squaredRowNorms(into: &squares)
    let lost = Element(features.columns) * .leastNormalMagnitude
    return ((squares.maxNorm + lost) * (1 + Element(features.columns + 8) * .ulpOfOne)).squareRoot()
  }()

  /// - Returns: nil where f is not of that form, or φ depends on λ.
  init?(_ function: FunctionTape<Element>) {
    guard let form = function.scores else { return nil }
    let tape = function.tape
    (self.form, self.tape, features) = (form, tape, form.gram.features)
    let parameters = UInt8(1 << FunctionInput.parameters)
    let ofCurvature = [form.gram.coefficient] + (form.gram.weights.map { [$0] } ?? [])
    guard ([form.slopes] + ofCurvature).allSatisfy({ tape.sources($0) & parameters == 0 }) else { return nil }
    let ofRidge = [form.ridge, form.ridgeSlopes].compactMap { $0 }
    machine = Machine(tape, tape.stored(for: [form.slopes, form.scores] + ofCurvature + ofRidge))
    func isRun(_ k: Int) -> Bool {
      if case .input = tape.nodes[k].operation { false } else { tape.sources(k) != 0 }
    }
    scoreNodes = tape.reached(from: [form.slopes] + ofCurvature, cut: form.scores).filter(isRun)
    parameterNodes = tape.needed(for: ofRidge)
    let all = CurvatureRange(tape, machine, unknown: .max)
    var range = all.range(form.gram.coefficient)
    var rate = all.rate(form.gram.coefficient, cut: form.scores)
    if let weights = form.gram.weights {
      rate = atMost(range.magnitude, all.rate(weights, cut: form.scores)) + atMost(all.range(weights).magnitude, rate)
      range = range * all.range(weights)
    }
    // For roundings of the bounds, and of numbers that were joined while tracing.
    curvature = range.upper * (1 + 64 * .ulpOfOne)
    curvatureRate = rate * (1 + 64 * .ulpOfOne)
    guard range.lower >= 0, curvature > 0, curvature.isFinite, curvatureRate.isFinite else { return nil }
  }

  /// At w, zero outside of S, and λ; nil where an operation has no rule.
  func roundedGradient(at w: Vector<Element>, _ λ: Vector<Element>, active S: IndexSubset) -> RoundedGradient<Element>?
  {
    let (n, k, ulp) = (Element(features.rows), Element(S.count), Element.ulpOfOne)
    // As for LinearModel: a sum of m products errs by m half-ulps of the sum of their absolute values; an ulp each covers the norms' own rounding. A square that
    // underflows errs by at most the smallest normal number.
    let (ofRows, ofColumns) = (Element(features.columnTerms + 8) * ulp, (k + 8) * ulp)
    let ofScores = Element(features.rowTerms(columns: S) + 8) * ulp
    let lost = n * .leastNormalMagnitude
    var weights = columnWeights(lost, ofRows)
    var squares: Element = 0
    for i in 0..<S.count { squares += columns[S[i]] + lost }
    let frobenius = (squares * (1 + ofRows + ofColumns)).squareRoot()

    var compact = Vector<Element>.zeros(S.count)
    compact.gather(S, from: w)
    let z = machine.slots[form.scores]
    z.vector.fill(0)
    features.addProduct(columns: S, compact, to: &z.vector)
    machine.set(FunctionInput.parameters, λ)
    machine.run(parameterNodes)
    machine.run(scoreNodes)
    let size = w.norm * (1 + (k + 8) * ulp)
    var errors = NormErrors(tape, machine)
    errors.give(form.scores, error: ofScores * frobenius * size + lost, worst: ofScores * row * size + lost)
    guard let slopes = errors.error(of: form.slopes), let ofCurvature = curvatureError(&errors),
      let ridge = ridge(&errors)
    else { return nil }

    var gradient = Vector<Element>.zeros(w.count)
    features.multiplyTransposed(machine.slots[form.slopes].vector, alpha: 1, beta: 0, into: &gradient)
    // Along the active coordinates |HΔ|ⱼ ≤ √Hⱼⱼ √(ΔᵀHΔ) with Hⱼⱼ ≤ sup φ″ ‖xⱼ‖² + ρ: the ridge as a part of the weights there.
    let own = (max(0, ridge.value + ridge.error) / curvature).squareRoot() * (1 + 8 * ulp)
    var (magnitude, weightSquares): (Element, Element) = (0, 0)
    for i in 0..<S.count {
      weights[S[i]] += own
      weightSquares += weights[S[i]] * weights[S[i]]
      let (j, term) = (S[i], ridge.value * w[S[i]])
      magnitude += gradient[j].magnitude + term.magnitude
      gradient[j] += term
    }
    let activeWeight = (weightSquares * (1 + ofColumns)).squareRoot() * (1 + 2 * ulp)
    let trace = frobenius * frobenius
    let m = Element(λ.count)
    return RoundedGradient(
      values: gradient, weights: weights, activeWeight: activeWeight, activeMagnitude: magnitude,
      errorPerWeight: ofRows * slopes.norm + slopes.error,
      entryError: n * .leastNonzeroMagnitude + ridge.error * w.maxNorm * (1 + 8 * ulp),
      changePerRoot: curvature.squareRoot() * (1 + 2 * ulp), slope: curvature * activeWeight * (1 + 2 * ulp),
      strongConvexity: max(0, ridge.value - ridge.error),
      // A product that underflows is below the smallest normal number, and no zero.
      hessianLipschitzConstant: curvatureRate == 0
        ? 0 : max(.leastNormalMagnitude, curvatureRate * row * trace * (1 + 8 * ulp)),
      hessianRounding: (ofRows + ofColumns) * (curvature * trace + ridge.value.magnitude) + ofCurvature * trace
        + ridge.error,
      mixedDerivativeLipschitzConstant: (ridge.slopes.norm + ridge.slopes.error) * (1 + 8 * ulp),
      mixedDerivativeRounding: size * (ridge.slopes.error + (k + m + 8) * ulp * ridge.slopes.norm),
      ridgeCurvature: max(0, ridge.value + ridge.error))
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func columnWeights(_ lost: Element, _ ofRows: Element) -> Vector<Element> {
    let squares = columns
    var weights = Vector<Element>.zeros(squares.count)
    let (x, out) = (squares.base, weights.mutableBase())
    for j in 0..<squares.count { out[j] = ((x[j] + lost) * (1 + ofRows)).squareRoot() }
    return weights
  }

  /// Of c d, entry by entry.
  private func curvatureError(_ errors: inout NormErrors<Element>) -> Element? {
    guard let c = errors.error(of: form.gram.coefficient) else { return nil }
    guard let weights = form.gram.weights else { return c.error }
    guard let d = errors.error(of: weights) else { return nil }
    return atMost(c.most, d.worst) + atMost(d.most, c.worst) + c.worst * d.worst + 2 * .ulpOfOne * c.most * d.most
  }

  /// ρ with its error, and ∂ρ/∂λ.
  private func ridge(_ errors: inout NormErrors<Element>) -> (
    value: Element, error: Element, slopes: NormError<Element>
  )? {
    guard let node = form.ridge, let ofSlopes = form.ridgeSlopes else {
      return (0, 0, NormError(norm: 0, most: 0, error: 0, worst: 0))
    }
    guard let ρ = errors.error(of: node), let slopes = errors.error(of: ofSlopes) else { return nil }
    return (machine.number(node), ρ.error, slopes)
  }
}
