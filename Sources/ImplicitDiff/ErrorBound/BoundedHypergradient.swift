public import LinAlg

/// A hypergradient with a bound on its error.
public struct BoundedHypergradient<Element: Scalar>: Sendable {
  /// ∇f(λ) as computed, m entries.
  public var estimate: Vector<Element>
  public var report: DerivativeReport<Element>
  /// A bound on the distance of ``estimate`` from the exact hypergradient, in the Euclidean norm; nil where there is none.
  public var errorBound: Element?
  /// Why there is no bound; nil where there is one.
  public var absence: NoBound<Element>?

  /// The hypergradient and its bound.
  ///
  /// - Throws: ``NoBound`` where there is no bound.
  public func get() throws(NoBound<Element>) -> (hypergradient: Vector<Element>, errorBound: Element) {
    if let errorBound { return (estimate, errorBound) }
    throw absence ?? .outOfRange
  }
}

extension BoundedHypergradient: CustomStringConvertible {
  /// For example `aid-direct: [0.25, -1.5], off by at most 3e-15`.
  public var description: String {
    "\(report.method): \(Array(estimate)), "
      + (errorBound.map { "off by at most \($0)" } ?? "no bound: \((absence ?? .outOfRange).advice)")
  }
}

extension AID where Map: CertifiableMap {
  /// ∇f(λ) with a bound on its error: see ``certify(_:objective:workspace:)``.
  public func boundedHypergradient(
    of objective: some OuterObjective<Element>, _ problem: FixedPointProblem<Map>
  ) throws(DifferentiationError) -> BoundedHypergradient<Element> {
    let workspace = makeWorkspace(for: problem.map)
    var gradient = Vector<Element>.zeros(problem.map.parameterCount)
    var scratch = gradient
    let report = try hypergradient(of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
    var result = BoundedHypergradient(estimate: gradient, report: report)
    guard gradient.firstNonFinite == nil else {
      result.absence = .notFinite
      return result
    }
    do throws(NoBound<Element>) {
      let certificate = try certify(problem, objective: objective, workspace: workspace)
      result.errorBound = certificate.hypergradientErrorBound
      result.absence = certificate.absence
    } catch { result.absence = error }
    return result
  }
}

extension AdjointStrategy where Map: CertifiableMap {
  /// ∇f(λ) by this method with a bound on its error: that of AID's answer, and the distance from it. Cost: that of both.
  public func boundedHypergradient(
    of objective: some OuterObjective<Map.Element>, _ problem: FixedPointProblem<Map>
  ) throws(DifferentiationError) -> BoundedHypergradient<Map.Element> {
    let own = try hypergradient(of: objective, problem)
    var result = try AID<Map>().boundedHypergradient(of: objective, problem)
    let distance = own.estimate.distance(to: result.estimate)
    result.estimate = own.estimate
    result.report = own.report
    guard let bound = result.errorBound else { return result }
    guard distance.isFinite else {
      (result.errorBound, result.absence) = (nil, .notFinite)
      return result
    }
    result.errorBound = bound + distance * (1 + Map.Element(own.estimate.count + 8) * .ulpOfOne)
    return result
  }
}
