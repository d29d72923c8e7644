import Foundation
import LinAlg

/// Features and counts by formulas that every language has, so that other software can be asked for the same fit (`SmallCounts` in each test says how).
enum SmallCounts {
  static let (n, p) = (40, 5)
  static let X = Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { i, j in
    sin(1 + Double((i + 1) * (j + 1)) * 0.7)
  }
  /// floor(3 + 2.5 cos(0.9 i) + 2 X[i, 0]), at least 0.
  static let y = Vector<Double>(count: n) { i in max(0, (3 + 2.5 * cos(0.9 * Double(i)) + 2 * X[i, 0]).rounded(.down)) }
  /// 1, 2, 3, 1, …
  static let weights = Vector<Double>(count: n) { Double(1 + $0 % 3) }
  static let offsets = Vector<Double>(count: n) { 0.5 * sin(Double($0)) }
}
