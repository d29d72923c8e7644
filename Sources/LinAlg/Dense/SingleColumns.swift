/// α A_Sᵀ diag(d) A_S + shift I in single precision over a copy of the chosen columns of a dense matrix, made once: a product moves
/// half the bytes of one in double precision, and a copy that fits the last cache stays there.
///
/// The copy lies panel by panel: a panel of rows of all chosen columns is one stretch of memory, which a product streams into the second
/// cache and passes over twice there.
public final class SingleColumns<Element: Scalar>: LinearOperator {
  private var panels = Storage<Float>(capacity: 0)
  private var roots = Vector<Element>.zeros(0)
  private let fused = FusedGram<Float>()
  private var scale: Float = 1
  private var shift: Float = 0
  private var rowCount = 0
  /// Rows of a panel; the last may have fewer.
  private var height = 1

  public init() {}

  public private(set) var rows = 0
  public var columns: Int { rows }
  private var panelCount: Int { (rowCount + height - 1) / height }

  /// Copies the columns S of A, rounded, its rows multiplied by √d for weights d ≥ 0 (nil for ones). Cost n |S|, on as many
  /// processors as pay; 4 n |S| bytes, kept for the next copy.
  ///
  /// - Precondition: A is column-major.
  public func load(
    columns S: IndexSubset, of A: Matrix<Element>, weights d: Vector<Element>? = nil, alpha α: Float, shift: Float
  ) {
    let (n, k) = (A.rows, S.count)
    precondition(
      A.layout == .columnMajor && S.universe == A.columns && (d?.count ?? n) == n,
      "SingleColumns: \(k) of the columns of \(n) × \(A.columns) \(A.layout), \(d?.count ?? n) weights")
    if panels.capacity < n * k { panels = Storage(capacity: n * k) }
    (rowCount, rows, scale, self.shift) = (n, k, α, shift)
    height = max(1, FusedGram<Float>.vectorPanel(n, max(1, k)))
    if let d {
      if roots.count != n { roots = .zeros(n) }
      for i in 0..<n { roots[i] = d[i].squareRoot() }
    }
    let root = d == nil ? nil : Shared(UnsafeMutablePointer(mutating: roots.base))
    let target = Shared(panels.pointer)
    let source = Shared(UnsafeMutablePointer(mutating: A.base))
    let (stride, height, count) = (A.stride, height, panelCount)
    // A conversion takes about as long as eight multiplications from the cache.
    let tasks = min(count, Parallel.tasks(multiplications: 8 * n * k))
    S.withPointer { index in
      let index = Shared(UnsafeMutablePointer(mutating: index))
      Parallel.run(tasks) { task in
        for panel in count * task / tasks..<count * (task + 1) / tasks {
          let first = panel * height
          let here = min(height, n - first)
          Element._gatherColumnsSingle(
            here, k, index.pointer, source.pointer + first, stride, root.map { UnsafePointer($0.pointer + first) },
            target.pointer + first * k, here)
        }
      }
    }
  }

  /// y ← (α A_Sᵀ diag(d) A_S + shift I) x. Cost 4 n |S|.
  public func apply(_ x: Vector<Float>, into y: inout Vector<Float>) {
    precondition(
      x.count == rows && y.count == rows, "SingleColumns: \(rows) columns times \(x.count) into \(y.count)")
    y.fill(0)
    let (n, k, height, α) = (rowCount, rows, height, scale)
    if n > 0 && k > 0 {
      let tasks = min(panelCount, Parallel.tasks(multiplications: 4 * n * k))
      let panels = Shared(panels.pointer)
      let x = Shared(UnsafeMutablePointer(mutating: x.base))
      fused.accumulate(panelCount, tasks, scratch: height, into: y.mutableBase(), k) { first, last, out, scratch in
        for panel in first..<last {
          let start = panel * height
          let here = min(height, n - start)
          Float._fusedGram(
            0, here, k, nil, panels.pointer + start * k, here, nil, α, x.pointer, out, here, scratch)
        }
      }
    }
    y.add(shift, x)
  }

  /// Memory that tasks read, or write disjoint parts of.
  private struct Shared<T>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<T>
    init(_ pointer: UnsafeMutablePointer<T>) { self.pointer = pointer }
  }
}

extension Matrix {
  /// The same numbers in single precision, by all processors.
  @specialized(where Element == Double)
  package func single() -> Matrix<Float> {
    let (m, n, stride) = (rows, columns, self.stride)
    precondition(layout == .columnMajor, "Matrix.single: column-major is needed")
    let storage = Storage<Float>(capacity: m * n)
    let memory = SingleCopy(from: base, to: storage.pointer)
    let tasks = Swift.max(1, Swift.min(n, Parallel.tasks(multiplications: 4 * m * n)))
    Parallel.run(tasks) { task in
      for j in n * task / tasks..<n * (task + 1) / tasks {
        Element._toSingle(m, memory.from + j * stride, memory.to + j * m)
      }
    }
    return Matrix<Float>(
      storage: storage, offset: 0, rows: m, columns: n, leadingDimension: Swift.max(1, m), layout: .columnMajor)
  }

  /// Memory that tasks read, and write columns of their own of.
  private struct SingleCopy: @unchecked Sendable {
    let from: UnsafePointer<Element>
    let to: UnsafeMutablePointer<Float>
  }
}

extension Vector {
  /// single ← the receiver rounded to `Float`.
  public func copy(toSingle single: inout Vector<Float>) {
    precondition(single.count == count, "Vector.copy(toSingle:): \(count) entries into \(single.count)")
    Element._toSingle(count, base, single.mutableBase())
  }

  /// The receiver ← single.
  public mutating func copy(fromSingle single: Vector<Float>) {
    precondition(single.count == count, "Vector.copy(fromSingle:): \(single.count) entries into \(count)")
    Element._fromSingle(count, single.base, mutableBase())
  }
}
