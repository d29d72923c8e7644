import LinAlg
import Testing

@Suite struct QRTests {
  private static let shapes = [(0, 0), (1, 1), (5, 0), (0, 4), (5, 5), (70, 33), (33, 70), (40, 1)]

  @Test(arguments: Precision.allCases) func reproducesTheMatrix(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for (m, n) in Self.shapes {
        var numbers = Numbers(17)
        let A: Matrix<T> = numbers.matrix(m, n)
        let qr = try QR(A)
        let (Q, R) = (qr.thinQ(), qr.r)
        let k = min(m, n)
        // Householder vectors of length m applied k times: an error of a small multiple of m k u in norm (Higham 19.4),
        // generously bounded by one ulp of every operation.
        let unit = T(m * k + 1) * .ulpOfOne
        #expect((A - Q * R).frobeniusNorm <= unit * A.frobeniusNorm, "\(m) × \(n)")
        #expect((Q.transposed * Q - .identity(k)).frobeniusNorm <= unit * T(k), "\(m) × \(n)")
        let b: Vector<T> = numbers.vector(m)
        var c = b
        qr.applyQAdjoint(&c)
        #expect((c[segment: 0..<k] - Q.transposed * b).norm <= unit * b.norm)
        qr.applyQ(&c)
        #expect((c - b).norm <= unit * b.norm)
      }
    }
    try body(p.type)
  }

  @Test(arguments: Precision.allCases) func leastSquaresIsOrthogonal(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for (m, n) in [(1, 1), (5, 5), (70, 33), (40, 1), (6, 0)] {
        var numbers = Numbers(23)
        let A: Matrix<T> = numbers.matrix(m, n)
        let b: Vector<T> = numbers.vector(m)
        let x = try QR(A).leastSquares(b)
        let residual = b - A * x
        // Aᵀ r = 0 up to the backward error of the factorization: ‖Aᵀ r‖ ≤ c m n ulp ‖A‖ (‖A‖ ‖x‖ + ‖b‖).
        let a = A.frobeniusNorm
        #expect((A.transposed * residual).norm <= T(m * n + 1) * .ulpOfOne * a * (a * x.norm + b.norm), "\(m) × \(n)")
        // The decomposition by singular values knows nothing of this one and must give the same point.
        let y = try SVD.leastSquares(A, b)
        let s = try SVD<T>.singularValues(of: A)
        let condition = n == 0 ? 1 : s[0] / s[n - 1]
        #expect((x - y).norm <= T(m * n + 1) * .ulpOfOne * condition * condition * (x.norm + b.norm))
      }
    }
    try body(p.type)
  }

  @Test func dependentColumnsAreAnError() throws {
    let A: Matrix<Double> = Matrix([[1, 1], [1, 1], [1, 1]])
    let qr = try QR(A)
    let error = #expect(throws: FactorizationError.self) { try qr.leastSquares([1, 2, 3]) }
    guard case .rankDeficient(let column, _) = error else { Issue.record("\(String(describing: error))"); return }
    #expect(column == 1)
    // The smallest of the minimizers x₁ + x₂ = 2 is (1, 1).
    let x = try SVD.leastSquares(A, [1, 2, 3])
    #expect((x - [1, 1]).norm <= 20 * Double.ulpOfOne)
  }
}
