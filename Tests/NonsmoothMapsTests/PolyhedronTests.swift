import LinAlg
import NonsmoothMaps
import Testing

/// Projections on polyhedra against others whose answers are known, dependent rows and empty sets.
@Suite struct PolyhedronTests {
  private let p = 6

  /// Bounds as rows, with each twice, and a hyperplane: the projection on the box and the hyperplane.
  @Test func boxAndHyperplane() {
    let a: Vector<Double> = [1, -2, 1, 0.5, 3, -1]
    let A = Matrix<Double>(rows: 1 + 4 * p, columns: p) { i, j in
      if i == 0 { return a[j] }
      let sign: Double = (i - 1) / p % 2 == 0 ? 1 : -1
      return (i - 1) % p == j ? sign * (i > 2 * p ? 2 : 1) : 0
    }
    let levels = Vector<Double>(count: 1 + 4 * p) { $0 == 0 ? 0.25 : ($0 > 2 * p ? 1 : 0.5) }
    let g = Polyhedron(A, equations: 1)
    let box = BoxHyperplane(
      normal: a, lower: Vector(repeating: -0.5, count: p), upper: Vector(repeating: 0.5, count: p))
    #expect(g.violation(parameters: levels) == nil)
    var numbers = Numbers(1)
    for _ in 0..<50 {
      let u: Vector<Double> = numbers.vector(p, scale: 2)
      #expect((g.prox(u, 1, levels) - box.prox(u, 1, [0.25])).maxNorm <= 1e-13)
      let (L, M) = (g.makeLinearization(count: p), box.makeLinearization(count: p))
      g.linearize(at: u, step: 1, parameters: levels, kink: .zero, into: L)
      box.linearize(at: u, step: 1, parameters: [0.25], kink: .zero, into: M)
      let (D, E) = (DenseDerivative(L, parameters: 0).D, DenseDerivative(M, parameters: 0).D)
      #expect(D.difference(from: E) <= 1e-13)
    }
  }

  @Test func emptySets() {
    // w₁ ≤ 0 and −w₁ ≤ −1.
    let A = Matrix<Double>([[1, 0], [-1, 0]])
    #expect(Polyhedron(A).violation(parameters: [0, -1]) != nil)
    #expect(Polyhedron(A).violation(parameters: [1, -1]) == nil)
    #expect((Polyhedron(A).prox([3, 2], 1, [1, -1]) - [1, 2]).maxNorm <= 1e-15)
    #expect(Polyhedron(A).violation(parameters: [.nan, 0])?.index == 0)
  }
}
