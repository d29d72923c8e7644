public import LinAlg

/// Rows of two `.npy` files, of the features and of their targets, in either order of the entries.
///
/// A block is read, not mapped: a file that is cut short meanwhile is an error and does not end the program.
public struct NPYRowBlocks<Element: Scalar>: RowBlocks, Sendable {
  /// How many rows there are.
  public let rows: Int
  public let columns: Int
  /// Rows of a block.
  public let height: Int
  private let features: NPYFile
  private let targets: NPYFile
  private let layout: Layout
  private var left: Range<Int>

  /// - Parameters:
  ///   - range: the rows that are read, nil for all: a rank's share.
  ///   - memory: bytes that a ``ReducedRows`` of them may take at its largest.
  /// - Throws: ``DatasetError`` that names the file: for what ``NPY`` refuses, for shapes that do not fit, for a memory in which not even a row fits.
  public init(features: String, targets: String, rows range: Range<Int>? = nil, memory: Int) throws(DatasetError) {
    let columns = try NPYFile(features, rank: 2).columns
    let height = try ReducedRows<Element>.height(columns: columns, memory: memory, path: features)
    try self.init(features: features, targets: targets, rows: range, height: height, layout: .columnMajor)
  }

  /// Blocks of so many rows that lie as `layout` says.
  package init(
    features: String, targets: String, rows range: Range<Int>? = nil, height: Int, layout: Layout
  ) throws(DatasetError) {
    self.features = try NPYFile(features, rank: 2)
    self.targets = try NPYFile(targets, rank: 1)
    (rows, columns) = (self.features.rows, self.features.columns)
    let count = self.targets.header.count
    guard count == rows else {
      throw .invalid(path: targets, reason: "\(count) entries; expected \(rows), one for each row of \(features)")
    }
    left = range ?? 0..<rows
    precondition(
      left.lowerBound >= 0 && left.upperBound <= rows && height >= 1,
      "NPYRowBlocks: \(height) of the rows \(left) of \(rows)")
    (self.height, self.layout) = (height, layout)
  }

  public mutating func next() throws -> RowBlock<Element>? {
    if left.isEmpty { return nil }
    let block = left.prefix(height)
    left = block.upperBound..<left.upperBound
    return RowBlock(
      features: try features.matrix(rows: block, layout: layout), targets: try targets.vector(rows: block))
  }
}
