import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Sharding

/// Hypergradients by every way of solving the adjoint equation, on shards and on all rows.
enum Hypergradients {
  /// 16 of 24 columns carry a signal well above the noise: the support has a margin, so that rounding does not change it.
  static let data = SyntheticRegression<Double>(rows: 331, columns: 24, informative: 16, noise: 0.3, seed: 5)
  static let train = 0..<211
  static let heldOut = 211..<331
  static let λ: Vector<Double> = [0.05, 0.02]

  static func check(_ world: borrowing World, split: String) throws {
    let X = data.features
    let labels = Vector<Double>(count: X.rows) { data.targets[$0] < 0 ? -1 : 1 }
    for order in [SummationOrder.any, .fixed(blocks: 8)] {
      let fit = try Split.shard(X[rows: train], world, split, order)
      let judge = try Split.shard(X[rows: heldOut], world, split, order)
      let whole: (any DesignMatrix<Double>, any DesignMatrix<Double>) = (
        DenseDesign(X[rows: train]), DenseDesign(X[rows: heldOut])
      )
      let name = order == .any ? "any" : "fixed"
      try check(world, QuadraticLoss<Double>.self, (fit, judge), whole, data.targets, "quadratic-\(name)")
      try check(world, LogisticLoss<Double>.self, (fit, judge), whole, labels, "logistic-\(name)")
    }
  }

  typealias Designs = (fit: any DesignMatrix<Double>, judge: any DesignMatrix<Double>)

  private static func check<Loss: SmoothLoss<Double>>(
    _ world: borrowing World, _: Loss.Type, _ sharded: Designs, _ whole: Designs, _ y: Vector<Double>, _ name: String
  ) throws {
    let found = try solved(Loss.self, sharded, y)
    let expected = try solved(Loss.self, whole, y)
    try require(
      IndexSubset(nonzerosOf: found.problem.state) == IndexSubset(nonzerosOf: expected.problem.state),
      "\(name): support")
    // Sums of n = 211 products in another order differ by at most n ulps, 5e-14, of the sums of magnitudes; the condition of the Hessian on the
    // support is below 20.
    try requireClose(found.problem.state, expected.problem.state, 1e-12, "\(name): w")
    report(world, "\(name)-w", found.problem.state)
    typealias Strategy = AID<PenalizedMap<Loss>>
    let stopping = Stopping<Double>.tolerance(1e-14, limit: 10_000)
    for (solver, label) in [
      (Strategy.Solver.conjugateGradient, "cg"), (.gmres(), "gmres"), (.direct, "direct"), (.automatic, "auto"),
    ] {
      let strategy = Strategy(solver, stopping: stopping)
      let g = try strategy.hypergradient(of: found.objective, found.problem).estimate
      let exact = try strategy.hypergradient(of: expected.objective, expected.problem).estimate
      try requireClose(g, exact, 1e-12, "\(name), \(label)")
      report(world, "\(name)-\(label)", g)
    }
    let automatic = Strategy(.automatic)
    func certificate(_ s: (problem: FixedPointProblem<PenalizedMap<Loss>>, objective: HeldOutLoss<Loss>)) throws
      -> Certificate<Double>
    { try automatic.certify(s.problem, objective: s.objective, workspace: automatic.makeWorkspace(for: s.problem.map)) }
    let (bound, wholeBound) = (try certificate(found), try certificate(expected))
    try require(bound.absence == nil, "\(name): no bound on the error, \(bound.absence as Any)")
    try require(wholeBound.absence == nil, "\(name): no bound on the error of the reference")
  }

  private static func solved<Loss: SmoothLoss<Double>>(_: Loss.Type, _ designs: Designs, _ y: Vector<Double>) throws
    -> (problem: FixedPointProblem<PenalizedMap<Loss>>, objective: HeldOutLoss<Loss>)
  {
    let map = PenalizedMap(loss: Loss(features: designs.fit, targets: y[segment: train]))
    let w = try map.solve(at: λ).get()
    return (
      FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true),
      HeldOutLoss<Loss>(features: designs.judge, targets: y[segment: heldOut])
    )
  }
}
