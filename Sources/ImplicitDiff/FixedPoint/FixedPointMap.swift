public import LinAlg

/// The map Φ of a fixed-point equation `w(λ) = Φ(w(λ), λ)`, w in R^p, λ in R^m: continuous, piecewise smooth, and a
/// contraction in w.
///
/// This protocol and ``Linearization`` are all that the solvers and the differentiation strategies know of a problem. A
/// map may own scratch memory, so it is used by one task at a time.
///
/// Source of the setting: Grazzi, Pontil, Salzo, *Nonsmooth Implicit Differentiation*, ICML 2024, arXiv:2403.11687,
/// section 2.
public protocol FixedPointMap<Element> {
  associatedtype Element
  associatedtype Linearization: ImplicitDiff.Linearization<Element>

  /// p, the number of unknowns.
  var stateCount: Int { get }
  /// m, the number of parameters.
  var parameterCount: Int { get }

  /// next ← Φ(w, λ). `next` has p entries and does not share memory with `w`. Allocates nothing.
  func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>)

  /// Memory for one linearization of this map, to be filled by ``linearize(at:parameters:into:value:)``.
  func makeLinearization() -> Linearization

  /// Fixes one element [A1, A2] of the conservative Jacobian of Φ at (w, λ), and value ← Φ(w, λ) on the way.
  ///
  /// Which element is taken where Φ has a kink is a documented rule of the map. Allocates nothing when the
  /// linearization has been filled before.
  func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: Linearization,
    value: inout Vector<Element>)

  /// The same where the caller vouches that w is a fixed point, so that Φ need not be evaluated: a map whose pieces can
  /// be read off a fixed point (the zeros of a sparse solution) does without a pass over its data.
  func linearize(atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: Linearization)

  /// The same for solvers of which some do not need A1 to contract. The derivative of a minimizer does not depend on the step of
  /// the map that finds it; a map that has to compute its best step (from eigenvalues of its data) may take another one here.
  func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: Linearization,
    contracting: Bool)

  /// Finds the fixed point by whatever way suits the map: the default iterates Φ (``iterate(at:from:iterationLimit:progress:)``), a
  /// map with structure does better.
  ///
  /// - Parameters:
  ///   - start: p entries, the warm start; nil for zeros.
  ///   - iterationLimit: of passes over the data or evaluations of Φ.
  func solve(
    at λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> Solution<Self>

  /// Why λ is outside the domain of the map (a negative strength, a NaN), or nil where it is not. Solvers and strategies
  /// refuse such parameters before they compute anything. Cost O(m).
  func violation(parameters λ: Vector<Element>) -> ParameterViolation?

  /// A hash of the piece of the map that w lies on: two points with one signature share it, but for a chance of 2⁻⁶⁴. Solvers say by it when the
  /// piece of the solution was found. The pattern of signs where nothing else is said.
  func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64

  /// An upper bound on the factor q < 1 by which Φ(·, λ) contracts in the Euclidean norm, or nil where none is known.
  func contractionBound(parameters λ: Vector<Element>) -> Element?

  /// An upper bound on the Euclidean norm of the fixed point, or nil where none is known at no cost. An iterate beyond it is not
  /// taken for the solution however small its steps.
  func solutionNormBound(parameters λ: Vector<Element>) -> Element?

  /// How large the rounding error in an evaluation of Φ at w can be expected to be; residuals below it say nothing. Sums of n terms may be
  /// taken to err by √n half-ulps, as they do as a rule: no error bound rests on it.
  func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element
}

extension FixedPointMap {
  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: Linearization
  ) {
    var value = Vector<Element>.zeros(stateCount)
    linearize(at: w, parameters: λ, into: linearization, value: &value)
  }

  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: Linearization,
    contracting: Bool
  ) { linearize(atSolution: w, parameters: λ, into: linearization) }

  /// Parameters must be finite numbers.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notFinite(in: λ)
  }

  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.signPattern }
  public func contractionBound(parameters λ: Vector<Element>) -> Element? { nil }
  public func solutionNormBound(parameters λ: Vector<Element>) -> Element? { nil }

  /// √p sums of half-ulp errors of terms of the size of w.
  public func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    .ulpOfOne * Element(stateCount).squareRoot() * w.norm
  }

  /// The residual that rounding leaves at the best of iterates: each evaluation adds its error, and errors of one direction of factor
  /// ±q add up to 1/√(1 − q²) of one, of which an alternating direction shows twice. At most four times the error is let pass: more would
  /// be taken for rounding what is slow convergence.
  func roundingResidual(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let error = finiteEvaluationError(at: w, parameters: λ)
    guard let q = contractionBound(parameters: λ), q < 1 else { return error }
    return error * min(4, max(1, 2 / (1 - q * q).squareRoot()))
  }

  /// The rounding error of an evaluation, 0 where the map's estimate is no number: an infinite one would take every residual for rounding.
  func finiteEvaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let error = evaluationError(at: w, parameters: λ)
    return error.isFinite ? error : 0
  }

  /// ‖Φ(w, λ) − w‖₂, at the cost of one evaluation.
  public func residual(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var next = Vector<Element>.zeros(stateCount)
    apply(w, parameters: λ, into: &next)
    return next.distance(to: w)
  }
}
