internal import Synchronization

/// Sparse lines (columns of CSC, rows of CSR) in three arrays.
struct CompressedLines<Element: Scalar>: Sendable {
  /// The length of a line.
  let length: Int
  let pointers: [Int]
  let indices: Stretch<Int32>
  let values: Stretch<Element>

  init(length: Int, pointers: [Int], indices: Stretch<Int32>, values: Stretch<Element>) {
    (self.length, self.pointers, self.indices, self.values) = (length, pointers, indices, values)
  }

  init(length: Int, pointers: [Int], indices: [Int32], values: [Element]) {
    self.init(length: length, pointers: pointers, indices: Stretch(indices), values: Stretch(values))
  }

  var count: Int { pointers.count - 1 }

  static func check(
    lines: Int, length: Int, pointers: [Int], indices: Stretch<Int32>, count: Int
  ) throws(SparseStructureError) {
    guard lines >= 0, length >= 0 else { throw .negativeShape(rows: length, columns: lines) }
    guard pointers.count == lines + 1 else { throw .pointerCount(found: pointers.count, expected: lines + 1) }
    guard pointers[0] == 0 else { throw .pointers(line: 0) }
    for j in 0..<lines where pointers[j + 1] < pointers[j] { throw .pointers(line: j) }
    guard indices.count == count, pointers[lines] == count else {
      throw .entryCount(indices: indices.count, values: count, lastPointer: pointers[lines])
    }
    if let bad = firstMisplaced(length: length, pointers: pointers, indices: indices) {
      throw .index(line: pointers.firstIndex { $0 > bad }! - 1, position: bad)
    }
  }

  /// The first index that does not increase within its line or lies outside it, by all processors where that pays.
  private static func firstMisplaced(length: Int, pointers: [Int], indices: Stretch<Int32>) -> Int? {
    let lines = pointers.count - 1
    let tasks = max(1, Parallel.tasks(multiplications: 4 * indices.count))
    let found = Mutex<Int?>(nil)
    pointers.withUnsafeBufferPointer { starts in
      indices.withUnsafeBufferPointer { entries in
        guard let starts = starts.baseAddress, let entries = entries.baseAddress else { return }
        nonisolated(unsafe) let (pointers, indices) = (starts, entries)
        Parallel.run(tasks) { task in
          let range = lines * task / tasks..<lines * (task + 1) / tasks
          if indicesFit(range.lowerBound, range.upperBound, pointers, indices, length: length) { return }
          // Something is wrong, and now it is looked for.
          for j in range {
            var last = -1
            for k in pointers[j]..<pointers[j + 1] {
              let index = Int(indices[k])
              if index <= last || index >= length {
                found.withLock { $0 = min($0 ?? .max, k) }
                return
              }
              last = index
            }
          }
        }
      }
    }
    return found.withLock { $0 }
  }

