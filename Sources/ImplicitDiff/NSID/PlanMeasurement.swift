import LinAlg
import RandomStreams

/// What a plan rests on, measured at one problem by passes over its samples one by one.
///
/// A minibatch of b samples drawn with replacement is a mean of b independent ones, so that its variance is that of one sample
/// over b, and the latter is a mean over the n samples: no probing is involved. Norms of operators are exact where at most
/// ``directionLimit`` coordinates are active. Otherwise they are bounded by their values on so many normal directions Z:
/// λmax(ZᵀQZ) ≥ λmax(Q) ‖Zᵀx‖², x the eigenvector, and ‖Zᵀx‖², a χ² of 64 degrees, is below 0.35 · 64 with probability at most
/// (0.35 e^0.65)^32 < 3e-6.
struct PlanMeasurement<Map: CompositeStochasticMap> {
  typealias Element = Map.Element
  static var directionLimit: Int { 64 }
  /// Up to this number of unknowns the active coordinates are looked for one by one.
  static var scanLimit: Int { 4096 }

  let problem: FixedPointProblem<Map>
  let workspace: NSIDWorkspace<Map>
  let batchSize: Int
  var n: Int { problem.map.sampleCount }

  /// v̄, and a bound on its error.
  var solution: Vector<Element>
  var solutionError: Double = 0
  /// A2ᵀ v̄.
  var product: Vector<Element>
  /// The largest ‖mean of the samples' products − product of all‖ relative to the products.
  var meanDifference: Double = 0
  var constants = ErrorRecursion.Constants(
    gap: 0, activeGap: 0, size: 0, activeSize: 0, noise: 0, peakNoise: 0, noiseFactor: 0, parametersNorm: 0,
    parametersFrobeniusNorm: 0)

  /// - Parameter q: a bound below 1 on ‖M‖.
  init(
    _ problem: FixedPointProblem<Map>, cotangent y: Vector<Element>, contraction q: Element, batchSize: Int,
    needsParameters: Bool, seed: UInt64
  ) {
    self.problem = problem
    self.batchSize = batchSize
    workspace = NSIDWorkspace(problem.map)
    solution = .zeros(problem.map.stateCount)
    product = .zeros(problem.map.parameterCount)
    workspace.y.copy(from: y)
    workspace.oracle.prepare(at: problem.state, parameters: problem.parameters)
    workspace.u.fill(0)
    workspace.oracle.addValue(.all(of: n), scale: 1, to: &workspace.u)
    guard isFinite else { return }
    problem.map.linearizeOuter(at: workspace.u, parameters: problem.parameters, into: workspace.outer)
    solve(q)
    guard isFinite else { return }
    applyParametersAdjoint(solution, into: &product)
    measure(q, needsParameters: needsParameters, seed: seed)
  }

  var isFinite: Bool {
    workspace.u.firstNonFinite == nil && workspace.y.firstNonFinite == nil && solution.firstNonFinite == nil
      && problem.parameters.firstNonFinite == nil
  }

  /// v̄ by v ← M v + y until the increment is a rounding error. q^t is below 1e-17 after 40/(1 − q) steps.
  private mutating func solve(_ q: Element) {
    let limit = Int(min(1e7, 40 / (1 - Double(q)) + 100))
    var residual = Element.infinity
    workspace.anchor.fill(0)
    for _ in 0..<limit {
      residual = workspace.refreshResidual(sampleCount: n)
      if !(residual > 4 * .ulpOfOne * workspace.anchor.norm) { break }
      workspace.anchor.add(1, workspace.residual)
    }
    solution.copy(from: workspace.anchor)
    solutionError = Double(residual) / (1 - Double(q))
  }

  /// g ← A2ᵀ v by a full pass.
  private func applyParametersAdjoint(_ v: Vector<Element>, into g: inout Vector<Element>) {
    g.fill(0)
    workspace.outer.applyStateAdjoint(v, into: &workspace.z)
    workspace.oracle.addParametersAdjoint(.all(of: n), workspace.z, scale: 1, to: &g)
    workspace.outer.addParametersAdjoint(v, scale: 1, to: &g)
  }

  /// The coordinates that enter M v or A2ᵀ v; nil where there are more than the limit, or too many to look at.
  private func activeCoordinates() -> [Int]? {
    let p = solution.count
    guard p <= Self.scanLimit else { return nil }
    var unit = Vector<Element>.zeros(p)
    var g = Vector<Element>.zeros(problem.map.parameterCount)
    var active: [Int] = []
    for j in 0..<p {
      unit[j] = 1
      workspace.outer.applyStateAdjoint(unit, into: &workspace.z)
      var acts = workspace.z.maxNorm != 0
      if !acts {
        g.fill(0)
        workspace.outer.addParametersAdjoint(unit, scale: 1, to: &g)
        acts = g.maxNorm != 0
      }
      unit[j] = 0
      if acts { active.append(j) }
      if active.count > Self.directionLimit { return nil }
    }
    return active
  }

