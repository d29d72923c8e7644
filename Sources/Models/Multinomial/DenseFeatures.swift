import ImplicitDiff
import LinAlg

/// Dense features by rows: shifted rows are replaced, so that every product is one matrix product.
final class DenseFeatures<Element: Scalar>: ShiftedFeatures {
  /// X₀ and X, row-major, over the same memory until the first shift.
  private let clean: Matrix<Element>
  private(set) var features: Matrix<Element>
  private let shifted: [Int]

  /// Rows of a block in a pass over all samples: 512 × 784 doubles are 3 MB, within the second cache for most.
  private static var blockRows: Int { 512 }

  /// A column-major matrix is copied once.
  init(_ features: Matrix<Element>, shifted: [Int]) {
    clean = features.with(layout: .rowMajor)
    self.features = clean
    self.shifted = shifted
  }

  var rows: Int { clean.rows }
  var columns: Int { clean.columns }
  var denseRows: Matrix<Element>? { features }
  func unshifted() -> any DesignMatrix<Element> { DenseDesign(clean) }

  func multiply(_ W: Matrix<Element>, into Y: inout Matrix<Element>) { Y.assignProduct(features, W) }

  func multiplyTransposed(_ R: Matrix<Element>, alpha α: Element, beta β: Element, into G: inout Matrix<Element>) {
    G.assignProduct(features.transposed, R, alpha: α, beta: β)
  }

  func shift(by Γ: Vector<Element>) {
    let p = columns
    let target = features.mutableBase()
    for (k, i) in shifted.enumerated() {
      Element._linearCombination(
        p, 1, clean.base + i * clean.stride, 1, Γ.base + k * p, target + i * features.stride)
    }
  }

  func shiftedRows(by Γ: Vector<Element>) -> Matrix<Element> {
    var result = Matrix<Element>.zeros(shifted.count, columns, layout: .rowMajor)
    result.gatherRows(shifted, from: clean)
    result.combine(1, Matrix(rowsOf: Γ, columns: columns), 1)
    return result
  }

  func makeRows() -> any FeatureRows<Element> { DenseRows(self) }

  func forEachBlock(_ body: (any ClassProducts<Element>, Range<Int>) -> Void) {
    let block = DenseRows(self)
    var start = 0
    while start < rows {
      let range = start..<min(start + Self.blockRows, rows)
      block.matrix = features[rows: range]
      body(block, range)
      start = range.upperBound
    }
  }

  func restricted(to columns: IndexSubset) -> (any ClassProducts<Element>)? { nil }

  var squaredColumnNorms: Vector<Element> {
    Vector(count: columns) { j in
      let norm = clean.column(j).norm
      return norm * norm
    }
  }

  func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element> { .ofGram(clean, scale: scale) }

  /// A product goes through the full space: X twice, at matrix-matrix speed, so that its c columns count as memory.
  func hessianCosts(support s: Double, features f: Double, classes c: Double) -> AdjointCosts {
    let n = Double(rows)
    return AdjointCosts(
      assemblyMultiplications: n * s * s / 2,
      productBytes: Double(2 * MemoryLayout<Element>.stride) * c * n * Double(columns) / 4)
  }
}

/// Rows gathered once, or a range of them in place.
private final class DenseRows<Element: Scalar>: FeatureRows {
  private let source: DenseFeatures<Element>
  var matrix: Matrix<Element>

  init(_ source: DenseFeatures<Element>) {
    self.source = source
    matrix = .zeros(0, source.columns, layout: .rowMajor)
  }

  func fill(_ indices: [Int]) {
    if matrix.rows != indices.count { matrix = .zeros(indices.count, source.columns, layout: .rowMajor) }
    matrix.gatherRows(indices, from: source.features)
  }

  func multiply(_ W: Matrix<Element>, into Y: inout Matrix<Element>) { Y.assignProduct(matrix, W) }

  func multiplyTransposed(_ R: Matrix<Element>, alpha α: Element, beta β: Element, into G: inout Matrix<Element>) {
    G.assignProduct(matrix.transposed, R, alpha: α, beta: β)
  }
}
