import Datasets
import LinAlg
import Sharding

/// Every product of a design, with integers as data, so that sums in whatever order are exact.
enum Products {
  static func check(_ world: borrowing World, split: String) throws {
    let X = Matrix<Double>(rows: 23, columns: 5) { Double(($0 * 7 + $1 * 11) % 13 - 6) }
    for order in [SummationOrder.any, .fixed(blocks: 4), .fixed(blocks: 40)] {
      let sharded = try Split.shard(X, world, split, order)
      try compare(sharded, DenseDesign(X), "\(order)")
      let chosen = [22, 3, 3, 0, 17, 8, 9, 10, 1]
      try compare(sharded.rows(chosen), DenseDesign(X).rows(chosen), "\(order), rows")
      // Of a choice in another order than the ranks'.
      let again = [1, 8, 0, 5, 4]
      try compare(sharded.rows(chosen).rows(again), DenseDesign(X).rows(chosen).rows(again), "\(order), rows of rows")
      try compare(sharded.appendingOnes(), DenseDesign(X).appendingOnes(), "\(order), ones")
      let S = IndexSubset([0, 3, 4], universe: 5)
      try compare(sharded.columns(S), DenseDesign(X).columns(S), "\(order), columns")
    }
    // Rows that come in blocks, all on every rank and each rank's own.
    let counts = Split.counts(split, rows: X.rows, ranks: world.ranks)
    let begin = counts[..<world.rank].reduce(0, +)
    let blocks = streamed(X[rows: begin..<begin + counts[world.rank]].packed(as: .rowMajor), height: 3)
    try views(try ShardedDesign(rows: blocks, of: world), X, "streamed on ranks")
    for height in [1, 4, 23] { try views(streamed(X, height: height), X, "streamed by \(height)") }
  }

  /// A design and what is chosen from it.
  private static func views(_ design: any DesignMatrix<Double>, _ X: Matrix<Double>, _ name: String) throws {
    let whole = DenseDesign(X)
    try compare(design, whole, name)
    let increasing = [0, 1, 5, 9, 10, 22]
    let rows = design.rows(increasing)
    try compare(rows, whole.rows(increasing), "\(name), rows")
    try compare(rows.rows([1, 3, 4, 5]), whole.rows([1, 9, 10, 22]), "\(name), rows of rows")
    let ones = design.appendingOnes()
    try compare(ones, whole.appendingOnes(), "\(name), ones")
    try compare(design.chosen([0, 3, 4]), whole.chosen([0, 3, 4]), "\(name), columns")
    try compare(ones.chosen([1, 4, 5]), whole.appendingOnes().chosen([1, 4, 5]), "\(name), columns and ones")
    try compare(
      design.chosen([0, 3, 4]).appendingOnes().chosen([1, 2, 3]), whole.appendingOnes().chosen([3, 4, 5]),
      "\(name), columns, ones and columns")
  }

  /// Rows that come in blocks of `height`.
  private static func streamed(_ X: Matrix<Double>, height: Int) -> StreamedDesign<Double> {
    StreamedDesign(rows: X.rows, columns: X.columns) {
      var next = 0
      return RowBlockClosure {
        let range = next..<min(next + height, X.rows)
        next = range.upperBound
        return range.isEmpty
          ? nil : RowBlock(features: X[rows: range].packed(as: .rowMajor), targets: .zeros(range.count))
      }
    }
  }

