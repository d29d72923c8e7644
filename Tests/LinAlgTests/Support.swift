import LinAlg
import RealModule
import Testing

/// The scalars that every generic test body runs with.
enum Precision: String, CaseIterable, Sendable {
  case float32, float64
  var type: any Scalar.Type { self == .float32 ? Float.self : Double.self }
}

/// Orders at which blocked LAPACK takes different paths, and the empty one.
let factorizationSizes = [0, 1, 2, 5, 33, 70]

/// A small deterministic source of numbers (splitmix64).
struct Numbers {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A whole number in −bound … bound.
  mutating func whole<T: Scalar>(_ bound: Int) -> T { T(Int(next() % UInt64(2 * bound + 1)) - bound) }

  /// A number in (−1, 1) on a grid that both precisions hold.
  mutating func unit<T: Scalar>() -> T { T(Int(next() >> 44) - (1 << 19)) / T(1 << 19) }

  mutating func vector<T: Scalar>(_ n: Int, whole bound: Int? = nil) -> Vector<T> {
    Vector((0..<n).map { _ in bound.map { whole($0) } ?? unit() })
  }

  mutating func matrix<T: Scalar>(
    _ m: Int, _ n: Int, layout: Layout = .columnMajor, whole bound: Int? = nil
  ) -> Matrix<T> {
    Matrix(rows: m, columns: n, layout: layout, entries: (0..<m * n).map { _ in bound.map { whole($0) } ?? unit() })
  }
}

/// The matrix of second differences, tridiagonal (−1, 2, −1): its inverse, determinant (n + 1) and eigenvalues
/// 2 − 2 cos(kπ / (n + 1)) are known.
func secondDifferences<T: Scalar>(_ n: Int) -> Matrix<T> {
  Matrix(rows: n, columns: n) { i, j in i == j ? 2 : (abs(i - j) == 1 ? -1 : 0) }
}

/// Its eigenvalues, ascending, from a double-precision cosine.
func secondDifferenceValues<T: Scalar>(_ n: Int) -> Vector<T> {
  Vector(count: n) { T(2 - 2 * Double.cos(Double($0 + 1) * Double.pi / Double(n + 1))) }
}

extension Matrix {
  /// XᵀX + I for a random square X: symmetric, positive definite, not extreme.
  static func definite(_ n: Int, seed: UInt64) -> Matrix {
    var numbers = Numbers(seed)
    let X: Matrix = numbers.matrix(n, n)
    var A = X.transposed * X
    A.addToDiagonal(1)
    return Matrix(rows: n, columns: n) { A[Swift.max($0, $1), Swift.min($0, $1)] }
  }
}
