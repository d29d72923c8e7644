/// A symmetric sparse matrix by its lower triangle: columns compressed, the diagonal stored first in each whatever its
/// value, row indices increasing.
public struct SparseSymmetricMatrix<Element: Scalar>: Sendable {
  var lower: CompressedLines<Element>

  /// The number of rows.
  public var count: Int { lower.count }

  /// The entries of the lower triangle, the diagonal included.
  public var entryCount: Int { lower.values.count }

  /// α X_SᵀX_S + shift I, |S| × |S|, for the chosen columns of X; nil where its lower triangle has more than `most`
  /// entries.
  ///
  /// Two columns meet where a row holds both: cost ``SparseMatrix/sparseGramMultiplications(columns:)`` and a transposition.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public init?(
    gramOf X: SparseMatrix<Element>, columns S: IndexSubset, alpha α: Element = 1, shift: Element = 0,
    most: Int = .max
  ) {
    precondition(
      S.universe == X.columns,
      "SparseSymmetricMatrix: a subset of \(S.universe) columns for \(X.rows) × \(X.columns)")
    let chosen = X.byColumn.lines(S)
    let byRow = chosen.transposed()
    let k = S.count
    // Line j holds row j of the lower triangle, in the order in which its columns are met.
    var pointers = [0]
    pointers.reserveCapacity(k + 1)
    var indices: [Int32] = []
    var values: [Element] = []
    indices.reserveCapacity(chosen.values.count)
    values.reserveCapacity(chosen.values.count)
    var place = [Int](repeating: -1, count: k)
    for j in 0..<k {
      let start = values.count
      place[j] = start
      indices.append(Int32(truncatingIfNeeded: j))  // fits: it indexes columns of X, whose own indices are 32-bit
      values.append(shift)
      chosen.withLine(j) { entries, rows, x in
        for a in 0..<entries {
          byRow.withLine(Int(rows[a])) { _, columns, z in
            let factor = α * x[a]
            var b = 0
            while true {
              let c = Int(columns[b])
              if place[c] < start {
                place[c] = values.count
                indices.append(columns[b])
                values.append(factor * z[b])
              } else {
                values[place[c]] += factor * z[b]
              }
              if c == j { break }
              b += 1
            }
          }
        }
      }
      if values.count > most { return nil }
      pointers.append(values.count)
    }
    // Lines go by in increasing order, so that each column of the transpose comes out sorted, its diagonal first.
    lower = CompressedLines(length: k, pointers: pointers, indices: indices, values: values).transposed()
  }

  /// The diagonal and the other nonzeros of the lower triangle of a square dense matrix.
  public init(lowerTriangleOf A: Matrix<Element>) {
    precondition(A.isSquare, "SparseSymmetricMatrix: \(A.rows) × \(A.columns) is not square")
    var pointers = [0]
    var indices: [Int32] = []
    var values: [Element] = []
    for j in 0..<A.columns {
      for i in j..<A.rows where i == j || A[i, j] != 0 {
        indices.append(blasInteger(i))
        values.append(A[i, j])
      }
      pointers.append(values.count)
    }
    lower = CompressedLines(length: A.rows, pointers: pointers, indices: indices, values: values)
  }

  /// A ← diag(r) A diag(r).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scale(by r: Vector<Element>) {
    precondition(r.count == count, "SparseSymmetricMatrix.scale: \(r.count) factors for \(count) rows")
    var values = lower.values
    for j in 0..<count {
      for t in lower.pointers[j]..<lower.pointers[j + 1] { values[t] *= r[j] * r[Int(lower.indices[t])] }
    }
    lower = CompressedLines(length: count, pointers: lower.pointers, indices: lower.indices, values: values)
  }

  /// A ← α A + diag(d).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scale(by α: Element, addingToDiagonal d: Vector<Element>? = nil) {
    precondition(
      (d?.count ?? count) == count, "SparseSymmetricMatrix: a diagonal of \(d?.count ?? 0) for \(count) rows")
    var values = lower.values
    for t in values.indices { values[t] *= α }
    if let d { for j in 0..<count { values[lower.pointers[j]] += d[j] } }
    lower = CompressedLines(length: count, pointers: lower.pointers, indices: lower.indices, values: values)
  }

  /// The matrix with its zeros, both triangles.
  public func dense() -> Matrix<Element> {
    var A = Matrix<Element>.zeros(count, count)
    for j in 0..<count {
      for t in lower.pointers[j]..<lower.pointers[j + 1] {
        A[Int(lower.indices[t]), j] = lower.values[t]
        A[j, Int(lower.indices[t])] = lower.values[t]
      }
    }
    return A
  }
}

extension SparseMatrix {
  /// The multiply-adds of X_SᵀX_S where only pairs of entries in the same row are met: Σ mᵢ (mᵢ + 1)/2 over the rows, mᵢ the
  /// entries of row i within the chosen columns. It bounds the entries of the lower triangle. Cost: the entries and rows.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func sparseGramMultiplications(columns S: IndexSubset) -> Double {
    precondition(S.universe == columns, "SparseMatrix: a subset of \(S.universe) columns for \(rows) × \(columns)")
    var counts = [Int32](repeating: 0, count: rows)
    for k in 0..<S.count {
      byColumn.withLine(S[k]) { count, rows, _ in for t in 0..<count { counts[Int(rows[t])] += 1 } }
    }
    var sum = 0.0
    for m in counts { sum += Double(m) * Double(m + 1) / 2 }
    return sum
  }

  /// The entries that the lower triangle of X_SᵀX_S would have, estimated from 32 columns spread over the chosen ones, whose
  /// partners are counted exactly; infinity as soon as the estimate is sure to exceed `most`. Cost: the columns, and the entries of the
  /// rows that the 32 meet.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func estimatedSparseGramEntries(columns S: IndexSubset, most: Double = .infinity) -> Double {
    precondition(S.universe == columns, "SparseMatrix: a subset of \(S.universe) columns for \(rows) × \(columns)")
    if S.count == 0 { return 0 }
    // The last sample that met a column; −1 off the subset, 0 before the first.
    var met = [Int32](repeating: -1, count: columns)
    for k in 0..<S.count { met[S[k]] = 0 }
    let samples = min(32, S.count)
    var partners = 0
    let mostPartners = 2 * Double(samples) * (most / Double(S.count) - 1)
    for sample in 1...samples {
      if Double(partners) > mostPartners { return .infinity }
      let j = S[(sample - 1) * S.count / samples]
      met[j] = Int32(sample)
      for a in byColumn.pointers[j]..<byColumn.pointers[j + 1] {
        let i = Int(byColumn.indices[a])
        for b in byRow.pointers[i]..<byRow.pointers[i + 1] {
          let c = Int(byRow.indices[b])
          if met[c] >= 0 && met[c] < sample {
            met[c] = Int32(sample)
            partners += 1
          }
        }
      }
    }
    return Double(S.count) * (1 + Double(partners) / Double(2 * samples))
  }
}

extension CompressedLines {
  /// A copy of the chosen lines.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func lines(_ S: IndexSubset) -> CompressedLines {
    var starts = [0]
    starts.reserveCapacity(S.count + 1)
    var newIndices: [Int32] = []
    var newValues: [Element] = []
    for k in 0..<S.count {
      let range = pointers[S[k]]..<pointers[S[k] + 1]
      newIndices += indices[range]
      newValues += values[range]
      starts.append(newValues.count)
    }
    return CompressedLines(length: length, pointers: starts, indices: newIndices, values: newValues)
  }
}
