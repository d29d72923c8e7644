extension DesignMatrix {
  /// By products with the whole design.
  public func rows(_ indices: [Int]) -> any DesignMatrix<Element> {
    requireIndices(indices)
    let (whole, count) = (self, rows)
    return ProductDesign(
      rows: indices.count, columns: columns,
      multiply: { x, y in
        var all = Vector<Element>.zeros(count)
        whole.multiply(x, alpha: 1, beta: 0, into: &all)
        for (k, i) in indices.enumerated() { y[k] = all[i] }
      },
      multiplyTransposed: { y, x in
        var all = Vector<Element>.zeros(count)
        // A row may be chosen more than once.
        for (k, i) in indices.enumerated() { all[i] += y[k] }
        whole.multiplyTransposed(all, alpha: 1, beta: 0, into: &x)
      })
  }

  func requireIndices(_ indices: [Int]) {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < rows }, "DesignMatrix: a row outside 0 ..< \(rows) was chosen")
  }
}

extension DenseDesign {
  public func rows(_ indices: [Int]) -> any DesignMatrix<Element> { DenseDesign(matrix.gatheringRows(indices)) }
}

extension Matrix {
  /// The rows at `indices`, in their order, column-major.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func gatheringRows(_ indices: [Int]) -> Matrix {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < rows }, "Matrix: a row outside 0 ..< \(rows) was chosen")
    let source = with(layout: .columnMajor)
    // Not written before it is filled, and by all processors: fresh memory costs most where it is first touched.
    let (count, columns, stride) = (indices.count, self.columns, source.stride)
    let storage = Storage<Element>(capacity: count * columns)
    let tasks = Swift.max(1, Swift.min(columns, Parallel.tasks(multiplications: 4 * count * columns)))
    indices.withUnsafeBufferPointer { index in
      guard let index = index.baseAddress else { return }
      let memory = GatheredRows(index: index, source: source.base, target: storage.pointer)
      Parallel.run(tasks) { task in
        for j in columns * task / tasks..<columns * (task + 1) / tasks {
          Element._gather(count, memory.index, memory.source + j * stride, memory.target + j * count)
        }
      }
    }
    return Matrix(
      storage: storage, offset: 0, rows: count, columns: columns, leadingDimension: Swift.max(1, count),
      layout: .columnMajor)
  }

  /// Memory that tasks read, and of which each writes columns of its own.
  private struct GatheredRows: @unchecked Sendable {
    let index: UnsafePointer<Int>
    let source: UnsafePointer<Element>
    let target: UnsafeMutablePointer<Element>
  }
}

extension SparseMatrix {
  public func rows(_ indices: [Int]) -> any DesignMatrix<Element> {
    requireIndices(indices)
    // The new places of every row, in the order of a counting sort: a row may be chosen more than once.
    var starts = Array(repeating: 0, count: rows + 1)
    for i in indices { starts[i + 1] += 1 }
    for i in 0..<rows { starts[i + 1] += starts[i] }
    var places = Array(repeating: Int32(0), count: indices.count)
    var next = starts
    for (k, i) in indices.enumerated() {
      places[next[i]] = Int32(k)
      next[i] += 1
    }
    var pointers = [0]
    pointers.reserveCapacity(columns + 1)
    var rowIndices: [Int32] = []
    var values: [Element] = []
    var line: [(row: Int32, value: Element)] = []
    for j in 0..<columns {
      line.removeAll(keepingCapacity: true)
      for k in byColumn.pointers[j]..<byColumn.pointers[j + 1] {
        let i = Int(byColumn.indices[k])
        for place in places[starts[i]..<starts[i + 1]] { line.append((place, byColumn.values[k])) }
      }
      line.sort { $0.row < $1.row }
      for entry in line {
        rowIndices.append(entry.row)
        values.append(entry.value)
      }
      pointers.append(values.count)
    }
    return SparseMatrix(
      rows: indices.count,
      byColumn: CompressedLines(length: indices.count, pointers: pointers, indices: rowIndices, values: values))
  }
}
