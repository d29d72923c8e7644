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
    var values = Array(lower.values)
    for j in 0..<count {
      for t in lower.pointers[j]..<lower.pointers[j + 1] { values[t] *= r[j] * r[Int(lower.indices[t])] }
    }
    lower = CompressedLines(length: count, pointers: lower.pointers, indices: lower.indices, values: Stretch(values))
  }

  /// A ← α A + diag(d).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scale(by α: Element, addingToDiagonal d: Vector<Element>? = nil) {
    precondition(
      (d?.count ?? count) == count, "SparseSymmetricMatrix: a diagonal of \(d?.count ?? 0) for \(count) rows")
    var values = Array(lower.values)
    for t in values.indices { values[t] *= α }
    if let d { for j in 0..<count { values[lower.pointers[j]] += d[j] } }
    lower = CompressedLines(length: count, pointers: lower.pointers, indices: lower.indices, values: Stretch(values))
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
    var sum = 0.0
    for m in rowCounts(columns: S) { sum += Double(m) * Double(m + 1) / 2 }
    return sum
  }

  /// The entries that each row has within the chosen columns.
  func rowCounts(columns S: IndexSubset) -> [Int32] {
    precondition(S.universe == columns, "SparseMatrix: a subset of \(S.universe) columns for \(rows) × \(columns)")
    var counts = [Int32](repeating: 0, count: rows)
    counts.withUnsafeMutableBufferPointer { counts in
      for k in 0..<S.count {
        byColumn.withLine(S[k]) { count, rows, _ in for t in 0..<count { counts[Int(rows[t])] += 1 } }
      }
    }
    return counts
  }

  /// The entries that the lower triangle of X_SᵀX_S would have, estimated from 32 columns spread over the chosen ones, whose
  /// partners are counted exactly; infinity as soon as the estimate is sure to exceed `most`. Cost: the entries of the chosen columns, and the
  /// rows.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func estimatedSparseGramEntries(columns S: IndexSubset, most: Double = .infinity) -> Double {
    precondition(S.universe == columns, "SparseMatrix: a subset of \(S.universe) columns for \(rows) × \(columns)")
    if S.count == 0 { return 0 }
    let samples = min(32, S.count)
    func sample(_ i: Int) -> Int { S[i * S.count / samples] }
    // Of the rows that the samples have entries in, the chosen columns that do too: lists one after the other.
    var slots = [Int32](repeating: -1, count: rows)
    var slotCount: Int32 = 0
    for i in 0..<samples {
      byColumn.withLine(sample(i)) { count, rows, _ in
        for t in 0..<count where slots[Int(rows[t])] < 0 {
          slots[Int(rows[t])] = slotCount
          slotCount += 1
        }
      }
    }
    var starts = [Int](repeating: 0, count: Int(slotCount) + 1)
    forEachEntry(S, slots) { slot, _ in starts[slot + 1] += 1 }
    for slot in 0..<Int(slotCount) { starts[slot + 1] += starts[slot] }
    var next = starts
    var members = [Int32](repeating: 0, count: starts[Int(slotCount)])
    forEachEntry(S, slots) { slot, k in
      members[next[slot]] = Int32(truncatingIfNeeded: k)
      next[slot] += 1
    }
    // The last sample that met a chosen column.
    var met = [Int32](repeating: -1, count: S.count)
    var partners = 0
    let mostPartners = 2 * Double(samples) * (most / Double(S.count) - 1)
    for i in 0..<samples {
      if Double(partners) > mostPartners { return .infinity }
      met[i * S.count / samples] = Int32(i)
      byColumn.withLine(sample(i)) { count, rows, _ in
        for t in 0..<count {
          let slot = Int(slots[Int(rows[t])])
          for m in starts[slot]..<starts[slot + 1] where met[Int(members[m])] < i {
            met[Int(members[m])] = Int32(i)
            partners += 1
          }
        }
      }
    }
    return Double(S.count) * (1 + Double(partners) / Double(2 * samples))
  }

  /// Calls `body` for the entries of the chosen columns in the rows that have a slot, with that slot and the column's number in S.
  @inline(__always)
  private func forEachEntry(_ S: IndexSubset, _ slots: [Int32], _ body: (_ slot: Int, _ k: Int) -> Void) {
    slots.withUnsafeBufferPointer { slots in
      for k in 0..<S.count {
        byColumn.withLine(S[k]) { count, rows, _ in
          for t in 0..<count where slots[Int(rows[t])] >= 0 { body(Int(slots[Int(rows[t])]), k) }
        }
      }
    }
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
