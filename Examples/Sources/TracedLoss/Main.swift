// A loss of one's own as a closure, with a penalty from the shelf: a smoothed quantile regression with the group lasso, by AID, ITD and NSID.
import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Tracing

@main
struct Main {
  static func main() throws {
    let (n, p) = (200, 12)
    // Deterministic data: fractional parts of multiples of the golden ratio.
    func draw(_ k: Int) -> Double {
      let x = Double(k + 1) * 0.618_033_988_749_894_9
      return 2 * (x - x.rounded(.down)) - 1
    }
    let X = Matrix<Double>(rows: n, columns: p) { draw($0 * p + $1) }
    let y = Vector<Double>(count: n) { X[$0, 0] - X[$0, 1] + 0.3 * draw(7 * $0 + 3) }

    // The loss: ρ(r) = τ r + h log(1 + exp(−r/h)) smooths the quantile loss at level τ. λ₀ is its ridge.
    let (τ, h) = (0.7, 0.2)
    let loss = try TracedFiniteSum<Double>(samples: n, state: p, parameters: 1) { w, λ, ξ in
      let r = ξ.rows(of: y) - ξ.rows(of: X) * w
      return mean(τ * r + h * log(1 + exp(-r / h))) + λ[0] * norm2(w) / 2
    }
    let map = ProximalGradientMap(loss, GroupLasso<Double>(Groups(count: p, size: 3)))
    let λ: Vector<Double> = [0.02, 0.1]  // the group lasso's strength, then the ridge
    print(loss)

    // The outer objective: ½ ‖w − w₀‖².
    let target = Vector<Double>(count: p) { $0 == 0 ? 1 : $0 == 1 ? -1 : 0 }
    let objective = ClosureObjective<Double>(
      value: { w, _ in norm2(w - target) / 2 }, gradients: { w, λ in (w - target, 0 * λ) })

    let solution = map.solve(at: λ)
    let w = try solution.get()
    typealias Map = ProximalGradientMap<TracedFiniteSum<Double>, GroupLasso<Double>>
    let aid = try AID<Map>().hypergradient(of: objective, solution.problem)
    let itd = try ReverseITD<Map>(.checkpoints).hypergradient(of: objective, solution.problem)
    let q = map.contractionBound(parameters: λ)!
    let nsid = try NSID<Map>(
      iterations: 4000, innerBatches: 10, batchSize: 20, steps: .decreasing(β: 2 / (1 - q * q), γ: 4 / (1 - q * q)),
      innerPass: .full
    ).hypergradient(of: objective, solution.problem)
    let exact = try aid.get()
    print("w = \(w)")
    print("AID (\(aid.report.method)): \(exact)")
    print("ITD: \(itd.estimate)")
    print("NSID: \(nsid.estimate)")
    let (deterministic, stochastic) = (try itd.get(), try nsid.get())
    precondition(deterministic.distance(to: exact) <= 1e-8 * exact.norm, "ITD differs")
    precondition(stochastic.distance(to: exact) <= 0.2 * exact.norm, "NSID differs")

    // Central differences of the solved problem.
    for j in 0..<2 {
      let step = 1e-5 * λ[j]
      func value(_ t: Double) throws -> Double {
        var moved = λ
        moved[j] += t
        return objective.value(at: try map.solve(at: moved, from: w).get(), parameters: moved)
      }
      let difference = try (value(step) - value(-step)) / (2 * step)
      precondition(abs(difference - exact[j]) <= 1e-4 * abs(exact[j]), "entry \(j): \(difference)")
    }
    print(validate(ProximalGradientMap(loss, map.penalty, step: .fixed(0.3)), at: w + 0.01, parameters: λ))
  }
}
