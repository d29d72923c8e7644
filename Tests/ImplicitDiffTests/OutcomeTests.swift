import ImplicitDiff
import LinAlg
import TestSupport
import Testing

/// What was once a number without a warning: each of these was wrong, or was called converged, before.
@Suite struct OutcomeTests {
  typealias Map = RectifiedMap<Double>

  /// A bound as parameter moves the solution out of the range of D, where the symmetric form alone would answer 0.
  @Test(arguments: [true, false])
  func parametersOutsideTheRangeOfDAreDifferentiated(_ declares: Bool) throws {
    let problem = FixedPointProblem(UpperBoundMap(declares: declares), parameters: [1], state: [1])
    var solvers: [AID<UpperBoundMap>.Solver] = [.automatic, .fixedPoint, .gmres(), .bicgstab, .direct]
    if declares { solvers += [.conjugateGradient, .minres] }
    for solver in solvers {
      #expect(try AID<UpperBoundMap>(solver).vjp(problem, cotangent: [1]).get() == [1], "\(solver)")
      #expect(try AID<UpperBoundMap>(solver).jacobian(problem).get() == Matrix([[1]]), "\(solver)")
    }
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<UpperBoundMap>] {
      #expect(try strategy.vjp(problem, cotangent: [1]).get() == [1], "\(strategy.name)")
    }
  }

  /// Coordinates 3 and 5 of the example rest at zero, so that Φ is constant there and no entry of y there matters.
  @Test(arguments: [AID<Map>.Solver.automatic, .fixedPoint, .gmres(), .gmres(restart: 2), .bicgstab, .direct])
  func entriesThatNothingDependsOnDoNotEndTheSolve(_ solver: AID<Map>.Solver) throws {
    let map = Map.example()
    let w = try FixedPointSolver<Double>().solve(map, parameters: [1, 2]).get()
    let problem = FixedPointProblem(map, parameters: [1, 2], state: w)
    var y: Vector<Double> = [1, -2, 3, 0.5, -1]
    let g = try AID<Map>(solver).vjp(problem, cotangent: y).get()
    for j in 0..<5 where w[j] == 0 { y[j] = 1e20 }
    let same = try AID<Map>(solver).vjp(problem, cotangent: y).get()
    // The default tolerance on either side, over a condition number below 10.
    #expect(same.distance(to: g) <= 20 * AID<Map>.defaultTolerance * g.norm)
    let iterated = try ReverseITD<Map>().vjp(problem, cotangent: y).get()
    #expect(iterated.distance(to: g) <= 20 * AID<Map>.defaultTolerance * g.norm)
  }

  @Test func whatWasNotMeasuredIsNotZero() throws {
    let problem = FixedPointProblem(Map.example(), parameters: [1, 2], state: [1, 1, 1, 1, 1])
    let strategy = AID<Map>(.fixedPoint, stopping: .iterations(5))
    #expect(try strategy.jacobian(problem).report.residual == nil)
    #expect(try strategy.vjp(problem, cotangent: [1, 1, 1, 1, 1]).report.residual == nil)
    #expect(try ForwardITD<Map>(stopping: .iterations(5)).jacobian(problem).report.residual == nil)
    #expect(try #require(AID<Map>(.gmres()).jacobian(problem).report.residual) >= 0)
  }

  @Test func whatIsVouchedForHoldsForThatStateOnly() {
    var problem = FixedPointProblem(Map.example(), parameters: [1, 2], state: [1, 1, 1, 1, 1], stateIsSolution: true)
    problem.state = [1, 2, 3, 4, 5]
    #expect(!problem.stateIsSolution)
    problem.stateIsSolution = true
    problem.parameters = [1, 3]
    #expect(!problem.stateIsSolution)
    problem.stateIsSolution = true
    problem.map = Map.example()
    #expect(!problem.stateIsSolution)
  }

  @Test(arguments: [1e8, 1e12, -1e12])
  func aStartFarOffDoesNotLoosenTheSolve(_ size: Double) throws {
    let map = Map.example()
    let near = try FixedPointSolver<Double>().solve(map, parameters: [1, 2]).get()
    for acceleration in [FixedPointSolver<Double>.Acceleration.none, .anderson(memory: 3)] {
      let far = FixedPointSolver<Double>(acceleration: acceleration).solve(
        map, parameters: [1, 2], from: Vector(repeating: size, count: 5))
      #expect(far.outcome == .converged)
      // Both within the tolerance of 64 ulps, over 1 − q ≥ 1/4.
      #expect(far.estimate.distance(to: near) <= 2 * 64 * 4 * .ulpOfOne * near.norm)
    }
  }

  /// w ← w/2 never comes relatively near to 0, which is where it goes.
  @Test func zeroIsAFixedPointToo() throws {
    let solution = FixedPointSolver<Double>().solve(ScalarAffineMap(0.5), parameters: [0], from: [3])
    #expect(try solution.get() == [0])
    #expect(solution.residual == 0)
    let J = try ForwardITD<ScalarAffineMap<Double>>().jacobian(
      FixedPointProblem(ScalarAffineMap(0.5), parameters: [0], state: [3])
    ).get()
    // dw/dλ = 1/(1 − ½).
    #expect(abs(J[0, 0] - 2) <= 4 * AID<Map>.defaultTolerance)
  }

  @Test(arguments: [Double.nan, .infinity])
  func parametersThatAreNoNumbersAreNotDifferentiated(_ value: Double) throws {
    let map = Map.example()
    #expect(FixedPointSolver<Double>().solve(map, parameters: [1, value]).outcome == .notFinite(iteration: 0))
    let y: Vector<Double> = [1, 1, 1, 1, 1]
    let cases: [(λ: Vector<Double>, w: Vector<Double>)] = [([1, value], y), ([1, 2], [1, value, 1, 1, 1])]
    for (λ, w) in cases {
      let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
      for solver in [.automatic, .fixedPoint, .gmres()] as [AID<Map>.Solver] {
        #expect(try AID<Map>(solver).vjp(problem, cotangent: y).report.outcome == .notFinite())
        #expect(try AID<Map>(solver).jacobian(problem).report.outcome == .notFinite())
      }
      #expect(try ReverseITD<Map>().vjp(problem, cotangent: y).report.outcome == .notFinite())
      #expect(try ForwardITD<Map>().jacobian(problem).report.outcome == .notFinite())
    }
  }

  /// A workspace holds the data of the map it was made for.
  @Test func aWorkspaceFollowsTheProblem() throws {
    let map = Map.example()
    let other = Map(M: Matrix(rows: 5, columns: 5) { map.M[$0, $1] / 2 }, N: map.N, b: map.b)
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    let strategy = AID<Map>(.direct)
    let workspace = strategy.makeWorkspace(for: map)
    var g = Vector<Double>.zeros(2)
    for wanted in [map, other, map] {
      let w = try FixedPointSolver<Double>().solve(wanted, parameters: [1, 2]).get()
      let problem = FixedPointProblem(wanted, parameters: [1, 2], state: w)
      _ = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: y) }
      #expect(g == (try strategy.vjp(problem, cotangent: y).get()))
    }
  }
}
