import CAllocationCounter
import LinAlg
import Sharding

/// Products of rows on ranks keep the memory that they need: from the second on they allocate nothing. MPI allocates for itself, so that this is asked of one rank without it.
enum Allocations {
  static func check(_ world: borrowing World) throws {
    guard allocation_counter_available() != 0 else { return }
    let (n, p) = (4_000, 60)
    let X = Matrix<Double>(rows: n, columns: p) { Double(($0 * 7 + $1 * 11) % 13 - 6) }
    let parts: [(String, any DesignMatrix<Double>)] = [
      ("by columns", DenseDesign(X)), ("by rows", RowMajorDesign(X.packed(as: .rowMajor))),
      ("single", RowMajorDesign(single: Matrix<Float>(converting: X).packed(as: .rowMajor))),
    ]
    for (name, part) in parts { try check(ShardedDesign(rows: part, of: world), name) }
  }

  private static func check(_ X: ShardedDesign<Double>, _ name: String) throws {
    let (n, p) = (X.rows, X.columns)
    let v = Vector<Double>(count: p) { Double($0 % 5) - 2 }
    let r = Vector<Double>(count: n) { Double($0 % 5) - 2 }
    let d = Vector<Double>(count: n) { Double($0 % 3) }
    let S = IndexSubset([1, 7, 30], universe: p)
    let few = Vector(copying: v[segment: 0..<3])
    var (byRow, byColumn, chosen) = (Vector<Double>.zeros(n), Vector<Double>.zeros(p), Vector<Double>.zeros(3))
    func count(_ what: String, _ body: () -> Void) throws {
      for _ in 0..<3 { body() }
      let before = allocation_counter_value()
      body()
      let allocations = allocation_counter_value() - before
      try require(allocations == 0, "\(name), \(what): \(allocations) allocations")
    }
    try count("X v") { X.multiply(v, alpha: 2, beta: 0, into: &byRow) }
    try count("X v added") { X.multiply(v, alpha: 2, beta: 1, into: &byRow) }
    try count("Xᵀ r") { X.multiplyTransposed(r, alpha: 2, beta: 0, into: &byColumn) }
    try count("Xᵀ r added") { X.multiplyTransposed(r, alpha: 2, beta: 1, into: &byColumn) }
    try count("Gram") { _ = X.multiplyGram(columns: nil, v, weights: nil, alpha: 1, into: &byColumn) }
    try count("weighted Gram") { _ = X.multiplyGram(columns: nil, v, weights: d, alpha: 1, into: &byColumn) }
    try count("norms") { X.squaredColumnNorms(into: &byColumn) }
    try count("X_S v") { X.addProduct(columns: S, few, to: &byRow) }
    try count("X_Sᵀ r") { X.multiplyTransposed(columns: S, r, alpha: 1, into: &chosen) }
    try count("Gram of few") { _ = X.multiplyGram(columns: S, few, weights: d, alpha: 1, into: &chosen) }
  }
}
