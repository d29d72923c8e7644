/// α AᵀA on a set of columns that grows: products that were made once are kept, for the working sets of a sequence of problems on the same A.
///
/// Memory: 8 |S|² bytes in Double, at most twice that while it grows. What was computed depends in its last bits on the order in which columns came;
/// ``batches`` is that order, and ``add(_:of:alpha:)`` of the same batches gives the same bits.
public final class GrowingGram<Element: Scalar> {
  /// The columns, as they came.
  public private(set) var batches: [[Int]] = []
  /// Where each column of A stands; −1 for those that are not here.
  private var place: [Int32] = []
  private var order: [Int] = []
  /// Capacity × capacity, of which the leading part is in use.
  private var G = Matrix<Element>.zeros(0, 0)
  private var places: [Int] = []
  private var panels: [Storage<Element>] = []
  private var partials: [Storage<Element>] = []

  public init() {}

  /// The number of columns.
  public var count: Int { order.count }

  /// Forgets everything.
  public func reset() {
    batches = []
    place = []
    order = []
  }

  /// Whether all of S are here.
  public func covers(_ S: IndexSubset) -> Bool {
    if S.count > order.count || place.count != S.universe { return false }
    for k in 0..<S.count where place[S[k]] < 0 { return false }
    return true
  }

  /// Those of S that are not here.
  public func missing(_ S: IndexSubset) -> [Int] {
    if place.count != S.universe { return S.elements }
    return S.elements.filter { place[$0] < 0 }
  }

  /// C ← α A_SᵀA_S, |S| × |S| column-major, both triangles.
  ///
  /// - Precondition: all of S are here.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func gather(_ S: IndexSubset, into C: inout Matrix<Element>) {
    precondition(
      C.layout == .columnMajor && C.rows == S.count && C.columns == S.count && covers(S),
      "GrowingGram: \(S.count) columns, not all of the \(count) that are here, into \(C.rows) × \(C.columns)")
    fillPlaces(of: S)
    let out = C.mutableBase()
    places.withUnsafeBufferPointer {
      if let index = $0.baseAddress { Element._gatherSubmatrix(S.count, index, G.base, G.stride, out, C.stride) }
    }
  }

  /// The lower triangle of C ← α A_SᵀA_S in single precision.
  ///
  /// - Precondition: all of S are here.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func gatherSingle(_ S: IndexSubset, into C: inout Matrix<Float>) {
    precondition(
      C.layout == .columnMajor && C.rows == S.count && C.columns == S.count && covers(S),
      "GrowingGram: \(S.count) columns, not all of the \(count) that are here, into \(C.rows) × \(C.columns)")
    fillPlaces(of: S)
    let (out, stride, g) = (C.mutableBase(), C.stride, G.base)
    places.withUnsafeBufferPointer { places in
      for j in 0..<places.count {
        let column = g + places[j] * G.stride
        for i in j..<places.count { out[i + j * stride] = Float(column[places[i]]) }
      }
    }
  }

  private func fillPlaces(of S: IndexSubset) {
    places.removeAll(keepingCapacity: true)
    for k in 0..<S.count { places.append(Int(place[S[k]])) }
  }

  /// Takes k columns of A (n × p) in beside the m that are here. Cost n k (m + k/2), on as many processors as pay.
  ///
  /// - Precondition: A is the column-major matrix of all calls, α theirs, and none of the columns is here.
  public func add(_ columns: [Int], of A: Matrix<Element>, alpha α: Element) {
    add(columns, universe: A.columns, alpha: α) { _ in (A, nil) }
  }

  /// The same on a dense design.
  package func add(_ columns: [Int], of X: any DesignMatrix<Element>, alpha α: Element) {
    add(columns, universe: X.columns, alpha: α) { order in
      let (matrix, places) = X.dense(columns: IndexSubset(unordered: order, universe: X.columns))!
      return (matrix, places.elements)
    }
  }

  /// - Parameter source: a matrix that holds the columns it is given, and where they stand in it; nil for their own places.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func add(
    _ columns: [Int], universe: Int, alpha α: Element, from source: ([Int]) -> (Matrix<Element>, [Int]?)
  ) {
    let (k, m) = (columns.count, order.count)
    if place.count != universe { place = Array(repeating: -1, count: universe) }
    let (A, chosen) = source(order + columns)
    let (n, places) = (A.rows, chosen ?? order + columns)
    precondition(
      A.layout == .columnMajor && columns.allSatisfy { place[$0] < 0 },
      "GrowingGram: columns that are here already, or of a row-major matrix")
    if k == 0 { return }
    grow(to: m + k)
    for (j, column) in columns.enumerated() { place[column] = Int32(m + j) }
    order += columns
    batches.append(columns)

    let rows = min(n, ColumnGram<Element>.panelRows)
    let blocks = (n + rows - 1) / max(1, rows)
    let tasks = max(1, min(blocks, Parallel.tasks(multiplications: n * k * (m + k / 2))))
    // The lower rows of the new columns: products with those that were here, then among themselves.
    let size = (m + k) * k
    while panels.count < tasks { panels.append(Storage(capacity: 0)) }
    while partials.count < tasks { partials.append(Storage(capacity: 0)) }
    for t in 0..<tasks {
      if panels[t].capacity < rows * (m + k) { panels[t] = Storage(capacity: rows * (m + k)) }
      if partials[t].capacity < size { partials[t] = Storage(capacity: size) }
      partials[t].pointer.initialize(repeating: 0, count: size)
    }
    let (panels, partials) = (self.panels, self.partials)
    places.withUnsafeBufferPointer { places in
      let index = Source(places.baseAddress!)
      Parallel.run(tasks) { task in
        let (panel, out) = (panels[task].pointer, partials[task].pointer)
        for block in blocks * task / tasks..<blocks * (task + 1) / tasks {
          let start = block * rows
          let r = min(rows, n - start)
          Element._gatherColumns(r, m + k, index.pointer, A.base + start, 1, A.stride, panel, r)
          let fresh = panel + r * m
          if m > 0 { Element._gemm(true, false, m, k, r, α, panel, r, fresh, r, 1, out, m + k) }
          Element._syrk(true, k, r, α, fresh, r, 1, out + m, m + k)
        }
      }
    }
    for t in 1..<max(1, tasks) { Element._axpy(size, 1, partials[t].pointer, partials[0].pointer) }
    let (g, ld, found) = (G.mutableBase(), G.stride, partials[0].pointer)
    for j in 0..<k {
      let source = found + j * (m + k)
      for i in 0..<m {
        g[i + (m + j) * ld] = source[i]
        g[m + j + i * ld] = source[i]
      }
      for i in j..<k {
        g[m + i + (m + j) * ld] = source[m + i]
        g[m + j + (m + i) * ld] = source[m + i]
      }
    }
  }

  private func grow(to count: Int) {
    guard count > G.rows else { return }
    // A factor of a half: n² numbers are copied at each growth.
    let capacity = max(count, 3 * G.rows / 2)
    var larger = Matrix<Element>.zeros(capacity, capacity)
    let target = larger.mutableBase()
    for j in 0..<order.count {
      (target + j * capacity).update(from: G.base + j * G.stride, count: order.count)
    }
    G = larger
  }

  /// Memory that tasks read.
  private struct Source: @unchecked Sendable {
    let pointer: UnsafePointer<Int>
    init(_ pointer: UnsafePointer<Int>) { self.pointer = pointer }
  }
}
