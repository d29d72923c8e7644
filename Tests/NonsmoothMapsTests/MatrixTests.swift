import LinAlg
import NonsmoothMaps
import Testing

/// Functions of eigenvalues and singular values where their derivatives are known in closed form, at equal and nearly equal values.
@Suite struct MatrixTests {
  /// An orthogonal matrix: the reflection at a vector without zeros.
  private func reflection(_ n: Int) -> Matrix<Double> {
    let v = Vector<Double>(count: n) { Double($0) + 1.5 }
    return Matrix(rows: n, columns: n) { ($0 == $1 ? 1 : 0) - 2 * v[$0] * v[$1] / v.dot(v) }
  }

  private func product<L: ProximalLinearization<Double>>(_ L: L, _ x: Vector<Double>) -> Vector<Double> {
    var y = Vector<Double>.zeros(x.count)
    L.apply(x, into: &y)
    return y
  }

  /// A with eigenvalues ±1, twice each: D H = P H P + (P H N + N H P)/2 with the projectors P and N on the two eigenspaces, at gaps of rounding errors too.
  @Test(arguments: [0, 1e-16, 1e-14, 1e-12]) func clusteredEigenvalues(gap: Double) {
    let (Q, g) = (reflection(4), Eigenvalues(Box<Double>.nonNegative))
    let values = [1, 1 + gap, -1, -1 - gap]
    let A = Q * Matrix(rows: 4, columns: 4) { $0 == $1 ? values[$0] : 0 } * Q.transposed
    let P = Q * Matrix(rows: 4, columns: 4) { $0 == $1 && $0 < 2 ? 1 : 0 } * Q.transposed
    let L = g.makeLinearization(count: 10)
    g.linearize(at: SymmetricVector.vector(A), step: 1, parameters: [], kink: .zero, into: L)
    var numbers = Numbers(3)
    let x: Vector<Double> = numbers.vector(10)
    let H = SymmetricVector.matrix(x)
    let N = Matrix<Double>(rows: 4, columns: 4) { ($0 == $1 ? 1 : 0) - P[$0, $1] }
    let (PHP, PHN) = (P * H * P, P * H * N)
    let expected = Matrix<Double>(rows: 4, columns: 4) { PHP[$0, $1] + (PHN[$0, $1] + PHN[$1, $0]) / 2 }
    // Some 30 roundings of numbers of at most 4, and the gap.
    #expect((product(L, x) - SymmetricVector.vector(expected)).maxNorm <= 1e-14 + 4 * gap)
    #expect(L.kinkDistance.map { abs($0 - 1) <= 1e-14 } == true)
  }

  /// 2 Q under the nuclear norm at τ = 1: the symmetric part of QᵀG passes, the skew one is halved.
  @Test func equalSingularValues() {
    let (Q, g) = (reflection(3), SingularValues(L1Norm<Double>(), rows: 3, columns: 3))
    let L = g.makeLinearization(count: 9)
    g.linearize(
      at: Vector(count: 9) { 2 * Q[$0 % 3, $0 / 3] }, step: 0.5, parameters: [2], kink: .zero, into: L)
    var numbers = Numbers(4)
    let x: Vector<Double> = numbers.vector(9)
    let G = Matrix<Double>(rows: 3, columns: 3, layout: .columnMajor, entries: x)
    let B = Q.transposed * G
    let expected = Q * Matrix(rows: 3, columns: 3) { (B[$0, $1] + B[$1, $0]) / 2 + (B[$0, $1] - B[$1, $0]) / 4 }
    #expect((product(L, x) - Vector(count: 9) { expected[$0 % 3, $0 / 3] }).maxNorm <= 1e-14)
  }

  /// A matrix of one column, or of one row, has its length as its singular value.
  @Test func vectorsAsMatrices() {
    var numbers = Numbers(5)
    for (m, n) in [(7, 1), (1, 7)] {
      let g = SingularValues(L1Norm<Double>(), rows: m, columns: n)
      for _ in 0..<5 {
        let u: Vector<Double> = numbers.vector(7)
        #expect((g.prox(u, 0.5, [1]) - L2Norm().prox(u, 0.5, [1])).maxNorm <= 1e-15)
        let (L, M) = (g.makeLinearization(count: 7), L2Norm<Double>().makeLinearization(count: 7))
        g.linearize(at: u, step: 0.5, parameters: [1], kink: .zero, into: L)
        L2Norm().linearize(at: u, step: 0.5, parameters: [1], kink: .zero, into: M)
        let (a, b) = (DenseDerivative(L, parameters: 1), DenseDerivative(M, parameters: 1))
        #expect(a.D.difference(from: b.D) <= 1e-14 && a.B.difference(from: b.B) <= 1e-14)
      }
    }
  }

  /// Singular values that are zero in a wide matrix of rank 1, and the zero matrix.
  @Test func ranks() {
    let g = SingularValues(L1Norm<Double>(), rows: 2, columns: 4)
    let u = Vector<Double>(count: 8) { Double($0 / 2 + 1) * ($0 % 2 == 0 ? 1 : -2) }
    let L = g.makeLinearization(count: 8)
    g.linearize(at: u, step: 1, parameters: [1], kink: .zero, into: L)
    // Of uvᵀ: the line itself, v against the other row (2 of them, symmetric and skew) and u against the 2 other columns.
    #expect(L.rank == 1 + 2 + 2)
    #expect((g.prox(u, 1, [1]) - (1 - 1 / u.norm) * u).maxNorm <= 1e-14)
    for λ in [0.0, 1] {
      g.linearize(at: .zeros(8), step: 1, parameters: [λ], kink: .zero, into: L)
      #expect(L.rank == (λ == 0 ? 8 : 0) && L.isMask)
    }
  }
}
