/// α AᵀA on a set of columns that grows: products that were made once are kept, for the working sets of a sequence of problems on the same A.
///
/// Memory: 8 |S|² bytes in Double, at most twice that while it grows; above a thousand columns 32 KiB for each, and 128 MiB of addresses. What was computed depends in its last bits on the order in which columns came;
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

  /// Whether room for most that may come is set aside once there are a thousand columns; not where many grow side by side.
  var setsRoomAside = true

  public init() {}

  /// The number of columns.
  public var count: Int { order.count }

  /// The columns, in the order they came.
  package var columns: [Int] { order }

  /// The matrix on all of them in that order, over the same memory: to be let go of before columns are added, which would have to copy it.
  package var matrix: Matrix<Element> { G[0..<count, 0..<count] }

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
    if k == 0 { return }
    let (A, chosen) = source(order + columns)
    let (n, places) = (A.rows, chosen ?? order + columns)
    enter(columns, universe: universe, isColumnMajor: A.layout == .columnMajor)

    let rows = min(n, ColumnGram<Element>.panelRows)
    let blocks = (n + rows - 1) / max(1, rows)
    let tasks = max(1, min(blocks, Parallel.tasks(multiplications: n * k * (m + k / 2))))
    // The lower rows of the new columns: products with those that were here, then among themselves.
    let size = (m + k) * k
    while panels.count < tasks { panels.append(Storage(capacity: 0)) }
    while partials.count < tasks { partials.append(Storage(capacity: 0)) }
    for t in 0..<tasks {
      if panels[t].capacity < rows * (m + k) { panels[t] = Storage(capacity: 3 * rows * (m + k) / 2) }
      if partials[t].capacity < size { partials[t] = Storage(capacity: 3 * size / 2) }
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
    write(partials[0].pointer, m, k)
  }

  /// Takes columns in whose products, with those that are here and then among themselves, were made elsewhere: (m + k) × k, of the last k rows the
  /// lower triangle.
  func add(_ columns: [Int], universe: Int, products: UnsafePointer<Element>) {
    let m = order.count
    enter(columns, universe: universe, isColumnMajor: true)
    write(products, m, columns.count)
  }

  /// Entries of the matrix, column by column.
  ///
  /// - Precondition: all of them are here.
  func gather(rows: [Int], columns: [Int], into out: UnsafeMutablePointer<Element>) {
    let places = rows.map { Int(place[$0]) }
    let count = places.count
    places.withUnsafeBufferPointer { places in
      for (j, column) in columns.enumerated() {
        let (from, to) = (G.base + Int(place[column]) * G.stride, out + j * count)
        for i in 0..<count { to[i] = from[places[i]] }
      }
    }
  }

  /// The lower triangle of the matrix on these columns, in their order.
  ///
  /// - Precondition: all of them are here.
  func gatherLower(_ columns: [Int], into out: UnsafeMutablePointer<Element>, stride: Int) {
    let places = columns.map { Int(place[$0]) }
    let (count, g, ld) = (places.count, G.base, G.stride)
    places.withUnsafeBufferPointer { places in
      for j in 0..<count {
        let (from, to) = (g + places[j] * ld, out + j * stride)
        for i in j..<count { to[i] = from[places[i]] }
      }
    }
  }

  /// Whether all of them are here.
  func covers(_ columns: [Int]) -> Bool {
    columns.isEmpty || (!place.isEmpty && columns.allSatisfy { place[$0] >= 0 })
  }

  private func enter(_ columns: [Int], universe: Int, isColumnMajor: Bool) {
    if place.count != universe { place = Array(repeating: -1, count: universe) }
    precondition(
      isColumnMajor && columns.allSatisfy { place[$0] < 0 },
      "GrowingGram: columns that are here already, or of a row-major matrix")
    let m = order.count
    grow(to: m + columns.count)
    for (j, column) in columns.enumerated() { place[column] = Int32(m + j) }
    order += columns
    batches.append(columns)
  }

  /// Writes the products of the last k columns, the m before them first.
  private func write(_ found: UnsafePointer<Element>, _ m: Int, _ k: Int) {
    let (g, ld) = (G.mutableBase(), G.stride)
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
    // A factor of a half while it is small: n² numbers are copied at each growth. From then on room for most that will come, of which what is not
    // used is not touched.
    let capacity = count <= 1024 || !setsRoomAside ? max(count, 3 * G.rows / 2) : max(count, 4096)
    // Not written before it is used: fresh memory costs most where it is first touched.
    var larger = Matrix<Element>(
      storage: Storage(capacity: capacity * capacity), offset: 0, rows: capacity, columns: capacity,
      leadingDimension: capacity, layout: .columnMajor)
    let (m, from, stride) = (order.count, Source(G.base), G.stride)
    let to = Source(UnsafePointer(larger.mutableBase()))
    let tasks = max(1, min(m, Parallel.tasks(multiplications: 8 * m * m)))
    Parallel.run(tasks) { task in
      for j in m * task / tasks..<m * (task + 1) / tasks {
        UnsafeMutablePointer(mutating: to.pointer + j * capacity).update(from: from.pointer + j * stride, count: m)
      }
    }
    G = larger
  }

  /// Memory that tasks read, or write parts of their own of.
  private struct Source<T>: @unchecked Sendable {
    let pointer: UnsafePointer<T>
    init(_ pointer: UnsafePointer<T>) { self.pointer = pointer }
  }
}
