import ImplicitDiff
import LinAlg

/// Features of any design, never densified: the shift is a dense block added at its rows, `X W = X₀ W + E (Γ W)` and
/// `XᵀR = X₀ᵀR + Γᵀ (EᵀR)`. A product costs the stored entries and the m p of Γ, c times; a shift of zero costs nothing.
final class DesignFeatures<Element: Scalar>: ShiftedFeatures {
  fileprivate let base: any DesignMatrix<Element>
  private let shifted: [Int]
  /// The row that a row's shift has in Γ; −1 for rows without.
  fileprivate let shiftRow: [Int]
  /// Γ, m × p; nil where it is zero.
  fileprivate private(set) var shift: Matrix<Element>?
  private var shiftedScores: Matrix<Element>

  convenience init(_ base: any DesignMatrix<Element>, shifted: [Int]) { self.init(base, shifted, shift: nil) }

  private init(_ base: any DesignMatrix<Element>, _ shifted: [Int], shift: Matrix<Element>?) {
    self.base = base
    self.shifted = shifted
    self.shift = shift
    var shiftRow = Array(repeating: -1, count: base.rows)
    for (k, i) in shifted.enumerated() { shiftRow[i] = k }
    self.shiftRow = shiftRow
    shiftedScores = .zeros(shifted.count, 0, layout: .rowMajor)
  }

  var rows: Int { base.rows }
  var columns: Int { base.columns }
  var denseRows: Matrix<Element>? { nil }
  func unshifted() -> any DesignMatrix<Element> { base }

  func multiply(_ W: Matrix<Element>, into Y: inout Matrix<Element>) {
    base.multiply(rows: nil, block: W, into: &Y)
    guard let shift else { return }
    resizeScores(W.columns)
    shiftedScores.assignProduct(shift, W)
    let y = Y.mutableBase()
    for k in 0..<shifted.count {
      Element._axpy(W.columns, 1, shiftedScores.base + k * shiftedScores.stride, y + shifted[k] * Y.stride)
    }
  }

  func multiplyTransposed(_ R: Matrix<Element>, alpha α: Element, beta β: Element, into G: inout Matrix<Element>) {
    if β == 0 {
      base.multiplyTransposed(block: R, alpha: α, into: &G)
    } else {
      base.addTransposedProduct(rows: nil, block: R, alpha: α, to: &G)
    }
    guard let shift else { return }
    resizeScores(R.columns)
    shiftedScores.gatherRows(shifted, from: R)
    G.assignProduct(shift.transposed, shiftedScores, alpha: α, beta: 1)
  }

  private func resizeScores(_ c: Int) {
    if shiftedScores.columns != c { shiftedScores = .zeros(shifted.count, c, layout: .rowMajor) }
  }

  func shift(by Γ: Vector<Element>) {
    shift = Γ.nonzeroCount == 0 ? nil : Matrix(rowsOf: Γ, columns: columns)
  }

  func shiftedRows(by Γ: Vector<Element>) -> Matrix<Element> {
    let p = columns
    let one = Matrix<Element>(repeating: 1, rows: 1, columns: 1, layout: .rowMajor)
    var result = Vector(copying: Γ)
    for (k, i) in shifted.enumerated() {
      var row = Vector(copying: Γ[segment: k * p..<(k + 1) * p])
      row.withColumns(rows: p) { base.addTransposedProduct(rows: [i], block: one, alpha: 1, to: &$0) }
      result[segment: k * p..<(k + 1) * p] = row
    }
    return Matrix(rowsOf: result, columns: p)
  }

  func makeRows() -> any FeatureRows<Element> { DesignRows(self) }

  func forEachBlock(_ body: (any ClassProducts<Element>, Range<Int>) -> Void) { body(self, 0..<rows) }

  func restricted(to columns: IndexSubset) -> (any ClassProducts<Element>)? {
    DesignFeatures(base.columns(columns), shifted, shift: shift?.columns(columns))
  }

  var squaredColumnNorms: Vector<Element> {
    var norms = Vector<Element>.zeros(columns)
    base.squaredColumnNorms(into: &norms)
    return norms
  }

  func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element> { base.gramSpectrum(scale: scale) }

  /// Measured on sparse designs: an entry of a product with c columns takes the time of 16 + 4 c bytes, a score that of 32.
  /// The Hessian is assembled by one product per column.
  func hessianCosts(support s: Double, features f: Double, classes c: Double) -> AdjointCosts {
    let stored = Double(base.storedCount) / Double(max(1, columns))
    let dense = shift == nil ? 0 : Double(shifted.count)
    let bytes =
      2 * f * (stored * (16 + 4 * c) + dense * c * Double(MemoryLayout<Element>.stride) / 4)
      + 32 * Double(rows) * c
    return AdjointCosts(assemblyMultiplications: s * bytes, productBytes: bytes)
  }
}

/// Rows of a design where they lie, and those of the shift that belong to them.
private final class DesignRows<Element: Scalar>: FeatureRows {
  private let source: DesignFeatures<Element>
  private var indices: [Int] = []
  private var shift: Matrix<Element>?
  /// Whether the rows are the shifted ones in the order of Γ: then all of Γ counts, in one matrix product.
  private var isShift = false

  init(_ source: DesignFeatures<Element>) { self.source = source }

  func fill(_ indices: [Int]) {
    self.indices = indices
    shift = source.shift
    isShift = shift?.rows == indices.count && indices.enumerated().allSatisfy { source.shiftRow[$1] == $0 }
  }

  func multiply(_ W: Matrix<Element>, into Y: inout Matrix<Element>) {
    source.base.multiply(rows: indices, block: W, into: &Y)
    guard let shift else { return }
    if isShift {
      Y.assignProduct(shift, W, beta: 1)
      return
    }
    let y = Y.mutableBase()
    forShiftedRows(of: shift) { k, γ in
      Element._gemv(true, W.rows, W.columns, 1, W.base, W.stride, γ, 1, y + k * Y.stride)
    }
  }

  func multiplyTransposed(_ R: Matrix<Element>, alpha α: Element, beta β: Element, into G: inout Matrix<Element>) {
    if β == 0 { G.fill(0) }
    source.base.addTransposedProduct(rows: indices, block: R, alpha: α, to: &G)
    guard let shift else { return }
    if isShift {
      G.assignProduct(shift.transposed, R, alpha: α, beta: 1)
      return
    }
    let g = G.mutableBase()
    forShiftedRows(of: shift) { k, γ in
      Element._ger(G.rows, R.columns, α, γ, R.base + k * R.stride, g, G.stride)
    }
  }

  private func forShiftedRows(of shift: Matrix<Element>, _ body: (_ k: Int, _ γ: UnsafePointer<Element>) -> Void) {
    for k in 0..<indices.count {
      let row = source.shiftRow[indices[k]]
      if row >= 0 { body(k, shift.base + row * shift.stride) }
    }
  }
}
