import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing

/// Data poisoning with sparse features against the same with dense ones, which share no product.
@Suite struct SparsePoisoningTests {
  typealias Map = PoisoningMap<Double>

  let n = 41
  let p = 23
  let c = 4
  let dense: Map
  let sparse: Map
  /// The sparse map with its own step size.
  let bounded: Map
  let objectives: [HeldOutCrossEntropy<Double>]
  let w: Vector<Double>
  let shift: Vector<Double>
  /// What the two may differ by, relative to the sizes that enter: sums of at most n + p terms in another order, each within
  /// an ulp, through a map or a product of at most two such sums and some ten operations of the softmax.
  var roundoff: Double { Double(2 * (n + p) + 16) * .ulpOfOne }

  init() throws {
    var random = RandomStream(seed: 31)
    // A quarter of the entries, an empty row (poisoned) and an empty column.
    let X = Matrix<Double>(rows: n, columns: p) { i, j in
      let x = 4 * random.nextUniform() - 2
      return random.nextIndex(below: 4) == 0 && i != 6 && j != 5 ? x : 0
    }
    let XVal = Matrix<Double>(rows: 17, columns: p) { i, j in (i * 7 + j * 3) % 5 == 0 ? Double((i + j) % 3) - 1 : 0 }
    let labels = (0..<n).map { ($0 * 7) % 4 }
    // Not in order: the rows of the shift are those of this list.
    let poisoned = [30, 2, 6, 40, 11]
    dense = PoisoningMap(
      features: X, labels: labels, classCount: c, poisoned: poisoned, λ1: 0.01, λ2: 0.2)
    // One step size for both, so that rounding alone tells them apart.
    sparse = PoisoningMap(
      features: SparseMatrix(X), labels: labels, classCount: c, poisoned: poisoned, λ1: 0.01, λ2: 0.2,
      step: dense.stepSize(parameters: .zeros(dense.parameterCount)))
    bounded = PoisoningMap(
      features: SparseMatrix(X), labels: labels, classCount: c, poisoned: poisoned, λ1: 0.01, λ2: 0.2)
    let yVal = (0..<17).map { $0 % 4 }
    objectives = [
      HeldOutCrossEntropy(features: XVal, labels: yVal, classCount: c),
      HeldOutCrossEntropy(features: SparseMatrix(XVal), labels: yVal, classCount: c),
    ]
    w = Vector(count: p * c) { $0 % 3 == 0 ? 0 : 2 * random.nextUniform() - 1 }
    shift = Vector(count: 5 * p) { _ in random.nextUniform() - 0.5 }
  }

  /// Zero is a path of its own.
  var shifts: [Vector<Double>] { [shift, .zeros(shift.count)] }

  /// ‖a − b‖ within rounding of the size of b and of what went into it.
  func expectClose(
    _ a: Vector<Double>, _ b: Vector<Double>, _ input: Vector<Double>, _ what: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(
      a.distance(to: b) <= roundoff * (b.norm + input.norm), "\(what): \(a.distance(to: b))",
      sourceLocation: location)
  }

