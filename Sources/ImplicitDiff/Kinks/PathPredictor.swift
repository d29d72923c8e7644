public import LinAlg
public import NonsmoothMaps

/// w(λ + tδ) for t in [0, 1], piece by piece.
///
/// Where f is quadratic and g polyhedral the path is piecewise linear and this is it, up to rounding: from a kink the one-sided derivative leads on to the next
/// one. For the lasso with its strength as the only parameter it is the homotopy of M. R. Osborne, B. Presnell, B. A. Turlach: A new approach to variable selection
/// in least squares problems. IMA J. Numer. Anal. 20 (2000); several kinks at one point are no exception.
public struct SolutionPath<Element: Scalar> {
  /// A point at which the path bends.
  public struct Node {
    /// Along δ.
    public var t: Element
    /// w(λ + tδ), p entries.
    public var state: Vector<Element>
    /// dw/dt to the right of it.
    public var rate: Vector<Element>
    /// The kinks that the solution is on here; none at t = 0 as a rule.
    public var kinks: [KinkRecord<Element>]
    /// What each of them does.
    public var branches: [KinkBranch]
  }

  /// How the path ended.
  public enum Ending: Sendable, Equatable {
    /// At t = 1.
    case complete
    /// The number of breakpoints allowed came first.
    case breakpointLimit
    /// The derivative beyond the last node was not found.
    case stopped(Outcome<Element>)
    /// The kinks at the last node cannot be told.
    case refused(KinkRefusal)
  }

  /// By t, the first at 0 and, where the path is complete, the last at 1.
  public var nodes: [Node]
  public var outcome: Ending

  /// The t at which the path bends.
  public var breakpoints: [Element] { nodes.filter { $0.t > 0 && !$0.kinks.isEmpty }.map(\.t) }

  /// w(λ + tδ), for t in 0 … the t of the last node.
  public func state(at t: Element) -> Vector<Element> {
    precondition(!nodes.isEmpty && t >= 0 && t <= nodes.last!.t, "SolutionPath: \(t) is outside what was followed")
    let node = nodes.last { $0.t <= t }!
    var w = Vector(copying: node.state)
    if t > node.t { w.add(t - node.t, node.rate) }
    return w
  }
}

/// Follows the path of solutions of a ``ProximalGradientMap`` whose parts are piecewise affine.
public struct PathPredictor<F: AffineGradientFunction, G: PolyhedralPenalty> where F.Element == G.Element {
  public typealias Element = F.Element

  /// At most so many nodes.
  public var nodeLimit: Int

  public init(nodeLimit: Int = 10_000) {
    precondition(nodeLimit > 0, "PathPredictor: at least one node, not \(nodeLimit)")
    self.nodeLimit = nodeLimit
  }

  /// - Parameter δ: m entries; λ + δ is the end.
  /// - Throws: ``KinkRefusal/unsupported(_:)`` where the path along δ is not piecewise linear, and what ``KinkAnalysis`` throws at its
  ///   start.
  public func path(
    of problem: FixedPointProblem<ProximalGradientMap<F, G>>, along δ: Vector<Element>
  ) throws(KinkRefusal) -> SolutionPath<Element> {
    let map = problem.map
    precondition(
      δ.count == map.parameterCount, "PathPredictor: \(δ.count) entries for \(map.parameterCount) parameters")
    if let violation = map.violation(parameters: problem.parameters + δ) {
      throw violation.isNotFinite ? .notFinite : .outsideDomain(violation)
    }
    guard map.smooth.gradientIsAffine(along: map.smoothParameters(δ)) else {
      throw .unsupported(
        "the gradient of the smooth part is not affine along this direction (a loss that is not quadratic, or a ridge that changes): the path is curved"
      )
    }
    for q in map.penalty.nonlinearParameters where δ[q] != 0 {
      throw .unsupported(
        "the penalty is not affine in parameter \(q), which changes along this direction: the path is curved")
    }
    var here = problem
    var analysis = try KinkAnalysis(here)
    var path = SolutionPath<Element>(nodes: [], outcome: .complete)
    var t: Element = 0
    while true {
      let state = analysis.refined()
      let found = analysis.directionalDerivative(along: δ)
      path.nodes.append(
        .init(
          t: t, state: state, rate: found.derivative.estimate, kinks: analysis.weaklyActive, branches: found.branches))
      if t >= 1 { return path }
      guard found.derivative.report.outcome.isUsable else {
        path.outcome = .stopped(found.derivative.report.outcome)
        return path
      }
      if path.nodes.count >= nodeLimit {
        path.outcome = .breakpointLimit
        return path
      }
      let step = map.penalty.firstCrossing(
        at: analysis.argument, value: analysis.system.cone.point, step: analysis.step,
        parameters: map.penaltyParameters(here.parameters), tolerance: analysis.tolerance,
        rates: (found.argumentRate, found.derivative.estimate, map.penaltyParameters(δ)))
      let next = step.map { min(1, t + $0) } ?? 1
      here = problem
      here.parameters = problem.parameters + next * δ
      here.state = state
      here.state.add(next - t, found.derivative.estimate)
      // Where a kink was missed the next state is no solution. States are exact to rounding otherwise, far from its root.
      let allowed = map.evaluationError(at: here.state, parameters: here.parameters) / Element.ulpOfOne.squareRoot()
      guard map.residual(at: here.state, parameters: here.parameters) <= allowed else {
        path.outcome = .stopped(.stagnated)
        return path
      }
      t = next
      do throws(KinkRefusal) { analysis = try KinkAnalysis(here) } catch {
        path.outcome = .refused(error)
        return path
      }
    }
  }
}

extension KinkAnalysis {
  /// w with its kinks taken for exact, and a step of Newton's method on what moves freely: errors do not add up along a path.
  ///
  /// (w − Φ(w))/s is the gradient of f + g at w to first order, with g's curvature q: (w − x)(1/s + q).
  func refined() -> Vector<Element> {
    let x = system.cone.point
    // The fixed point's equation is the solution's for every point: what is asked is where Φ leads from x.
    var gradient = Vector<Element>.zeros(x.count)
    let (map, λ) = (problem.map, problem.parameters)
    map.smooth.gradient(at: x, parameters: map.smoothParameters(λ), into: &gradient)
    var u = Vector(copying: x)
    u.add(-step, gradient)
    map.penalty.apply(step: step, parameters: map.penaltyParameters(λ), to: &u)
    var residual = Vector<Element>.zeros(system.freeCount)
    let difference = x - u
    for (k, column) in system.cone.free.enumerated() {
      residual[k] = -system.dot(k, difference) * (1 / step + column.curvature)
    }
    if residual.count > 0 { system.factor.solve(&residual) }
    var w = Vector(copying: x)
    system.add(free: residual, to: &w)
    return w
  }
}
