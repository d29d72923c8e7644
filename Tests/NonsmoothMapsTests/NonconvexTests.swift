import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing

/// Penalties that are not convex: their values against a search, their derivatives against differences, and what is refused.
@Suite struct NonconvexTests {
  @Test func scalarMinimizers() {
    search(MCP<Double>(), [1, 1.5], "mcp")
    search(SCAD<Double>(), [1, 2.5], "scad")
    search(HardThreshold<Double>(), [1], "l0")
    search(LogSum<Double>(), [1, 1], "log-sum, continuous")
    search(LogSum<Double>(), [2, 0.1], "log-sum, with a jump")
    search(HalfNorm<Double>(), [1], "l1/2")
    search(LogBarrier<Double>(), [0.5], "log barrier")
    search(NegativeEntropy<Double>(), [0.5], "entropy")
  }

  /// No number of a grid has a lower objective than prox, and differences of prox are its derivative.
  private func search<G: ProximalMap<Double>>(_ g: G, _ λ: Vector<Double>, _ name: String) {
    let s = 0.75
    func objective(_ w: Double, _ u: Double) -> Double {
      g.value(at: [w], parameters: λ) + (w - u) * (w - u) / (2 * s)
    }
    let L = g.makeLinearization(count: 1)
    for i in -40...40 {
      let u = 0.1234 * Double(i)
      let x = g.prox([u], s, λ)[0]
      let least = (-6000...6000).reduce(Double.infinity) { min($0, objective(Double($1) * 1e-3, u)) }
      // Values of at most 100, of a few roundings.
      #expect(objective(x, u) <= least + 1e-13, "\(name) at \(u)")
      g.linearize(at: [u], step: s, parameters: λ, kink: .zero, into: L)
      let h = 1e-5
      guard L.isDefined, let distance = L.kinkDistance, distance > 2 * h else { continue }
      let dense = DenseDerivative(L, parameters: g.parameterCount)
      let slope = (g.prox([u + h], s, λ)[0] - g.prox([u - h], s, λ)[0]) / (2 * h)
      // Truncation h² times third derivatives of up to 100, rounding 1e-15/h.
      #expect(abs(slope - dense.D[0, 0]) <= 1e-7, "\(name) at \(u)")
      for k in 0..<λ.count {
        let e: Vector<Double> = h * unit(k, λ.count)
        let (above, below) = (g.prox([u], s, λ + e)[0], g.prox([u], s, λ - e)[0])
        // Thresholds move with the parameters.
        if (above == 0) != (x == 0) || (below == 0) != (x == 0) || distance < 4 * h { continue }
        #expect(abs((above - below) / (2 * h) - dense.B[0, k]) <= 1e-7, "\(name) at \(u), parameter \(k)")
      }
    }
  }

