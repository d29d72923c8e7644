import LinAlg
public import NonsmoothMaps

/// The kinks at or near a solution w(λ) of a ``ProximalGradientMap``, and what w(λ) does there exactly: one-sided derivatives in every direction, and all the
/// derivatives that the pieces that meet can give.
///
/// Cost: ∇f, a step size, and the factorization of ∇²f on what moves freely, |S|³/3.
public final class KinkAnalysis<F: SmoothFunction, G: PolyhedralPenalty> where F.Element == G.Element {
  public typealias Element = F.Element
  public typealias Map = ProximalGradientMap<F, G>

  public let problem: FixedPointProblem<Map>
  /// Up to which distance the argument u = w − s ∇f(w) of the proximal map counts as on a kink: by how much it may be off,
  /// `(ρ + 2ε) max(1, ‖K⁻¹‖/s)`, with ρ = ‖Φ(w) − w‖, ε the rounding error to be expected of Φ and K = ∇²f (with the curvature of g) on what moves
  /// freely. A residual ρ + ε leaves w off by at most that times ‖K⁻¹‖/s on its piece, u is off by no more, and its own evaluation adds ε.
  public let tolerance: Element
  /// Those within the tolerance, or within the radius that was asked for, by their distance.
  public let records: [KinkRecord<Element>]
  let system: CriticalSystem<Element>
  let hessian: F.Hessian
  let step: Element
  /// u.
  let argument: Vector<Element>
  /// Φ(w).
  let value: Vector<Element>

  /// - Parameter radius: up to this distance kinks are listed that the solution is not on.
  /// - Throws: ``KinkRefusal``.
  public init(_ problem: FixedPointProblem<Map>, radius: Element = 0) throws(KinkRefusal) {
    let (map, λ, w) = (problem.map, problem.parameters, problem.state)
    if let violation = map.violation(parameters: λ) {
      throw violation.isNotFinite ? .notFinite : .outsideDomain(violation)
    }
    if w.firstNonFinite != nil { throw .notFinite }
    self.problem = problem
    let s = map.stepSize(parameters: λ)
    step = s
    hessian = map.smooth.makeHessian()
    var u = Vector<Element>.zeros(w.count)
    map.smooth.linearize(at: w, parameters: map.smoothParameters(λ), into: hessian, gradient: &u)
    u.combine(1, w, -s)
    if u.firstNonFinite != nil { throw .notFinite }
    argument = u
    var value = Vector(copying: u)
    map.penalty.apply(step: s, parameters: map.penaltyParameters(λ), to: &value)
    self.value = value
    let least = value.distance(to: w) + 2 * map.evaluationError(at: w, parameters: λ)
    if !least.isFinite { throw .notFinite }
    // The factor that the tolerance needs is that of the free columns, which depend on the tolerance: a larger one frees fewer.
    var tolerance = least
    var system: CriticalSystem<Element>
    var round = 0
    repeat {
      let cone = try map.penalty.criticalCone(
        at: u, step: s, parameters: map.penaltyParameters(λ), tolerance: tolerance, radius: radius)
      system = try CriticalSystem(cone, hessian: hessian)
      let wanted = least * max(1, system.inverseNorm / s)
      round += 1
      if wanted <= tolerance || round == 3 { break }
      tolerance = wanted
    } while true
    self.tolerance = tolerance
    self.system = system
    records = (system.cone.kinks.map(\.record) + system.cone.nearby).sorted { $0.distance < $1.distance }
  }

  /// Those that the solution is on: w(λ) is differentiable where there are none.
  public var weaklyActive: [KinkRecord<Element>] { system.cone.kinks.map(\.record) }

  /// t ← ∂_λ∇f δ + L δ + H X₀ δ: what δ does to the gradient of f + g where y is held; and X₀ δ, and ∂_λ∇f δ.
  func forcing(_ δ: Vector<Element>) -> (total: Vector<Element>, offset: Vector<Element>, smooth: Vector<Element>) {
    let (map, λ) = (problem.map, problem.parameters)
    var smooth = Vector<Element>.zeros(map.stateCount)
    if map.smooth.parameterCount > 0 {
      map.smooth.addMixedDerivative(
        map.smoothParameters(δ), at: problem.state, parameters: map.smoothParameters(λ), hessian: hessian, scale: 1,
        to: &smooth)
    }
    let ofPenalty = map.penaltyParameters(δ)
    let offset = system.offset(ofPenalty)
    var total = Vector(copying: smooth)
    system.addSlope(ofPenalty, to: &total)
    if offset.nonzeroCount > 0 {
      var image = Vector<Element>.zeros(map.stateCount)
      hessian.apply(offset, into: &image)
      total.add(1, image)
    }
    return (total, offset, smooth)
  }
}
