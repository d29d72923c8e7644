import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Sharding

/// Stochastic differentiation: every rank draws the same samples and adds its own rows' part.
enum Stochastic {
  typealias Map = ElasticNetMap<Double>

  static func check(_ world: borrowing World, split: String) throws {
    let (X, y) = (
      Hypergradients.data.features[rows: Hypergradients.train],
      Hypergradients.data.targets[segment: Hypergradients.train]
    )
    let (λ, p) = (Hypergradients.λ, X.columns)
    let cotangent = Vector<Double>(count: p) { Double($0 % 3) - 0.5 }
    let whole = Map(features: DenseDesign(X), targets: y)
    let w = try whole.solve(at: λ).get()
    for order in [SummationOrder.any, .fixed(blocks: 8)] {
      let map = Map(features: try Split.shard(X, world, split, order), targets: y)
      func both<S: AdjointStrategy<Map>>(_ strategy: S, _ name: String) throws {
        func gradient(_ map: Map) throws -> Vector<Double> {
          try strategy.vjp(
            FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true), cotangent: cotangent
          ).estimate
        }
        let g = try gradient(map)
        // 300 steps of a contraction, each of which rounds sums of batches of 16: far below 1e-12 together.
        try requireClose(g, try gradient(whole), 1e-12, "\(name), \(order)")
        report(world, "\(name)-\(order == .any ? "any" : "fixed")", g)
      }
      try both(
        NSID<Map>(iterations: 300, innerBatches: 20, batchSize: 16, steps: .constant(0.05), seed: 3, forced: true),
        "nsid")
      try both(VarianceReducedNSID<Map>(epochs: 5, epochLength: 20, batchSize: 8, step: 0.3, seed: 4), "nsid-vr")
    }
  }
}
