import LinAlg
import RealModule
import Testing

/// A square sparse matrix as an operator.
private struct SparseOperator: LinearOperator {
  let matrix: SparseMatrix<Double>
  var rows: Int { matrix.rows }
  var columns: Int { matrix.columns }
  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) { matrix.multiply(x, alpha: 1, beta: 0, into: &y) }
}

@Suite struct BiCGSTABTests {
  /// Poisson's equation in polar coordinates on the unit disc, n radii by m angles, with f = −3 cos θ and 0 on the rim: the
  /// test problem of Krylov.jl. The right-hand side varies as one harmonic of the angle, so the residual is orthogonal to
  /// its shadow to rounding after six steps, while the residual has grown to 10⁵ ‖b‖.
  private static func polarPoisson(_ n: Int, _ m: Int) throws -> (A: SparseOperator, b: Vector<Double>) {
    let Δr = 2 / Double(2 * n + 1)
    let Δθ = 2 * Double.pi / Double(m)
    var pointers = [0]
    var rows: [Int32] = []
    var values: [Double] = []
    for j in 0..<m {
      for i in 0..<n {
        // Column (i, j) of A: the rows that have a neighbour there.
        let radius = Double(i) + 0.5
        let angular = 1 / (radius * radius * Δθ * Δθ)
        var column = [(j * n + i, -2 - 2 * angular)]
        column.append((((j + 1) % m) * n + i, angular))
        column.append((((j + m - 1) % m) * n + i, angular))
        if i > 0 { column.append((j * n + i - 1, 1 + 0.5 / (radius - 1))) }
        if i < n - 1 { column.append((j * n + i + 1, 1 - 0.5 / (radius + 1))) }
        for (row, value) in column.sorted(by: { $0.0 < $1.0 }) {
          rows.append(Int32(row))
          values.append(value)
        }
        pointers.append(values.count)
      }
    }
    let A = try SparseMatrix(
      rows: n * m, columns: n * m, columnPointers: pointers, rowIndices: rows, values: values)
    return (SparseOperator(matrix: A), Vector(count: n * m) { -3 * Δr * Δr * Double.cos(Double($0 / n) * Δθ) })
  }

  /// What the shadow's orthogonality is no reason to give up for. The textbook's recurrence needs about 2,000 iterations
  /// (rounding decides how many); the default limit is 25,000.
  @Test func orthogonalityToTheShadowIsNoBreakdown() throws {
    let (A, b) = try Self.polarPoisson(50, 50)
    var x = b
    let report = BiCGSTAB<Double>(count: b.count).solve(A, b, into: &x, options: .init(stopping: .tolerance(1e-9)))
    #expect(report.outcome == .converged, "\(report.outcome), \(report.iterations) iterations")
    var image = b
    A.apply(x, into: &image)
    // A has ‖A‖∞ ≤ 4 + 4 / (0.25 Δθ²) ≈ 1010: two evaluations of the residual differ by some ulps of ‖A‖‖x‖.
    #expect((b - image).norm <= 1e-9 * b.norm + 16 * .ulpOfOne * 1010 * x.norm)
  }

  /// Where rᵀA r = 0 for every r the method cannot take a step, and says so.
  @Test func aSkewSymmetricMatrixIsABreakdown() {
    var numbers = Numbers(4)
    let n = 60
    let X: Matrix<Double> = numbers.matrix(n, n)
    let A = Matrix(rows: n, columns: n) { X[$0, $1] - X[$1, $0] }
    let b: Vector<Double> = numbers.vector(n)
    var x = b
    let report = BiCGSTAB<Double>(count: n).solve(A, b, into: &x)
    // To the rounding of the inner product: either it counts as 0 or the step that follows is huge and taken back.
    #expect([.breakdown, .stagnated, .iterationLimit].contains(Ending(report.outcome)), "\(report.outcome)")
    #expect(report.residualNorm <= b.norm)
  }
}
