public import LinAlg

/// Rows of a table, plain text, whose columns are all numbers.
public struct CSVRowBlocks: RowBlocks, Sendable {
  /// What the columns of features are called, in the order of the file.
  public let names: [String]
  /// What the targets are called.
  public let targetName: String
  /// The most rows of a block.
  public let height: Int
  private let allNames: [String]
  private var pieces: TextPieces
  private var row = 0

  /// - Parameters:
  ///   - target: the column of the targets; nil for the last one.
  ///   - features: the columns of features; nil for all others.
  ///   - memory: bytes that a ``ReducedRows`` of them may take at its largest, beside a MiB of text and what is read of it.
  /// - Throws: ``DatasetError`` that names the file.
  public init(path: String, target: String? = nil, features: [String]? = nil, memory: Int) throws(DatasetError) {
    try self.init(path: path, target: target, features: features, height: 1)
    let height = try ReducedRows<Double>.height(columns: names.count, memory: memory, path: path)
    try self.init(path: path, target: target, features: features, height: height)
  }

  package init(path: String, target: String?, features: [String]?, height: Int) throws(DatasetError) {
    pieces = try TextPieces(path, hasQuotes: true)
    self.height = height
    let first = try pieces.next(lines: 1)
    allNames = try CSVTable.header(first?.bytes ?? [], path).names
    let head = CSVTable(path: path, names: allNames, bytes: [], records: CSVRecords())
    targetName = target ?? allNames.last!
    let targetName = targetName
    guard allNames.contains(targetName) else { throw head.missing(targetName) }
    names = features ?? allNames.filter { $0 != targetName }
    guard !names.isEmpty else {
      throw .invalid(
        path: path,
        reason: "line 1 has one column, \(head.listedNames)\(head.separatorAdvice); expected features and a target")
    }
  }

  public mutating func next() throws -> RowBlock<Double>? {
    while let piece = try pieces.next(lines: height) {
      let records = CSVRecords(
        piece.bytes, from: 0, line: piece.line, columns: allNames.count, passesOverEmptyEnd: piece.isLast)
      if records.rows == 0 { continue }
      let table = CSVTable(path: pieces.path, names: allNames, bytes: piece.bytes, records: records, firstRow: row)
      row += records.rows
      let (features, targets) = try table.numbers(features: names, target: targetName)
      return RowBlock(features: features, targets: targets)
    }
    return nil
  }
}
