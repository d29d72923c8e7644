import ImplicitDiff
import LinAlg
import TestSupport
import Testing

/// The iterations of every strategy make no allocation: the count is the same for any number of them.
@Suite(.enabled(if: Allocations.areCounted)) struct AllocationTests {
  typealias Map = RectifiedMap<Double>
  let map = Map.example()
  let λ: Vector<Double> = [1, 2]

  private func allocations<S: AdjointStrategy<Map>>(_ strategy: S) throws -> Int {
    let workspace = strategy.makeWorkspace(for: map)
    var g = Vector<Double>.zeros(2)
    let problem = FixedPointProblem(map, parameters: λ, state: [1, 1, 1, 1, 1])
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    // The runtime's own caches fill during the first calls; the least of the later ones is the strategy's count.
    return try (0..<3).map { _ in
      try Allocations.count {
        try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: y) }
      }.allocations
    }.min()!
  }

  @Test func aidFixedPoint() throws {
    let few = try allocations(AID<Map>(.fixedPoint, stopping: .iterations(5)))
    #expect(try allocations(AID<Map>(.fixedPoint, stopping: .iterations(500))) == few)
  }

  @Test(arguments: [AID<Map>.Solver.gmres(restart: 2), .bicgstab])
  func aidKrylov(_ solver: AID<Map>.Solver) throws {
    let few = try allocations(AID<Map>(solver, stopping: .iterations(2)))
    #expect(try allocations(AID<Map>(solver, stopping: .iterations(4))) == few)
  }

  @Test func itdForward() throws {
    let few = try allocations(ForwardITD<Map>(stopping: .iterations(5)))
    #expect(try allocations(ForwardITD<Map>(stopping: .iterations(500))) == few)
  }

  @Test func itdReverseKeepsOnlyCheckpoints() throws {
    // √t checkpoints and a segment of √t iterates, each one vector, besides what does not grow.
    let small = try allocations(ReverseITD<Map>(.checkpoints, stopping: .iterations(100)))
    let large = try allocations(ReverseITD<Map>(.checkpoints, stopping: .iterations(10_000)))
    // A vector is two allocations (object and memory), and the arrays that hold them grow by doubling.
    #expect(large - small <= 2 * 2 * (100 - 10) + 16)
  }
}
