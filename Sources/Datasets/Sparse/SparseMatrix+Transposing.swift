internal import LinAlg

extension SparseMatrix {
  /// The transpose of a matrix: what compressed rows, read as columns, are the transpose of. A counting sort: cost proportional to the entries, the
  /// rows and the columns.
  init(transposing other: SparseMatrix) {
    let (n, p, count) = (other.columns, other.rows, other.nonzeroCount)
    var starts = [Int](repeating: 0, count: p + 1)
    var rows = [Int32](repeating: 0, count: count)
    var sorted = [Element](repeating: 0, count: count)
    starts.withUnsafeMutableBufferPointer { starts in
      rows.withUnsafeMutableBufferPointer { rows in
        sorted.withUnsafeMutableBufferPointer { sorted in
          other.withColumns { pointers, indices, values in
            for k in 0..<count { starts[Int(indices[k]) + 1] += 1 }
            for j in 0..<p { starts[j + 1] += starts[j] }
            for i in 0..<n {
              for k in pointers[i]..<pointers[i + 1] {
                let j = Int(indices[k])
                rows[starts[j]] = Int32(truncatingIfNeeded: i)  // rows were counted as columns of the other
                sorted[starts[j]] = values[k]
                starts[j] += 1
              }
            }
          }
          // Each start has moved on to that of the next column.
          for j in stride(from: p, to: 0, by: -1) { starts[j] = starts[j - 1] }
          starts[0] = 0
        }
      }
    }
    do throws(SparseStructureError) {
      try self.init(rows: n, columns: p, columnPointers: starts, rowIndices: rows, values: sorted)
    } catch { preconditionFailure("SparseMatrix: \(error)") }
  }
}