  private static func compare(
    _ a: any DesignMatrix<Double>, _ b: any DesignMatrix<Double>, _ name: String
  ) throws {
    try require(a.rows == b.rows && a.columns == b.columns, "\(name): shape")
    let (n, p) = (b.rows, b.columns)
    let v = Vector<Double>(count: p) { Double($0 * $0 - 2) }
    let r = Vector<Double>(count: n) { Double($0 % 5 - 2) }
    let d = Vector<Double>(count: n) { Double($0 % 3) }
    let V = Matrix<Double>(rows: p, columns: 2) { Double($0 - 3 * $1) }
    let R = Matrix<Double>(rows: n, columns: 2, layout: .rowMajor) { Double(($0 + 2 * $1) % 4 - 1) }
    let S = IndexSubset([1, 2], universe: p)
    let few = [n - 1, 0, n / 2, 0]
    func both<T: Equatable>(_ what: String, _ body: (any DesignMatrix<Double>) -> T) throws {
      let (found, expected) = (body(a), body(b))
      try require(found == expected, "\(name), \(what): \(found) instead of \(expected)")
    }
    func vector(_ what: String, _ count: Int, _ body: (any DesignMatrix<Double>, inout Vector<Double>) -> Void) throws {
      try both(what) { X in
        var x = Vector<Double>(count: count) { Double($0) }
        body(X, &x)
        return x
      }
    }
    func matrix(
      _ what: String, _ rows: Int, _ columns: Int, _ layout: Layout = .columnMajor,
      _ body: (any DesignMatrix<Double>, inout Matrix<Double>) -> Void
    ) throws {
      try both(what) { X in
        var A = Matrix<Double>(rows: rows, columns: columns, layout: layout) { Double($0 + $1) }
        body(X, &A)
        return A
      }
    }
    try vector("X v", n) { $0.multiply(v, alpha: 2, beta: -1, into: &$1) }
    try vector("Xᵀ r", p) { $0.multiplyTransposed(r, alpha: 2, beta: 3, into: &$1) }
    try vector("X_S v", n) { $0.addProduct(columns: S, v[segment: 0..<2], to: &$1) }
    try vector("X_Sᵀ r", 2) { $0.multiplyTransposed(columns: S, r, alpha: 3, into: &$1) }
    try matrix("X V", n, 2) { $0.multiply(block: V, into: &$1) }
    try matrix("Xᵀ R", p, 2) { $0.multiplyTransposed(block: R, alpha: 2, into: &$1) }
    try matrix("X_I V", few.count, 2, .rowMajor) { $0.multiply(rows: few, block: V, into: &$1) }
    try matrix("X_Iᵀ R", p, 2) {
      $0.addTransposedProduct(rows: few, block: R[rows: 0..<few.count], alpha: 2, to: &$1)
    }
    try matrix("Xᵀ R by rows", p, 2) { $0.addTransposedProduct(rows: nil, block: R, alpha: 1, to: &$1) }
    try matrix("Gram", 2, 2) { $0.gram(columns: S, weights: nil, alpha: 1, into: &$1, workspace: ColumnGram()) }
    try vector("norms", p) { $0.squaredColumnNorms(into: &$1) }
    try vector("weighted norms", 2) { $0.squaredColumnNorms(S, weights: d, into: &$1) }
    try vector("row norms", n) { $0.squaredRowNorms(into: &$1) }
    try vector("x_i · v", few.count) { $0.multiply(rows: few, v, into: &$1) }
    try vector("Σ c x_i", p) { $0.addRows(few, [1, -2, 3, 1], scale: 2, to: &$1) }
    try vector("Σ (x_i · v − y) x_i", p) { $0.addRowGrams(rows: few, v, targets: r, scale: 2, to: &$1) }
    try vector("all rows", p) { $0.addRowGrams(rows: nil, v, targets: r, scale: 1, to: &$1) }
    for columns in [nil, S] as [IndexSubset?] {
      let x = v[segment: 0..<(columns?.count ?? p)]
      var found = Vector<Double>.zeros(x.count)
      try require(
        a.multiplyGram(columns: columns, x, weights: d, alpha: 2, into: &found), "\(name): no Gram product")
      var image = Vector<Double>.zeros(n)
      b.addProduct(columns: columns ?? IndexSubset(Array(0..<p), universe: p), x, to: &image)
      image.scale(by: d)
      var expected = found
      b.multiplyTransposed(
        columns: columns ?? IndexSubset(Array(0..<p), universe: p), image, alpha: 2, into: &expected)
      try require(found == expected, "\(name), Gram product: \(found) instead of \(expected)")
    }
  }
}

extension DesignMatrix<Double> {
  fileprivate func chosen(_ S: [Int]) -> any DesignMatrix<Double> { columns(IndexSubset(S, universe: columns)) }
}
