import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// Total-variation denoising, w(λ) = argmin ½‖w − y‖² + λ Σ|wᵢ₊₁ − wᵢ|, its weight λ learnt from a clean signal by the sign of the hypergradient.
func denoising() throws -> [Comparison] {
  var random = RandomStream(seed: 4)
  let p = 60
  let clean = Vector<Double>(count: p) { [0, 2, 1, -1][$0 * 4 / p] }
  let y = clean + 0.4 * random.vector(p)

  let f = try TracedFunction<Double>(state: p) { w, _ in norm2(w - y) / 2 }
  let E = try TracedObjective<Double>(state: p, parameters: 1) { w, _ in norm2(w - clean) / 2 }
  let map = ProximalGradientMap(f, TotalVariation())

  let first = map.solve(at: [0.3])
  let derivative = try AID().boundedHypergradient(of: E, first.problem)
  let (m, d) = runs(try first.get(), y, 0.3)
  let exact = -dot(d, m - 0.3 * d - clean)

  var (low, high) = (0.0, 3.0)
  while high - low > 1e-10 {
    let λ = (low + high) / 2
    let slope = try AID().hypergradient(of: E, map.solve(at: [λ]).problem).get()
    if slope[0] > 0 { high = λ } else { low = λ }
  }
  // While the runs stay what they are, E = ½‖m − λd − clean‖² has its minimum where λ = dᵀ(m − clean)/dᵀd.
  let (mean, fall) = runs(try map.solve(at: [low]).get(), y, low)
  let best = dot(fall, mean - clean) / norm2(fall)
  // Sums of p terms of the size of their largest.
  let rounding = 4 * Double(p) * Double.ulpOfOne
  return try [
    Comparison("∂E/∂λ", derivative, is: [exact], within: rounding * d.norm * (m.norm + clean.norm)),
    Comparison("λ learnt", "bisection", [(low + high) / 2], is: [best], within: 1e-10),
  ]
}

/// On a run of equal entries w is the mean m of y there less λ d, d the jumps' signs over the length: up at the start counts 1, up at the end −1.
private func runs(_ w: Vector<Double>, _ y: Vector<Double>, _ λ: Double) -> (m: Vector<Double>, d: Vector<Double>) {
  var (m, d) = (Vector<Double>.zeros(w.count), Vector<Double>.zeros(w.count))
  var start = 0
  for end in 1...w.count where end == w.count || w[end] != w[start] {
    let length = Double(end - start)
    let before = start == 0 ? 0.0 : w[start] > w[start - 1] ? 1 : -1
    let after = end == w.count ? 0.0 : w[end] > w[end - 1] ? 1 : -1
    let mean = sum(y[segment: start..<end]) / length
    for i in start..<end { (m[i], d[i]) = (mean, (before - after) / length) }
    start = end
  }
  return (m, d)
}
