/// The linear system of the implicit function theorem at one point in extended precision, on the support S of the piece there:
/// K x = B μ for tangents, Kᵀ v = c_S and g = Bᵀ v for adjoints. A1 = I − σ K and A2 = σ B on S, zero elsewhere.
struct Linearized {
  typealias Number = DoubleDouble
  /// S, ascending.
  var support: [Int]
  var system: DenseSystem
  /// B, |S| rows of m.
  var sources: [[Number]]
  /// σ: the step, 1 for a general map.
  var step: Double
  /// ‖K‖ with the terms that make up its entries taken absolutely: what its rounding is measured by.
  var systemScale: Double
  /// The relative error of the curvatures in K where they are computed from scores (logistic loss), in ulps.
  var curvatureUlps: Double
  /// The least distance of an entry from its kink and the rounding error there, both in units of the map's argument.
  var kinkMargin: Double
  var kinkRounding: Double

  /// K's rows over all p entries, where A1 has columns off the support.
  var fullRows: [[Number]]?

  var isAmbiguous: Bool { !(kinkMargin > kinkRounding) }
  var parameterCount: Int { parameters }
  let parameters: Int

  /// ‖B_k‖.
  func sourceNorm(_ k: Int) -> Double { sources.map { $0[k] }.norm }

  /// ‖I − σ K‖₂ by power iteration, a hair above.
  func contraction() -> Double {
    let s = support.count
    let A = (0..<s).map { i in (0..<s).map { (i == $0 ? 1 : 0) - step * system.matrix[i][$0].value } }
    var x = (0..<s).map { 1 + 0.1 * Double($0 % 3) }
    var norm = 0.0
    for _ in 0..<100 {
      let y = A.map { zip($0, x).map(*).reduce(0, +) }
      let z = (0..<s).map { j in (0..<s).map { A[$0][j] * y[$0] }.reduce(0, +) }
      let size = z.map { $0 * $0 }.reduce(0, +).squareRoot()
      guard size > 0, size.isFinite else { break }
      norm = size.squareRoot()
      x = z.map { $0 / size }
    }
    return norm * 1.01
  }
}

extension PenalizedTruth {
  /// The system on a given support with given signs.
  func linearized(
    at w: [Number], support: [Int], signs: [Number], step: Double, kinkMargin: Double = .infinity,
    kinkRounding: Double = 0
  ) -> Linearized {
    let H = hessian(w)
    let m = data.groupCount + 1
    let K = support.map { i in support.map { H[i][$0] } }
    let B = support.map { j in
      (0..<m).map { k in k == m - 1 ? -w[j] : k == data.group(j) ? -signs[j] : Number.zero }
    }
    var trace = 0.0
    for j in support { trace += H[j][j].value.magnitude }
    return Linearized(
      support: support, system: DenseSystem(K), sources: B, step: step,
      systemScale: trace + data.ridge.magnitude,
      curvatureUlps: data.isLogistic ? 8 * (1 + Double(data.p) * largestScore(w)) : 0, kinkMargin: kinkMargin,
      kinkRounding: kinkRounding, fullRows: H, parameters: m)
  }

  /// At a solution, or a state vouched for as one: the pieces are read off its zeros.
  func linearized(atSolution w: [Number], step: Double) -> Linearized {
    let g = lossGradient(w)
    var margin = Double.infinity
    for j in w.indices {
      // Without a strength there is no kink, but the sign in A2's column jumps at zero.
      margin = min(
        margin, w[j] == .zero ? step * (data.strength(j) - g[j].magnitude.value) : w[j].magnitude.value)
    }
    let support = w.indices.filter { w[$0] != .zero || data.strength($0) == 0 }
    return linearized(
      at: w, support: support, signs: w.map(\.sign), step: step, kinkMargin: margin, kinkRounding: 0)
  }

  /// At any state: the pieces are those of soft thresholding at u = w − s (∇f(w) + λ_G w).
  func linearized(at w: [Number], step: Double, ulp: Double) -> Linearized {
    let g = lossGradient(w)
    let terms = gradientTerms(w)
    let s = Number(step)
    let u = w.indices.map { w[$0] - s * (g[$0] + Number(data.ridge) * w[$0]) }
    var margin = Double.infinity
    var rounding = 0.0
    let c = 4 * ulp * Double(data.n + data.p + 4)
    var support: [Int] = []
    for j in w.indices {
      let t = step * data.strength(j)
      let error = c * (w[j].magnitude.value + step * terms[j] + t.magnitude)
      let distance = u[j].magnitude.value - t
      // The entry that is nearest to its kink, measured by its own rounding.
      if rounding == 0 || distance.magnitude / error < margin / rounding {
        margin = distance.magnitude
        rounding = error
      }
      if distance > 0 || t == 0 { support.append(j) }
    }
    return linearized(
      at: w, support: support, signs: u.map(\.sign), step: step, kinkMargin: margin, kinkRounding: rounding)
  }

  /// Φ(w).
  func image(_ w: [Number], step: Double) -> [Number] {
    let g = lossGradient(w)
    let s = Number(step)
    return w.indices.map { j in
      let u = w[j] - s * (g[j] + Number(data.ridge) * w[j])
      let t = s * Number(data.strength(j))
      return u.magnitude > t ? u - t * u.sign : .zero
    }
  }
}
