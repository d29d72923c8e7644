public import LinAlg

/// What a column of targets holds.
public enum Targets: Sendable, Equatable {
  case numbers(Vector<Double>)
  /// Names of classes.
  case words([String])

  public var count: Int {
    switch self {
    case .numbers(let y): y.count
    case .words(let words): words.count
    }
  }
}

extension CSVTable {
  /// Columns by their names, all of whose fields are finite numbers; the targets may be words, where the first one is.
  ///
  /// Numbers are rounded correctly. Blocks of rows are read by all processors.
  ///
  /// - Returns: n × p features, column-major, in the order of `features`, and n targets.
  /// - Throws: ``DatasetError`` for a name that is not there, a row with too many or too few fields, a value that is missing or no finite number,
  ///   and for what memory does not hold.
  public func columns(
    features: [String], target: String?
  ) throws(DatasetError) -> (features: Matrix<Double>, targets: Targets?) {
    try columns(CSVPlan(self, features: features, target: target), features, target)
  }

  /// The same for targets that have to be numbers.
  func numbers(
    features: [String], target: String
  ) throws(DatasetError) -> (features: Matrix<Double>, targets: Vector<Double>) {
    let plan = try CSVPlan(self, features: features, target: target, allowsText: false)
    guard case (let X, .numbers(let y)?) = try columns(plan, features, target) else {
      preconditionFailure("CSVTable: words where numbers were read")
    }
    return (X, y)
  }

  private func columns(
    _ plan: CSVPlan, _ features: [String], _ target: String?
  ) throws(DatasetError) -> (features: Matrix<Double>, targets: Targets?) {
    let (n, p) = (rows, features.count)
    // The table, a quarter of it for the blocks that are being read, and what a row takes beside it.
    try Memory.require(
      Memory.sum([(n, 10 * p), (n, 48)]), for: "a table of \(n) rows and \(p) columns", path: path)
    var bad: Int?
    var places = [Int](repeating: 0, count: plan.targetIsText ? n : 0)
    var targets = Vector<Double>.zeros(plan.targetIsText || target == nil ? 0 : n)
    let read = bytes.withUnsafeBufferPointer { bytes in
      places.withUnsafeMutableBufferPointer { places in
        Result { () throws(DatasetError) in
          nonisolated(unsafe) let (bytes, places, y) = (bytes, places, targets.mutableBase())
          return try Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { (X) throws(DatasetError) in
            nonisolated(unsafe) let X = X.baseAddress
            bad = try FileBlocks.forEach(records.blocks.count, scratch: { CSVPanel(plan, X, y, places) }) {
              (k, panel) throws(DatasetError) in panel.read(records.blocks[k], bytes, of: n) == nil ? nil : k
            }
            // Blocks are read in any order, and what is wrong first is said: the first bad one is read again. Nothing of X is used then.
            if let bad, let flaw = CSVPanel(plan, X, y, places).read(records.blocks[bad], bytes, of: n) {
              throw error(flaw, in: records.blocks[bad])
            }
          }
        }
      }
    }
    let X = try read.get()
    if plan.targetIsText { return (X, .words(try words(at: places, target!))) }
    return (X, target == nil ? nil : .numbers(targets))
  }

  private func error(_ flaw: CSVPanel.Flaw, in block: CSVRecords.Block) -> DatasetError {
    let line = block.line + bytes[block.bytes.lowerBound..<flaw.offset].count { $0 == UInt8(ascii: "\n") }
    let column = flaw.column.map { ", column '\(TextFile.excerpt(names[$0].utf8))'" } ?? ""
    return .invalid(path: path, reason: "line \(line) (row \(firstRow + flaw.row + 1))\(column): \(flaw.reason)")
  }

  /// The fields that begin at `places`, one per row.
  private func words(at places: [Int], _ column: String) throws(DatasetError) -> [String] {
    var words: [String] = []
    words.reserveCapacity(places.count)
    var bad: Int?
    bytes.withUnsafeBufferPointer { bytes in
      for place in places {
        guard let field = try? CSVField.read(bytes, at: place), let word = field.text(bytes) else {
          bad = bad ?? words.count
          return
        }
        words.append(word)
      }
    }
    if let bad {
      throw .invalid(
        path: path, reason: "row \(firstRow + bad + 1), column '\(TextFile.excerpt(column.utf8))': is not UTF-8")
    }
    return words
  }
}

/// What becomes of every column of a table.
struct CSVPlan {
  enum Use: Equatable { case feature(Int), target, nothing }

  let uses: [Use]
  let features: Int
  let targetIsText: Bool

  /// - Parameter allowsText: whether targets may be words, where the first is one.
  init(_ table: CSVTable, features: [String], target: String?, allowsText: Bool = true) throws(DatasetError) {
    precondition(Set(features).count == features.count, "CSVTable: a feature was asked for twice")
    var uses = [Use](repeating: .nothing, count: table.names.count)
    let place = Dictionary(uniqueKeysWithValues: table.names.enumerated().map { ($1, $0) })
    for (k, name) in features.enumerated() {
      guard let column = place[name] else { throw table.missing(name) }
      uses[column] = .feature(k)
    }
    var isText = false
    if let target {
      guard let column = place[target] else { throw table.missing(target) }
      precondition(uses[column] == .nothing, "CSVTable: '\(target)' cannot be a feature and the target")
      uses[column] = .target
      isText = allowsText && Self.beginsWithText(table, column)
    }
    self.uses = uses
    self.features = features.count
    targetIsText = isText
  }

  /// Whether the first row has a word in a column. What else may be wrong with that row is found when it is read.
  private static func beginsWithText(_ table: CSVTable, _ column: Int) -> Bool {
    table.bytes.withUnsafeBufferPointer { bytes in
      var next = table.records.blocks[0].bytes.lowerBound
      for k in 0...column {
        guard let field = try? CSVField.read(bytes, at: next) else { return false }
        if k == column { return !field.isMissing(bytes) && DecimalNumber.value(of: field.trimmed(bytes)) == nil }
        if field.end == .record { return false }
        next = field.next
      }
      return false
    }
  }
}
