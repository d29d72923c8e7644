import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing

/// Moreau's identity, prox_{s g}(u) + s prox_{g*/s}(u/s) = u, between penalties and conjugates that are written down independently of one another,
/// and the Moreau envelope.
@Suite struct MoreauTests {
  static let p = 9

  @Test func normsAndBalls() {
    check(L1Norm<Double>(), LInfinityBall<Double>(), [0.75], "1-norm")
    check(L2Norm<Double>(), L2Ball<Double>(), [1.5], "2-norm")
    check(LInfinityNorm<Double>(), L1Ball<Double>(), [1.25], "∞-norm")
    check(OrderedSum<Double>.largest(1, of: Self.p), Simplex<Double>(), [0.5], "maximum")
    let capped = BoxHyperplane<Double>(
      normal: Vector(repeating: 1, count: Self.p), lower: .zeros(Self.p), upper: Vector(repeating: 1, count: Self.p))
    check(OrderedSum<Double>.largest(3, of: Self.p), FixedParameters(capped, [3]), [], strength: [1], "3 largest")
    // The polar of the second-order cone is its negative, which is the cone under w → −w.
    check(SecondOrderCone<Double>(), Scaled(SecondOrderCone<Double>(), by: 1, argument: -1), [], "second-order cone")
    check(Box<Double>.nonNegative, Scaled(Box<Double>.nonNegative, by: 1, argument: -1), [], "orthant")
  }

  private func check<G: ProximalMap<Double>, C: ProximalMap<Double>>(
    _ g: G, _ conjugate: C, _ λ: Vector<Double>, strength: Vector<Double>? = nil, _ name: String
  ) {
    var numbers = Numbers(17)
    let derived = Conjugate(g) { _, _ in 0 }
    for trial in 0..<30 {
      let u: Vector<Double> = trial % 3 == 0 ? numbers.ties(Self.p, scale: 4) : numbers.vector(Self.p, scale: 2)
      for s in [0.5, 2.0] {
        let μ = strength ?? λ
        let x = g.prox(u, s, μ)
        let y = conjugate.prox((1 / s) * u, 1 / s, λ)
        // Sums of p terms of the size of u.
        #expect((x + s * y - u).maxNorm <= 16 * Double(Self.p) * .ulpOfOne * max(1, u.maxNorm), "\(name)")
        #expect((derived.prox(u, s, μ) - conjugate.prox(u, s, λ)).maxNorm <= 64 * .ulpOfOne * max(1, u.norm), "\(name)")
        let (L, M) = (g.makeLinearization(count: Self.p), conjugate.makeLinearization(count: Self.p))
        g.linearize(at: u, step: s, parameters: μ, kink: .zero, into: L)
        conjugate.linearize(at: (1 / s) * u, step: 1 / s, parameters: λ, kink: .one, into: M)
        guard let distance = L.kinkDistance, distance > 1e-12 else { continue }
        let (a, b) = (
          DenseDerivative(L, parameters: g.parameterCount), DenseDerivative(M, parameters: conjugate.parameterCount)
        )
        #expect(sum(a.D, b.D, 1).difference(from: .identity(Self.p)) <= 64 * .ulpOfOne, "derivatives, \(name)")
        if a.B.columns == b.B.columns {
          #expect(sum(a.B, b.B, s).frobeniusNorm <= 64 * .ulpOfOne, "parameters, \(name)")
        }
      }
    }
  }

  /// Huber's function, and differences of value and gradient.
  @Test func envelope() {
    let (p, s, λ) = (Self.p, 0.5, Vector<Double>([0.75]))
    let f = MoreauEnvelope(L1Norm<Double>(), count: p, smoothing: s)
    var numbers = Numbers(23)
    let w: Vector<Double> = numbers.vector(p, scale: 2)
    let huber = w.reduce(0.0) { sum, x in
      sum + (abs(x) <= s * λ[0] ? x * x / (2 * s) : λ[0] * abs(x) - s * λ[0] * λ[0] / 2)
    }
    #expect(abs(f.value(at: w, parameters: λ) - huber) <= 1e-14 * huber)
    checkDifferences(f, λ, w)
    checkDifferences(MoreauEnvelope(GroupLasso<Double>(Groups(sizes: [4, 5])), count: p, smoothing: 2), [0.25], w)
    checkDifferences(MoreauEnvelope(Simplex<Double>(), count: p, smoothing: 0.25), [1], w)
  }

  private func checkDifferences<G: ProximalMap<Double>>(
    _ f: MoreauEnvelope<G>, _ λ: Vector<Double>, _ w: Vector<Double>
  ) {
    let (p, h) = (w.count, 1e-5)
    let H = f.makeHessian()
    var g = Vector<Double>.zeros(p)
    f.linearize(at: w, parameters: λ, into: H, gradient: &g)
    func gradient(_ w: Vector<Double>, _ λ: Vector<Double>) -> Vector<Double> {
      var g = Vector<Double>.zeros(p)
      f.gradient(at: w, parameters: λ, into: &g)
      return g
    }
    // Truncation of h² times third derivatives of order 1, rounding of 1e-16/h.
    for j in 0..<p {
      let e: Vector<Double> = h * unit(j, p)
      let slope = (f.value(at: w + e, parameters: λ) - f.value(at: w - e, parameters: λ)) / (2 * h)
      if slope.isFinite { #expect(abs(slope - g[j]) <= 1e-9) }
      var column = Vector<Double>.zeros(p)
      H.apply(unit(j, p), into: &column)
      let difference = (1 / (2 * h)) * (gradient(w + e, λ) - gradient(w - e, λ))
      #expect((difference - column).maxNorm <= 1e-8)
    }
    let difference = (1 / (2 * h)) * (gradient(w, λ + [h]) - gradient(w, λ - [h]))
    var column = Vector<Double>.zeros(p)
    f.addMixedDerivative([1], at: w, parameters: λ, hessian: H, scale: 1, to: &column)
    #expect((difference - column).maxNorm <= 1e-8)
    var r: Vector<Double> = [0]
    f.addMixedDerivativeAdjoint(w, at: w, parameters: λ, hessian: H, scale: 2, to: &r)
    #expect(abs(r[0] - 2 * column.dot(w)) <= 1e-13)
  }

  /// A + c B.
  private func sum(_ A: Matrix<Double>, _ B: Matrix<Double>, _ c: Double) -> Matrix<Double> {
    Matrix(rows: A.rows, columns: A.columns) { A[$0, $1] + c * B[$0, $1] }
  }
}
