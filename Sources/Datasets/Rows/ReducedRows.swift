public import LinAlg

/// At most p + 1 rows in the place of n: of the same squared error, for every w and whatever the penalty, so that a whole tuning of least squares reads the data
/// once.
///
/// With (X y) = Q R, Q orthonormal, `‖X w − y‖ = ‖R (w, −1)‖`: the rows of R, times √(rows of R / n) for the mean over them to be that over the n. R
/// comes block by block: the factor so far and the next block, one below the other, are factored anew. Unlike that of XᵀX the rounding error of R is that of the rows
/// themselves, whatever their condition.
///
/// Cost 2 n p² and a pass over the data; memory twice a block, three times where it is read ahead (``ReadAhead``), and three times p².
///
/// Source: Demmel, Grigori, Hoemmen, Langou, *Communication-optimal parallel and sequential QR and LU factorizations*, SIAM J. Sci. Comput. 34 (2012).
public struct ReducedRows<Element: Scalar>: Sendable {
  /// n.
  public let count: Int
  /// R of (X y), at most (p + 1) × (p + 1), without the factor.
  package let factor: Matrix<Element>

  package init(count: Int, factor: Matrix<Element>) {
    self.count = count
    self.factor = factor
  }

  /// Reads all blocks.
  ///
  /// - Throws: what the blocks throw; `FactorizationError` for a number that is not finite; ``DatasetError`` for blocks of different widths, or where there
  ///   is no row.
  public init(_ blocks: inout some RowBlocks<Element>) throws {
    var (factor, count) = (Matrix<Element>?.none, 0)
    while let block = try blocks.next() {
      let p = block.features.columns
      guard factor.map({ $0.columns == p + 1 }) ?? true else {
        throw DatasetError.invalid(
          path: "block of rows from \(count) on",
          reason: "\(p) columns; expected \(factor!.columns - 1), as those before have")
      }
      if block.features.rows == 0 { continue }
      factor = try Self.factor(of: factor, above: block)
      count += block.features.rows
    }
    guard let factor else { throw DatasetError.invalid(path: "blocks of rows", reason: "have no row") }
    self.init(count: count, factor: factor)
  }

  private static func factor(of upper: Matrix<Element>?, above block: RowBlock<Element>) throws(FactorizationError)
    -> Matrix<Element>
  {
    let (n, p, above) = (block.features.rows, block.features.columns, upper?.rows ?? 0)
    let features = block.features.with(layout: .columnMajor)
    let stacked = Matrix<Element>(rows: above + n, columns: p + 1, layout: .columnMajor) { target in
      for j in 0...p {
        let column = target.baseAddress! + j * (above + n)
        if let upper { column.initialize(from: upper.base + j * upper.stride, count: above) }
        let own = j < p ? features.base + j * features.stride : block.targets.base
        (column + above).initialize(from: own, count: n)
      }
    }
    return try QR(overwriting: stacked).r
  }

  /// The features to fit, as many rows as ``targets`` has entries.
  public var features: Matrix<Element> {
    let scale = scale
    return Matrix(rows: factor.rows, columns: factor.columns - 1) { scale * factor[$0, $1] }
  }

  /// The targets to fit.
  public var targets: Vector<Element> {
    let (scale, p) = (scale, factor.columns - 1)
    return Vector(count: factor.rows) { scale * factor[$0, p] }
  }

  private var scale: Element { (Element(factor.rows) / Element(count)).squareRoot() }

  /// What reducing blocks of so many rows takes at its largest: a block and the one that is read ahead (``ReadAhead``), a block and R one below the other, R, and what LAPACK works in
  /// (64 columns).
  static func bytes(columns p: Int, height: Int) -> Int {
    let width = p + 1
    return MemoryLayout<Element>.stride
      * (2 * height * width + (height + width) * width + 2 * width * width + 64 * width)
  }

  /// The rows of a block for which that is at most `memory`.
  ///
  /// - Parameter path: the file that they are of, for the message.
  static func height(columns p: Int, memory: Int, path: String) throws(DatasetError) -> Int {
    let (fixed, row) = (bytes(columns: p, height: 0), bytes(columns: p, height: 1) - bytes(columns: p, height: 0))
    guard memory >= fixed + row else {
      throw .invalid(
        path: path,
        reason: "\(p) columns take more than the \(memory) bytes given; expected at least \(fixed + row)")
    }
    return (memory - fixed) / row
  }
}
