import LinAlg
import NonsmoothMaps
import Testing

/// At a kink every rule takes an element of the Clarke Jacobian: `zero` and `one` a limit of derivatives at points nearby, `midpoint` one of these or their mean.
@Suite struct KinkTests {
  @Test func limits() {
    check(L1Norm<Double>(), [1], [0.5, -0.5, 2, 0], "1-norm")
    check(ElasticNet<Double>(), [1, 1], [0.5, -0.5, 2, 0], "elastic net")
    check(InsensitivePenalty<Double>(), [1, 0.5], [0.5, -1, 2, 0], "insensitive")
    check(LInfinityBall<Double>(), [0.5], [0.5, -0.5, 2, 0], "∞-ball")
    check(Box<Double>.nonNegative, [], [0, 1, -1, 0], "orthant")
    check(GroupLasso<Double>(Groups(sizes: [2, 2], weights: [1, 1])), [1], [0.3, -0.4, 3, 4], "group lasso")
    check(L2Norm<Double>(), [1], [0.3, 0, -0.4, 0], "2-norm")
    check(L2Ball<Double>(), [0.5], [0.3, 0, -0.4, 0], "2-ball")
    check(L1Ball<Double>(), [1], [0.5, -0.5, 0, 0], "1-ball, on its boundary")
    check(L1Ball<Double>(), [1], [2, 1, -1, 0], "1-ball, at the threshold")
    check(LInfinityNorm<Double>(), [2], [2, 1, -1, 0], "∞-norm")
    check(Simplex<Double>(), [1], [1, 0, 0, -1], "simplex")
    check(SortedL1<Double>(weights: [1, 0.5, 0.25, 0]), [1], [2, 1.75, 0.125, -0.125], "sorted 1-norm")
    check(OrderedSum<Double>(weights: [1, 0.5, 0, 0]), [1], [2, 1.75, 0.25, 0], "ordered sum")
    check(TotalVariation<Double>(), [1], [0, 1, 3, 3.5], "total variation")
    check(FusedLasso<Double>(), [1, 0.5], [0.75, 0.75, 3, 4], "fused lasso")
    check(Isotonic<Double>(), [], [1, 1, 0.5, 3], "isotonic")
    check(NearlyIsotonic<Double>(), [1], [1, 0, 2, 2], "nearly isotonic")
    check(SecondOrderCone<Double>(), [], [5, 3, 0, 4], "second-order cone")
    check(SecondOrderCone<Double>(), [], [0, 0, 0, 0], "second-order cone, apex")
    check(Slab<Double>(normal: [1, 2, -1, 0]), [-1, 1], [1, 0, 0, 2], "slab")
    check(Hyperplane<Double>(normal: [1, 2, -1, 0], isHalfspace: true), [1], [1, 0, 0, 2], "half-space")
    check(Polyhedron<Double>(Matrix([[1, 0, 0, 0], [0, 1, 0, 0]])), [1, 1], [1, 2, 0, 0], "polyhedron")
    check(TreeGroups<Double>([[0, 1], [0, 1, 2, 3]], count: 4, weights: [1, 1]), [1], [0.3, 0.4, 3, 4], "tree")
    check(Eigenvalues(Box<Double>.nonNegative), [], [1, 0, 0], "semidefinite")
    check(SingularValues(L1Norm<Double>(), rows: 2, columns: 2), [1], [2, 0, 0, 0.5], "nuclear norm")
    check(Conjugate(L1Norm<Double>()) { _, _ in 0 }, [1], [1, -1, 4, 0], "conjugate of the 1-norm")
    check(MCP<Double>(), [1, 2], [0.5, -2, 3, 0], "mcp")
  }

  private func derivative<G: ProximalMap<Double>>(
    _ g: G, _ λ: Vector<Double>, _ u: Vector<Double>, _ kink: KinkRule
  ) -> Matrix<Double> {
    let L = g.makeLinearization(count: u.count)
    g.linearize(at: u, step: 0.5, parameters: λ, kink: kink, into: L)
    return DenseDerivative(L, parameters: 0).D
  }

  private func check<G: ProximalMap<Double>>(_ g: G, _ λ: Vector<Double>, _ u: Vector<Double>, _ name: String) {
    let p = u.count
    var numbers = Numbers(31)
    // All patterns of signs, and random directions.
    var directions: [Vector<Double>] = (0..<(1 << p)).map { code in
      Vector(count: p) { (code >> $0) & 1 == 0 ? -1 : 1 }
    }
    for _ in 0..<200 { directions.append(numbers.vector(p)) }
    if u.norm > 0 { directions += [u, -1 * u] }
    let nearby = directions.map { derivative(g, λ, u + 1e-7 * $0, .zero) }
    let elements = KinkRule.allCases.map { derivative(g, λ, u, $0) }
    for (rule, D) in zip(KinkRule.allCases, elements) where rule != .midpoint {
      // D is Lipschitz on a piece, with constants of at most 10 at these points.
      let nearest = nearby.map { $0.difference(from: D) }.min()!
      #expect(nearest <= 1e-5, "\(name), \(rule): \(nearest) from the nearest limit")
    }
    let mean = Matrix<Double>(rows: p, columns: p) { (elements[0][$0, $1] + elements[1][$0, $1]) / 2 }
    let distances = [mean, elements[0], elements[1]].map { $0.difference(from: elements[2]) }
    #expect(distances.min()! <= 1e-14, "\(name), midpoint")
  }
}