  /// Where the value jumps nothing is differentiated.
  @Test func jumps() {
    func isDefined<G: ProximalMap<Double>>(_ g: G, _ u: Vector<Double>, _ λ: Vector<Double>) -> Bool {
      let L = g.makeLinearization(count: u.count)
      g.linearize(at: u, step: 0.5, parameters: λ, kink: .zero, into: L)
      #expect(g.prox(u, 0.5, λ).firstNonFinite == nil)
      return L.isDefined
    }
    // √(2 · ½ · 4) = 2 exactly.
    #expect(!isDefined(HardThreshold<Double>(), [2, 3], [4]) && isDefined(HardThreshold<Double>(), [1.75, 3], [4]))
    #expect(!isDefined(Sphere<Double>(), [0, 0], [1]) && isDefined(Sphere<Double>(), [0, 1e-300], [1]))
    #expect(
      !isDefined(SparseVectors<Double>(most: 1), [1, -1], []) && isDefined(SparseVectors<Double>(most: 1), [0, 0], []))
    #expect(!isDefined(SparseSimplex<Double>(most: 1), [1, 1], [1]))
    // The second of the largest would be 0 on the simplex whichever it is.
    #expect(isDefined(SparseSimplex<Double>(most: 2), [3, 1, 1], [1]))
  }

  /// Pieces are told at any concavity, also where a step of 1 would be too long.
  @Test func signatures() {
    for g in [MCP<Double>() as any ProximalMap<Double>, SCAD<Double>()] {
      let λ: Vector<Double> = g is MCP<Double> ? [1, 0.25] : [1, 2.0625]
      func code(_ w: Double) -> UInt64 { g.signature(at: [w], parameters: λ) }
      #expect(code(0) != code(0.125) && code(0.125) == code(0.1875) && code(0.125) != code(3) && code(3) == code(4))
    }
  }

  /// At a jump there is no derivative, and the outcome says so, whatever differentiates.
  @Test func jumpsHaveAnOutcomeOfTheirOwn() throws {
    typealias Map = ProximalGradientMap<CoupledQuadratic<Double>, HardThreshold<Double>>
    let map = Map(try CoupledQuadratic<Double>(4, seed: 1), HardThreshold(), step: .fixed(0.5))
    // u = w − s∇f(w) at the threshold √(2sλ) = 1: by a w whose first entry is moved until it is.
    let λ = Vector<Double>(count: map.parameterCount) { $0 == 0 ? 1 : 0.5 }
    var w: Vector<Double> = [1, 0, 0, 0]
    func argument(_ w: Vector<Double>) -> Vector<Double> {
      var g = w
      map.smooth.gradient(at: w, parameters: λ[segment: 1..<λ.count], into: &g)
      return w - 0.5 * g
    }
    let u = argument(w)
    // Affine in the first entry with a slope below 1: some number next to the solution of u₁ = 1 gives it exactly.
    for _ in 0..<60 { w[0] += 1 - argument(w)[0] }
    for _ in 0..<64 { w[0] = w[0].nextDown }
    for _ in 0..<128 where argument(w)[0] != 1 { w[0] = w[0].nextUp }
    guard argument(w)[0] == 1 else {
      Issue.record("no argument at the threshold: \(u), \(argument(w))")
      return
    }
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let y: Vector<Double> = [1, 2, 3, 4]
    #expect(try AID<Map>(.gmres()).vjp(problem, cotangent: y).report.outcome == .notDifferentiable)
    #expect(try AID<Map>(.gmres()).jacobian(problem).report.outcome == .notDifferentiable)
    let once = Stopping<Double>.iterations(1)
    #expect(try ForwardITD<Map>(stopping: once).vjp(problem, cotangent: y).report.outcome == .notDifferentiable)
    #expect(try ReverseITD<Map>(stopping: once).vjp(problem, cotangent: y).report.outcome == .notDifferentiable)
    let failure = #expect(throws: ConvergenceFailure.self) { try AID<Map>(.gmres()).vjp(problem, cotangent: y).get() }
    #expect(failure?.description.contains("jumps") == true)
  }

  /// A step that leaves prox no single point is refused, and so is a derivative at a jump.
  @Test func refusals() throws {
    let f = try CoupledQuadratic<Double>(4, seed: 1)
    let map = ProximalGradientMap(f, MCP<Double>(), step: .fixed(0.5))
    #expect(map.violation(parameters: [1, 0.25, 1])?.expected.hasPrefix("parameters whose proximal map") == true)
    #expect(map.violation(parameters: [1, 4, 1]) == nil)
    #expect(map.violation(parameters: [1, 0, 1])?.index == 1)
    let solution = FixedPointProblem(map, parameters: [1, 0.25, 1]).solved(by: FixedPointSolver()).solution
    guard case .outsideDomain = solution.outcome else {
      Issue.record("solved at a step above the limit: \(solution.outcome)")
      return
    }
    #expect(ProximalGradientMap(f, HardThreshold<Double>()).contractionBound(parameters: [1, 1]) == nil)
  }
}