  private mutating func measure(_ q: Element, needsParameters: Bool, seed: UInt64) {
    let p = solution.count
    let active = activeCoordinates()
    let count = active?.count ?? Self.directionLimit
    let inflation = active == nil ? 1 / (0.35 * Double(Self.directionLimit)) : 1
    var random = RandomStream(seed: seed, stream: 1 << 34)
    let directions = (0..<count).map { k in
      if let active {
        var unit = Vector<Element>.zeros(p)
        unit[active[k]] = 1
        return unit
      }
      return Vector<Element>(count: p) { _ in Element(random.nextNormal()) }
    }
    // B1ᵀ of the directions and of v̄, and M of them.
    let inputs = (directions + [solution]).map { v in
      var z = Vector<Element>.zeros(p)
      workspace.outer.applyStateAdjoint(v, into: &z)
      return z
    }
    let images = inputs.map { z in
      var x = Vector<Element>.zeros(p)
      workspace.oracle.addStateAdjoint(.all(of: n), z, scale: 1, to: &x)
      return x
    }
    var gram = Matrix<Element>.zeros(count, count)
    var covariance = gram
    var noises = Matrix<Element>.zeros(p, count)
    var projections = Vector<Element>.zeros(count)
    var sum = Vector<Element>.zeros(p)
    var x = Vector<Element>.zeros(p)
    var square: Element = 0
    let weight = 1 / (Element(n) * Element(batchSize))
    for i in 0..<n {
      let sample = Minibatch([i])
      for (k, z) in inputs.enumerated() {
        x.combine(-1, images[k], 0)
        workspace.oracle.addStateAdjoint(sample, z, scale: 1, to: &x)
        if k < count { noises.setColumn(k, x) }
      }
      // x is now that of v̄.
      square += x.dot(x) * weight
      sum.add(1 / Element(n), x)
      for k in 0..<count { projections[k] = active.map { x[$0[k]] } ?? directions[k].dot(x) }
      if count > 0 {
        covariance.addOuterProduct(weight, projections, projections)
        gram.assignGram(noises, alpha: weight, beta: 1)
      }
    }
    constants.size = Double(solution.norm)
    constants.noise = Double(square).squareRoot()
    let perSample = constants.noise * Double(batchSize).squareRoot()
    let scale = Double(images[count].norm) + perSample
    meanDifference = scale > 0 ? Double(sum.norm) / scale : 0
    // No norm exceeds the root of the trace, which a normal direction has in the mean as well.
    constants.noiseFactor = (Self.largest(gram) * inflation).squareRoot()
    constants.peakNoise = min(constants.noise, (Self.largest(covariance) * inflation).squareRoot())
    constants.gap = 1 - Double(q)
    constants.activeGap = constants.gap
    constants.activeSize = constants.size
    if let active {
      // ‖M‖ and the norm of its active block, each at most q and known to rounding errors.
      let slack = 1 + 64 * Double(Element.ulpOfOne) * Double(p).squareRoot()
      for k in 0..<count { noises.setColumn(k, images[k]) }
      let block = Matrix<Element>(rows: count, columns: count) { images[$1][active[$0]] }
      constants.gap = max(constants.gap, 1 - slack * Self.norm(noises))
      constants.activeGap = max(constants.gap, 1 - slack * Self.norm(block))
      constants.activeSize = active.reduce(0.0) { $0 + Double(solution[$1]) * Double(solution[$1]) }.squareRoot()
    }
    guard needsParameters, count > 0 else { return }
    var products = Matrix<Element>.zeros(product.count, count)
    var g = Vector<Element>.zeros(product.count)
    for k in 0..<count {
      applyParametersAdjoint(directions[k], into: &g)
      products.setColumn(k, g)
    }
    constants.parametersNorm = Self.norm(products) * inflation.squareRoot()
    constants.parametersFrobeniusNorm = Double(products.frobeniusNorm) * inflation.squareRoot()
  }

  private static func norm(_ A: Matrix<Element>) -> Double {
    guard A.columns > 0 else { return 0 }
    var gram = Matrix<Element>.zeros(A.columns, A.columns)
    gram.assignGram(A)
    return largest(gram).squareRoot()
  }

  /// The largest eigenvalue of a Gram matrix; its trace, which bounds it, where LAPACK finds none.
  private static func largest(_ A: Matrix<Element>) -> Double {
    guard A.rows > 0 else { return 0 }
    if let values = try? SymmetricEigen.eigenvalues(of: A) { return max(0, Double(values[values.count - 1])) }
    return (0..<A.rows).reduce(0.0) { $0 + Double(A[$1, $1]) }
  }
}
