/// A small square matrix in extended precision with its inverse: truth for the linear systems.
package struct DenseSystem {
  package typealias Number = DoubleDouble
  /// Rows.
  let matrix: [[Number]]
  /// Rows of the inverse; nil where a pivot vanished.
  let inverse: [[Number]]?

  package init(_ matrix: [[Number]]) {
    self.matrix = matrix
    inverse = Self.invert(matrix)
  }

  var count: Int { matrix.count }

  /// Bounds on the Euclidean norms of the matrix and its inverse: the Frobenius norms, at most √n too large.
  var norm: Double { Self.frobenius(matrix) }
  var inverseNorm: Double { inverse.map(Self.frobenius) ?? .infinity }

  /// A⁻¹ b.
  package func solve(_ b: [Number]) -> [Number]? { inverse.map { rows in rows.map { $0.dot(b) } } }

  /// A⁻ᵀ b.
  func solveTransposed(_ b: [Number]) -> [Number]? {
    inverse.map { rows in
      b.indices.map { j in
        var sum = Number.zero
        for i in b.indices { sum += rows[i][j] * b[i] }
        return sum
      }
    }
  }

  static func frobenius(_ A: [[Number]]) -> Double {
    var sum = Number.zero
    for row in A { sum += row.dot(row) }
    return sum.squareRoot().value
  }

  /// Gauss and Jordan with partial pivoting.
  private static func invert(_ A: [[Number]]) -> [[Number]]? {
    let n = A.count
    var left = A
    var right = (0..<n).map { i in (0..<n).map { $0 == i ? Number.one : .zero } }
    for k in 0..<n {
      let pivot = (k..<n).max { left[$0][k].magnitude < left[$1][k].magnitude } ?? k
      // A pivot of rounding size says that the matrix is singular to extended precision.
      let size = A[pivot].map { $0.magnitude.value }.max() ?? 0
      guard left[pivot][k].magnitude.value > size * 0x1p-90 else { return nil }
      left.swapAt(k, pivot)
      right.swapAt(k, pivot)
      let scale = Number.one / left[k][k]
      for j in 0..<n {
        left[k][j] = left[k][j] * scale
        right[k][j] = right[k][j] * scale
      }
      for i in 0..<n where i != k {
        let factor = left[i][k]
        if factor == .zero { continue }
        for j in 0..<n {
          left[i][j] -= factor * left[k][j]
          right[i][j] -= factor * right[k][j]
        }
      }
    }
    return right
  }
}
