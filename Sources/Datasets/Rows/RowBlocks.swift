public import LinAlg

/// Rows of samples that come one block after the other and are never all in memory: a file, a database, a generator.
///
/// Its one requirement is the next block.
public protocol RowBlocks<Element> {
  associatedtype Element: Scalar
  /// The rows behind those of the block before, as many as there is memory for; nil behind the last.
  mutating func next() throws -> RowBlock<Element>?
}

/// Some rows of features with their targets.
public struct RowBlock<Element: Scalar>: Sendable {
  /// In either layout.
  public let features: Matrix<Element>
  /// One for each row.
  public let targets: Vector<Element>

  /// - Precondition: as many targets as rows.
  public init(features: Matrix<Element>, targets: Vector<Element>) {
    precondition(features.rows == targets.count, "RowBlock: \(targets.count) targets for \(features.rows) rows")
    self.features = features
    self.targets = targets
  }
}

/// Blocks from a closure.
public struct RowBlockClosure<Element: Scalar>: RowBlocks {
  private let body: () throws -> RowBlock<Element>?
  /// - Parameter next: the next block, nil behind the last.
  public init(_ next: @escaping () throws -> RowBlock<Element>?) { body = next }
  public mutating func next() throws -> RowBlock<Element>? { try body() }
}

/// Rows of two `.npy` files, of the features and of their targets, in either order of the entries.
///
/// A block is read, not mapped: a file that is cut short meanwhile is an error and does not end the program.
public struct NPYRowBlocks<Element: Scalar>: RowBlocks {
  /// How many rows there are.
  public let rows: Int
  public let columns: Int
  /// Rows of a block.
  public let height: Int
  private let features: String
  private let targets: String
  private var left: Range<Int>

  /// - Parameters:
  ///   - range: the rows that are read, nil for all: a rank's share.
  ///   - memory: bytes that a ``ReducedRows`` of them may take at its largest.
  /// - Throws: ``DatasetError`` that names the file: for what ``NPY`` refuses, for shapes that do not fit, for a memory in which not even a row fits.
  public init(features: String, targets: String, rows range: Range<Int>? = nil, memory: Int) throws(DatasetError) {
    (rows, columns) = try NPY.shape(at: features)
    let count = try NPY.count(at: targets)
    guard count == rows else {
      throw .invalid(path: targets, reason: "\(count) entries; expected \(rows), one for each row of \(features)")
    }
    (self.features, self.targets, left) = (features, targets, range ?? 0..<rows)
    precondition(left.lowerBound >= 0 && left.upperBound <= rows, "NPYRowBlocks: rows \(left) of \(rows)")
    height = ReducedRows<Element>.height(columns: columns, memory: memory)
    guard height >= 1 else {
      throw .invalid(
        path: features,
        reason:
          "\(columns) columns take more than the \(memory) bytes given; expected at least \(ReducedRows<Element>.bytes(columns: columns, height: 1))"
      )
    }
  }

  public mutating func next() throws -> RowBlock<Element>? {
    if left.isEmpty { return nil }
    let block = left.prefix(height)
    left = block.upperBound..<left.upperBound
    return RowBlock(
      features: try NPY.matrix(at: features, rows: block, as: Element.self),
      targets: try NPY.vector(at: targets, rows: block, as: Element.self))
  }
}