  /// LAPACK's eigenvalue against Lanczos's, whose error bound of √ulp is added so that the step contracts.
  @Test func stepsAreTheSame() {
    #expect(
      abs(
        dense.stepSize(parameters: .zeros(dense.parameterCount))
          - bounded.stepSize(parameters: .zeros(bounded.parameterCount))) <= 4 * Double.ulpOfOne.squareRoot()
        * dense.stepSize(parameters: .zeros(dense.parameterCount)))
  }

  @Test func lossesAreTheSame() {
    for Γ in shifts {
      var next = w
      for map in [dense, sparse] { map.apply(w, parameters: Γ, into: &next) }
      #expect(abs(dense.smooth.loss.value(at: w) - sparse.smooth.loss.value(at: w)) <= roundoff * (1 + w.norm))
      #expect(dense.smooth.loss.accuracy(at: w) == sparse.smooth.loss.accuracy(at: w))
      var g = w
      var h = w
      #expect(
        abs(dense.smooth.loss.gradient(at: w, into: &g) - sparse.smooth.loss.gradient(at: w, into: &h)) <= roundoff * 2)
      expectClose(h, g, w, "gradient")
      #expect(dense.smooth.poisonedRows(shift: Γ) == sparse.smooth.poisonedRows(shift: Γ))
    }
    #expect(abs(objectives[0].value(at: w, parameters: shift) - objectives[1].value(at: w, parameters: shift)) <= 1e-13)
    #expect(objectives[0].accuracy(at: w) == objectives[1].accuracy(at: w))
  }

  @Test func linearizationsAreTheSame() {
    for Γ in shifts {
      let parts = [dense, sparse].map { map in
        let linearization = map.makeLinearization()
        var value = w
        map.linearize(at: w, parameters: Γ, into: linearization, value: &value)
        // Whatever the map is asked in between, the linearization keeps its shift.
        var other = w
        map.apply(w, parameters: Vector(repeating: 2, count: Γ.count), into: &other)
        return (linearization, value)
      }
      let (a, b) = (parts[0], parts[1])
      expectClose(b.1, a.1, w, "value")
      #expect(a.0.proximal.active == b.0.proximal.active)
      let v = Vector<Double>(count: p * c) { Double(($0 * 29) % 13) - 6 }
      let dΓ = Vector<Double>(count: Γ.count) { Double(($0 * 17) % 7) - 3 }
      var (x, y) = (v, v)
      a.0.state.apply(v, into: &x)
      b.0.state.apply(v, into: &y)
      expectClose(y, x, v, "A1")
      a.0.state.applyAdjoint(v, into: &x)
      b.0.state.applyAdjoint(v, into: &y)
      expectClose(y, x, v, "A1ᵀ")
      a.0.parameters.apply(dΓ, into: &x)
      b.0.parameters.apply(dΓ, into: &y)
      expectClose(y, x, dΓ, "A2")
      var (g, h) = (dΓ, dΓ)
      a.0.parameters.applyAdjoint(v, into: &g)
      b.0.parameters.applyAdjoint(v, into: &h)
      expectClose(h, g, v, "A2ᵀ")

      // The Hessian on the support, assembled and as an operator, each against the dense assembly.
      let s = a.0.proximal.active.count
      var H = Matrix<Double>.zeros(s, s)
      a.0.hessian.assemble(on: a.0.proximal.active, into: &H)
      var K = Matrix<Double>(repeating: .nan, rows: s, columns: s)
      b.0.hessian.assemble(on: b.0.proximal.active, into: &K)
      #expect((K - H).frobeniusNorm <= roundoff * H.frobeniusNorm)
      for linearization in [a.0, b.0] {
        let R = linearization.hessian.restricted(to: linearization.proximal.active).dense()
        #expect((R - H).frobeniusNorm <= roundoff * H.frobeniusNorm)
      }
    }
  }

  /// An operator over the support holds the shift that it was made with, and an empty support is no trouble.
  @Test func restrictedHessiansKeepTheirShift() {
    for map in [dense, sparse] {
      let linearization = map.makeLinearization()
      map.linearize(atSolution: w, parameters: shift, into: linearization)
      let hessian = linearization.hessian.restricted(to: linearization.proximal.active)
      let before = hessian.dense()
      var other = w
      map.apply(w, parameters: Vector(repeating: 2, count: shift.count), into: &other)
      #expect(hessian.dense() == before)
      map.linearize(atSolution: .zeros(w.count), parameters: shift, into: linearization)
      #expect(linearization.hessian.restricted(to: linearization.proximal.active).dense().count == 0)
    }
  }

  /// Batches in any order and with repetitions, among them those of poisoned rows alone.
  @Test func oraclesAreTheSame() {
    let batches = [
      Minibatch.all(of: n), Minibatch([3, 30, 30, 6, 0, 40, 3]), Minibatch([30, 2, 6, 40, 11]), Minibatch([5]),
    ]
    for Γ in shifts {
      let oracles = [dense, sparse].map { map in
        let oracle = map.makeOracle()
        oracle.prepare(at: w, parameters: Γ)
        return oracle
      }
      let z = Vector<Double>(count: p * c) { Double(($0 * 29) % 13) - 6 }
      for batch in batches {
        var results: [[Vector<Double>]] = []
        for oracle in oracles {
          var u = z
          oracle.addValue(batch, scale: 0.5, to: &u)
          var x = w
          oracle.addStateAdjoint(batch, z, scale: -2, to: &x)
          var g = Γ
          oracle.addParametersAdjoint(batch, z, scale: 3, to: &g)
          results.append([u, x, g])
        }
        for (a, b) in zip(results[0], results[1]) { expectClose(b, a, 2 * z, "batch of \(batch.count)") }
      }
    }
  }

  /// One seed draws the same minibatches; the recursion contracts, so that rounding adds up to its sum over 1 − q.
  @Test func stochasticStrategiesAreTheSame() throws {
    let solver = FixedPointSolver<Double>(acceleration: .anderson(memory: 5))
    let state = try solver.solve(dense, parameters: shift).get()
    func estimates(_ map: Map, _ objective: HeldOutCrossEntropy<Double>) throws -> [Vector<Double>] {
      let problem = FixedPointProblem(map, parameters: shift, state: state, stateIsSolution: true)
      return [
        try NSID<Map>(iterations: 40, innerBatches: 3, batchSize: 7, steps: .constant(0.1), seed: 5).hypergradient(
          of: objective, problem
        ).get(),
        try AID<Map>(.conjugateGradient).hypergradient(of: objective, problem).get(),
        try AID<Map>(.direct).hypergradient(of: objective, problem).get(),
      ]
    }
    let a = try estimates(dense, objectives[0])
    let b = try estimates(sparse, objectives[1])
    // NSID: 40 contracting steps of rounding. CG: its tolerance, over the smallest eigenvalue; direct: no tolerance.
    #expect(relativeError(b[0], a[0]) <= 40 * roundoff)
    #expect(relativeError(b[1], a[1]) <= 1e-8)
    #expect(relativeError(b[2], a[2]) <= 40 * roundoff)
  }

  @Test(.enabled(if: Allocations.areCounted)) func repeatedProductsAllocateNothing() {
    for map in [dense, sparse] {
      let linearization = map.makeLinearization()
      map.linearize(atSolution: w, parameters: shift, into: linearization)
      let state = linearization.state
      let parameters = linearization.parameters
      let hessian = linearization.hessian.restricted(to: linearization.proximal.active)
      let x = Vector<Double>(repeating: 1, count: hessian.columns)
      var (y, u, g) = (x, w, Vector(copying: shift))
      func products() {
        map.apply(w, parameters: shift, into: &u)
        state.apply(w, into: &u)
        state.applyAdjoint(w, into: &u)
        parameters.apply(shift, into: &u)
        parameters.applyAdjoint(w, into: &g)
        hessian.apply(x, into: &y)
      }
      products()
      #expect(Allocations.count { products() }.allocations == 0)
    }
  }

  /// 20,000 × 200,000 with a hundred thousand entries: 32 GB if anything made it dense. Each row has one entry of its class
  /// and four of noise.
  @Test func largeSparseFeaturesStaySparse() throws {
    let (n, p) = (20_000, 200_000)
    var random = RandomStream(seed: 3)
    var columns = Array(repeating: [Int32](), count: p)
    for i in 0..<n {
      columns[i % 2].append(Int32(i))
      for k in 0..<4 { columns[2 + 4 * (i * 2 + k / 2) % (p - 2) + k % 2].append(Int32(i)) }
    }
    for j in 0..<p { columns[j] = Set(columns[j]).sorted() }
    let pointers = columns.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    let values = (0..<pointers.last!).map { _ in 1 + random.nextUniform() }
    let X = try SparseMatrix(
      rows: n, columns: p, columnPointers: pointers, rowIndices: columns.flatMap { $0 }, values: values)
    let map = PoisoningMap<Double>(
      features: X, labels: (0..<n).map { $0 % 2 }, classCount: 2, poisoned: [7, 100], λ1: 0.001, λ2: 0.1)
    let objective = HeldOutCrossEntropy<Double>(
      features: X, labels: (0..<n).map { $0 % 2 }, classCount: 2, negated: true)
    let Γ = Vector<Double>(count: 2 * p) { $0 % 1000 == 0 ? 0.1 : 0 }
    let state = try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: Γ).get()
    #expect(objective.accuracy(at: state) > 0.99)
    let problem = FixedPointProblem(map, parameters: Γ, state: state, stateIsSolution: true)
    let byCG = try AID<Map>(.conjugateGradient).hypergradient(of: objective, problem).get()
    let direct = try AID<Map>(.direct).hypergradient(of: objective, problem).get()
    #expect(direct.norm > 0)
    #expect(relativeError(byCG, direct) <= 1e-8)
  }
}
