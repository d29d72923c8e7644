import LinAlg
import NonsmoothMaps
import Testing

/// Maps whose way of computing depends on the count, against plain ones: orders by digits, breakpoints, pieces by blocks; and numbers near the ends of the range.
@Suite struct LargeVectorTests {
  @Test func ordersDouble() { orders(Double.self) }
  @Test func ordersFloat() { orders(Float.self) }

  /// 2000 numbers of both signs and many sizes, with ties and both zeros.
  private func numbers<T: Scalar>(_ type: T.Type, _ n: Int = 2000) -> Vector<T> {
    var source = Numbers(11)
    return Vector(count: n) { j in
      let x: T = source.unit()
      switch j % 7 {
      case 0: return T(Int(4 * x))
      case 1: return x * 1e-20
      case 2: return x * 1e20
      case 3: return j % 2 == 0 ? 0 : -0.0
      default: return x
      }
    }
  }

  private func orders<T: Scalar>(_ type: T.Type) {
    let u = numbers(T.self)
    for k in [1, 3, 500, 1999] {
      // The k largest in size, ties by their order.
      let sorted = (0..<u.count).sorted { (u[$0].magnitude, $1) > (u[$1].magnitude, $0) }
      var expected = Vector<T>.zeros(u.count)
      for j in sorted.prefix(k) { expected[j] = u[j] }
      #expect(SparseVectors<T>(most: k).prox(u, 1, []) == expected)
      // A sum of the largest by their values.
      let falling = u.sorted(by: >)
      #expect(OrderedSum<T>.largest(k, of: u.count).value(at: u, parameters: [1]) == falling.prefix(k).reduce(0, +))
    }
  }

  /// Against bisection on τ, with bounds that are absent for some.
  @Test func boxAndHyperplane() {
    let n = 3000
    var source = Numbers(5)
    for trial in 0..<6 {
      let u: Vector<Double> = trial % 2 == 0 ? source.vector(n, scale: 3) : source.ties(n, scale: 3)
      let a: Vector<Double> = Vector(count: n) { _ in
        let x: Double = source.unit()
        return x < 0 ? x - 0.25 : x + 0.25
      }
      let lower = Vector<Double>(count: n) { $0 % 5 == 0 ? -.infinity : -0.5 }
      let upper = Vector<Double>(count: n) { $0 % 11 == 0 ? .infinity : 0.75 }
      func point(_ τ: Double) -> Vector<Double> {
        Vector(count: n) { min(max(u[$0] - τ * a[$0], lower[$0]), upper[$0]) }
      }
      let c = 10.0
      var (low, high) = (-100.0, 100.0)
      for _ in 0..<200 {
        let τ = (low + high) / 2
        if a.dot(point(τ)) > c { low = τ } else { high = τ }
      }
      let x = BoxHyperplane(normal: a, lower: lower, upper: upper).prox(u, 1, [c])
      // τ is known to a few roundings of sums of 3000 terms over Σ a² of the free, some hundreds.
      #expect((x - point((low + high) / 2)).maxNorm <= 1e-12)
    }
  }

  /// Any number of pieces in blocks, against a loop.
  @Test func piecesByBlocks() {
    var source = Numbers(2)
    for n in [1, 255, 256, 257, 1000] {
      let u: Vector<Double> = source.vector(n, scale: 4)
      func check<G: PiecewiseLinearMap>(_ g: G, _ λ: Vector<Double>) where G.Element == Double {
        let x = g.prox(u, 0.5, λ)
        g.withPieces(step: 0.5, parameters: λ) { pieces in
          for j in 0..<n {
            var i = 0
            while u[j] > pieces.ends[i] { i += 1 }
            // Vectors may round a product and a sum once.
            #expect((x[j] - pieces(i, u[j])).magnitude <= 8 * .ulpOfOne)
          }
        }
      }
      check(L1Like(), [0.5])
      check(InsensitivePenalty<Double>(), [1, 0.5])
      check(SCAD<Double>(), [0.5, 3])
    }
  }

  private struct L1Like: PiecewiseLinearMap {
    typealias Element = Double
    var parameterCount: Int { 1 }
    func term(_ w: Double, parameters λ: Vector<Double>) -> Double { λ[0] * max(w, 0) }
    func pieces(step s: Double, parameters λ: Vector<Double>, into pieces: inout LinearPieces<Double>) {
      pieces.add(end: 0, slope: 1, anchor: 0, value: 0, shift: 0)
      pieces.add(end: s * λ[0], slope: 0, anchor: 0, value: 0, shift: 0)
      pieces.add(end: .infinity, slope: 1, anchor: s * λ[0], value: 0, shift: -s)
    }
  }

  /// Finite numbers of any size give finite numbers, and derivatives without a NaN.
  @Test(arguments: [1e-300, 1e-150, 1e150]) func extremes(scale: Double) {
    for subject in Subjects.all(Double.self) {
      // Their own parameters stay, or are as small or large as the argument.
      for λ in [subject.parameters, Subjects.scales(subject.name) ? scale * subject.parameters : subject.parameters] {
        check(subject.penalty, λ, scale, subject.count, subject.name)
      }
    }
  }

  private func check<G: ProximalMap<Double>>(
    _ g: G, _ λ: Vector<Double>, _ scale: Double, _ p: Int, _ name: String
  ) {
    var source = Numbers(8)
    let u: Vector<Double> = source.vector(p, scale: scale)
    #expect(g.violation(parameters: λ) == nil, "\(name)")
    #expect(g.prox(u, 0.5, λ).firstNonFinite == nil, "\(name) at \(scale): \(g.prox(u, 0.5, λ))")
    let L = g.makeLinearization(count: p)
    for kink in KinkRule.allCases {
      g.linearize(at: u, step: 0.5, parameters: λ, kink: kink, into: L)
      let dense = DenseDerivative(L, parameters: g.parameterCount)
      for j in 0..<p { #expect(dense.D.column(j).firstNonFinite == nil, "D of \(name) at \(scale)") }
      for i in 0..<g.parameterCount { #expect(dense.B.column(i).firstNonFinite == nil, "B of \(name) at \(scale)") }
    }
  }
}
