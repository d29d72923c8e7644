import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams

/// What the package says of a problem.
struct BoundObservation {
  /// At the scale of the run.
  var state: [Double]
  var hypergradient: [Double]
  var isUsable: Bool
  /// e where it is proven.
  var stateBound: Double?
  var isIdentified = false
  var hypergradientBound: Double?
  /// Why there is no bound on the hypergradient.
  var reason: String?
}

struct BoundRun<Element: Scalar> {
  let problem: BoundProblem
  let truth: BoundTruth

  func observe() -> BoundObservation {
    problem.isLogistic
      ? Element.self == Float.self ? loss(LogisticLoss<Float>.self) : loss(LogisticLoss<Double>.self)
      : Element.self == Float.self ? loss(QuadraticLoss<Float>.self) : loss(QuadraticLoss<Double>.self)
  }

  private func loss<Loss: SmoothLoss>(_ type: Loss.Type) -> BoundObservation {
    func run<G: CertifiablePenalty<Loss.Element>>(_ penalty: G) -> BoundObservation { observe(type, penalty) }
    return run(problem.kind.make(count: problem.p, Loss.Element.self))
  }

  private func scaled<T: Scalar>(_ x: [Double], _ exponent: Int) -> Vector<T> {
    Vector(count: x.count) { T(DoubleDouble.scale(x[$0], by: exponent)) }
  }

  private func design<T: Scalar>(_ rows: [[Double]]) -> any DesignMatrix<T> {
    let X = Matrix<T>(rows: rows.count, columns: rows[0].count) {
      T(DoubleDouble.scale(rows[$0][$1], by: problem.scales.features))
    }
    return problem.isSparse ? SparseMatrix(X) : DenseDesign(X)
  }

  private func observe<Loss: SmoothLoss, G: CertifiablePenalty<Loss.Element>>(
    _: Loss.Type, _ penalty: G
  ) -> BoundObservation {
    typealias T = Loss.Element
    typealias Map = ProximalGradientMap<LinearModel<Loss>, G>
    let ofTargets = problem.isLogistic ? 0 : problem.scales.targets
    let map = Map(
      LinearModel<Loss>(features: design(problem.X), targets: scaled(problem.y, ofTargets)), penalty)
    let values = problem.parameters + [problem.ridge]
    let exponents = problem.exponents
    let λ = Vector<T>(count: values.count) { T(DoubleDouble.scale(values[$0], by: exponents[$0])) }
    let heldOut = HeldOutLoss<Loss>(features: design(problem.heldOutX), targets: scaled(problem.heldOutY, ofTargets))
    let problem = FixedPointProblem(
      map, parameters: λ, state: state(map, λ), stateIsSolution: problem.start == .vouched)
    if self.problem.hasClosureObjective {
      let objective = ClosureObjective<T>(
        value: { heldOut.value(at: $0, parameters: $1) },
        gradients: { w, λ in
          var (state, parameters) = (Vector<T>.zeros(w.count), Vector<T>.zeros(λ.count))
          heldOut.gradient(at: w, parameters: λ, support: nil, state: &state, parameters: &parameters)
          return (state, parameters)
        })
      return certified(problem, objective)
    }
    return certified(problem, heldOut)
  }

  private func certified<Map: CertifiableMap>(
    _ problem: FixedPointProblem<Map>, _ objective: some OuterObjective<Map.Element>
  ) -> BoundObservation {
    typealias T = Map.Element
    let solver: AID<Map>.Solver =
      switch self.problem.solver {
      case .automatic: .automatic
      case .direct: .direct
      case .conjugateGradient: .conjugateGradient
      case .fixedPoint: .fixedPoint
      case .gmres: .gmres()
      }
    let strategy = AID<Map>(solver)
    let workspace = strategy.makeWorkspace(for: problem.map)
    var g = Vector<T>.zeros(problem.parameters.count)
    var scratch = g
    let report = try? strategy.hypergradient(
      of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
    var observation = BoundObservation(
      state: problem.state.map { Double($0) }, hypergradient: g.map { Double($0) },
      isUsable: report?.outcome.isUsable ?? false)
    do throws(NoBound<T>) {
      let certificate = try strategy.certify(problem, objective: objective, workspace: workspace)
      if certificate.solution.stateErrorIsProven { observation.stateBound = Double(certificate.stateErrorBound) }
      observation.isIdentified = certificate.isIdentified
      observation.hypergradientBound = certificate.hypergradientErrorBound.map { Double($0) }
      observation.reason = certificate.absence?.name
    } catch { observation.reason = error.name }
    return observation
  }

  private func state<F: SmoothFunction, G: ProximalMap>(
    _ map: ProximalGradientMap<F, G>, _ λ: Vector<F.Element>
  ) -> Vector<F.Element> where F.Element == G.Element {
    typealias T = F.Element
    let exact = truth.state.map(\.value)
    let e = problem.stateExponent
    switch problem.start {
    case .rounded, .vouched: return scaled(exact, e)
    case .zero: return .zeros(map.stateCount)
    case .solved: return map.solve(at: λ, from: nil, iterationLimit: 3000, progress: nil).state
    case .loose:
      return FixedPointSolver<T>(stopping: .tolerance(1e-4)).solve(map, parameters: λ, from: .zeros(map.stateCount))
        .estimate
    case .noisy, .iterated:
      var random = RandomStream(seed: problem.seed, stream: 1)
      let size = exact.map(abs).max() ?? 0
      let noisy = exact.map { $0 + problem.noise * size * random.nextNormal() }
      if problem.start == .noisy { return scaled(noisy, e) }
      return scaled(truth.iterated(noisy, times: problem.iterations), e)
    }
  }
}
