public import ImplicitDiff
public import LinAlg
internal import Models

/// A smooth function f(w, λ) that is written as a closure:
///
///     let f = try TracedFunction<Double>(state: p, parameters: 1) { w, λ in
///       0.5 * norm2(X * w - y) / n + λ[0] * norm2(w) / 2
///     }
///
/// The closure is traced once; gradient, Hessian products and mixed derivatives are derived on its tape, and `XᵀDX` within the Hessian is recognised and
/// handed on, so that the function is as good to solvers as one written by hand. λ holds the parameters of f alone; in a `ProximalGradientMap` those of the penalty come
/// before them.
public class TracedFunction<Element: Scalar>: SmoothFunction {
  /// What parameters are admitted.
  public enum Domain: Sendable {
    /// Any numbers.
    case finite
    /// Numbers of at least 0, as strengths are.
    case nonnegative
  }

  let tape: FunctionTape<Element>
  public let stateCount: Int
  public let parameterCount: Int
  public let domain: Domain
  /// Bounds that the caller knows.
  private let given: (smallest: Element, largest: Element)?
  private let machine: Machine<Element>
  private let valueNodes: [Int]
  private let gradientNodes: [Int]
  private lazy var thresholds = ParameterDomain(tape.tape, of: tape.value)
  private(set) lazy var curvature = tape.form.map { FormCurvature(tape.tape, $0) }
  private var gradientAtZero: (λ: Vector<Element>, norm: Element)?
  private lazy var probe = makeHessian()
  private var eigenvalues: (λ: Vector<Element>, bounds: (smallest: Element, largest: Element))?
  private(set) lazy var bounds = FunctionBounds(tape)
  private(set) lazy var scoreBounds = ScoreBounds(tape)
  /// The built-in loss that f is, where it is one; see ``minimum(with:parameters:from:tolerance:iterationLimit:progress:)``.
  var squares: AnyObject?
  /// What the last solve by working sets knew of f.
  var lastScores: TracedScores<Element>?
  var lastLoss: (function: TracedScores<Element>, atZero: Element, loss: FunctionLoss<Element>)?

  /// - Parameters:
  ///   - p: the entries of w.
  ///   - m: the entries of λ.
  ///   - curvature: bounds on the eigenvalues of ∇²f over all w, where they are known and the tape does not tell them; see ``curvatureBounds(parameters:)``.
  ///   - f: a number made of w and λ, convex in w.
  /// - Throws: ``TracingError`` where shapes do not fit or the closure does not do the same each time; what the closure throws.
  public init(
    state p: Int, parameters m: Int = 0, domain: Domain = .finite,
    curvature: (smallest: Element, largest: Element)? = nil,
    file: StaticString = #fileID, line: UInt = #line,
    _ f: (_ w: Traced<Element>, _ λ: Traced<Element>) throws -> Traced<Element>
  ) throws {
    tape = try FunctionTape(state: p, parameters: m, place: Place(file, line), f)
    stateCount = p
    parameterCount = m
    self.domain = domain
    given = curvature
    machine = Machine(tape.tape, tape.tape.stored(for: [tape.value, tape.gradient]))
    valueNodes = tape.tape.needed(for: [tape.value])
    gradientNodes = tape.tape.needed(for: [tape.gradient])
  }

  /// As ``domain`` says; thresholds of at least 0, as far as they depend on λ alone.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    let outside =
      domain == .finite
      ? ParameterViolation.notFinite(in: λ) : ParameterViolation.negative(in: λ, expected: "a number of at least 0")
    return outside ?? thresholds.violation(λ)
  }

  private func set(_ w: Vector<Element>, _ λ: Vector<Element>) {
    precondition(
      w.count == stateCount && λ.count == parameterCount,
      "TracedFunction: \(w.count) unknowns and \(λ.count) parameters for \(stateCount) and \(parameterCount)")
    machine.set(FunctionInput.state, w)
    machine.set(FunctionInput.parameters, λ)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    set(w, λ)
    machine.run(valueNodes)
    return machine.number(tape.value)
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    set(w, λ)
    machine.run(gradientNodes)
    g.copy(from: machine.slots[tape.gradient].vector)
  }

  public func makeHessian() -> TracedHessian<Element> { TracedHessian(tape, count: stateCount) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: TracedHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.fill(at: w, parameters: λ, gradient: true)
    g.copy(from: H.machine.slots[tape.gradient].vector)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: TracedHessian<Element>
  ) { H.fill(at: w, parameters: λ, gradient: false) }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: TracedHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { x.add(α, H.mixedDerivative(μ)) }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: TracedHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { r.add(α, H.mixedDerivativeAdjoint(v)) }

  /// From the form of the Hessian: exact for quadratic functions, by the ranges of its functions where the weights depend on w (¼ for a softplus, 1 for tanh's
  /// slope). Of a Hessian of no known form that does not depend on w, by Lanczos' method on its products, once per λ. Where nothing bounds it and no bounds were given, NaN: then a step
  /// of the map's own choice ends in an outcome that says so, and `step: .fixed` works.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    given ?? curvature?.bounds(λ) ?? spectrum(λ) ?? (.nan, .nan)
  }

  /// The extreme eigenvalues of a Hessian that does not depend on w, the error bounds of Lanczos' method counted in; nil for others.
  private func spectrum(_ λ: Vector<Element>) -> (smallest: Element, largest: Element)? {
    guard stateCount > 0, tape.tape.sources(tape.hessianProduct) & UInt8(1 << FunctionInput.state) == 0 else {
      return nil
    }
    if let known = eigenvalues, known.λ == λ { return known.bounds }
    let H = makeHessian()
    H.fill(at: .zeros(stateCount), parameters: λ, gradient: false)
    let found = ExtremalEigenvalues(of: H)
    let bounds = (found.smallest - found.smallestErrorBound, found.largest + found.largestErrorBound)
    eigenvalues = (Vector(copying: λ), bounds)
    return bounds
  }

  /// True for a quadratic function of one design, whose bounds are eigenvalues; where ranges bound weights, they may be far off.
  public var curvatureBoundsAreAttained: Bool {
    given == nil && (tape.form?.hasExactBounds(on: tape.tape) ?? false)
  }

  /// Whether ``curvatureBounds(parameters:)`` knows any.
  public func hasCurvatureBounds(parameters λ: Vector<Element>) -> Bool {
    !curvatureBounds(parameters: λ).largest.isNaN
  }

  /// By a running error analysis of the gradient's tape; where an operation has no bound, ‖∇f(0)‖ and what the Hessian adds to it at w.
  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let byTerms = bounds.gradientMagnitude(at: w, λ)
    if byTerms.isFinite { return byTerms }
    let atZero: Element
    if let known = gradientAtZero, known.λ == λ {
      atZero = known.norm
    } else {
      var g = Vector<Element>.zeros(stateCount)
      gradient(at: .zeros(stateCount), parameters: λ, into: &g)
      atZero = g.norm
      gradientAtZero = (Vector(copying: λ), atZero)
    }
    let largest = curvatureBounds(parameters: λ).largest
    if atZero.isFinite && !largest.isNaN { return atZero + largest * w.norm }
    probe.fill(at: w, parameters: λ, gradient: true)
    var image = Vector<Element>.zeros(stateCount)
    probe.apply(w, into: &image)
    return (atZero.isFinite ? atZero : 0) + image.norm + probe.machine.slots[tape.gradient].vector.norm
  }
}