  /// The same entries by the other dimension, by a counting sort: cost proportional to entries, lines and length.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func transposed() -> CompressedLines {
    var starts = Array(repeating: 0, count: length + 1)
    var newIndices = Array(repeating: Int32(0), count: indices.count)
    var newValues = Array(repeating: Element(0), count: values.count)
    withPointers { pointers, indices, values in
      for k in 0..<pointers[count] { starts[Int(indices[k]) + 1] += 1 }
      for i in 0..<length { starts[i + 1] += starts[i] }
      var next = starts
      for line in 0..<count {
        for k in pointers[line]..<pointers[line + 1] {
          let slot = next[Int(indices[k])]
          next[Int(indices[k])] += 1
          newIndices[slot] = Int32(truncatingIfNeeded: line)  // lines fit: they index 32-bit entries of the other form
          newValues[slot] = values[k]
        }
      }
    }
    return CompressedLines(length: count, pointers: starts, indices: newIndices, values: newValues)
  }

  /// y ← α L x + β y, a dot product a line, on as many processors as pay.
  func multiply(_ x: UnsafePointer<Element>, _ α: Element, _ β: Element, into y: UnsafeMutablePointer<Element>) {
    let work = Work(x: x, y: y)
    split(multiplications: 4 * values.count) { first, last, arrays in
      Element._sparseLines(
        first, last, arrays.pointers, arrays.indices, arrays.values, α, work.x, β, work.y)
    }
  }

  /// outᵢ ← the sum of the squares of line i, on as many processors as pay.
  func squares(into out: UnsafeMutablePointer<Element>) {
    nonisolated(unsafe) let out = out
    split(multiplications: 4 * values.count) { first, last, arrays in
      Element._sparseSquares(first, last, arrays.pointers, arrays.values, out)
    }
  }

  /// Y ← α L X + β Y for row-major X and Y with c columns, each entry read once for every 16 of them, on as many processors
  /// as pay.
  func multiply(
    block x: UnsafePointer<Element>, _ ldx: Int, columns c: Int, _ α: Element, _ β: Element,
    into y: UnsafeMutablePointer<Element>, _ ldy: Int
  ) {
    let work = Work(x: x, y: y)
    // Measured, an entry costs as much as three to four multiplications of a dense product, and one more per column.
    split(multiplications: (3 + c) * values.count) { first, last, arrays in
      Element._sparseBlock(
        first, last, arrays.pointers, arrays.indices, arrays.values, c, α, work.x, ldx, β, work.y, ldy)
    }
  }

  /// Calls `body` with ranges of lines that together are all of them, at once where the work is worth several processors.
  private func split(
    multiplications: Int, _ body: @Sendable (_ first: Int, _ last: Int, _ arrays: Arrays) -> Void
  ) {
    let tasks = max(1, Parallel.tasks(multiplications: multiplications))
    pointers.withUnsafeBufferPointer { pointers in
      indices.withUnsafeBufferPointer { indices in
        values.withUnsafeBufferPointer { values in
          guard let p = pointers.baseAddress else { return }
          // An empty matrix has no entries to point at; nothing is read from the stand-ins then.
          let arrays = Arrays(
            pointers: p, indices: indices.baseAddress ?? UnsafePointer(bitPattern: 4)!,
            values: values.baseAddress ?? UnsafePointer(bitPattern: 8)!)
          Parallel.run(tasks) { task in body(boundary(task, of: tasks), boundary(task + 1, of: tasks), arrays) }
        }
      }
    }
  }

  /// The line at which task `t` of `tasks` starts, so that all have about the same number of entries.
  private func boundary(_ t: Int, of tasks: Int) -> Int {
    if t == 0 { return 0 }
    if t == tasks { return count }
    let target = values.count / tasks * t
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if pointers[middle] < target { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private struct Work: @unchecked Sendable {
    let x: UnsafePointer<Element>
    let y: UnsafeMutablePointer<Element>
  }

  private struct Arrays: @unchecked Sendable {
    let pointers: UnsafePointer<Int>
    let indices: UnsafePointer<Int32>
    let values: UnsafePointer<Element>
  }

  /// Lends the three arrays. An empty matrix has no entries to point at; nothing is read from the stand-ins then.
  func withPointers(_ body: (UnsafePointer<Int>, UnsafePointer<Int32>, UnsafePointer<Element>) -> Void) {
    pointers.withUnsafeBufferPointer { pointers in
      indices.withUnsafeBufferPointer { indices in
        values.withUnsafeBufferPointer { values in
          guard let p = pointers.baseAddress else { return }
          body(
            p, indices.baseAddress ?? UnsafePointer(bitPattern: 4)!,
            values.baseAddress ?? UnsafePointer(bitPattern: 8)!)
        }
      }
    }
  }

  /// Lends one line.
  func withLine<R>(_ j: Int, _ body: (_ count: Int, UnsafePointer<Int32>, UnsafePointer<Element>) -> R) -> R {
    let start = pointers[j]
    let end = pointers[j + 1]
    return indices.withUnsafeBufferPointer { indices in
      values.withUnsafeBufferPointer { values in
        guard let i = indices.baseAddress, let v = values.baseAddress else {
          return body(0, UnsafePointer(bitPattern: 4)!, UnsafePointer(bitPattern: 8)!)
        }
        return body(end - start, i + start, v + start)
      }
    }
  }
}
