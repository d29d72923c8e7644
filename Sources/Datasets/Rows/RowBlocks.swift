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
