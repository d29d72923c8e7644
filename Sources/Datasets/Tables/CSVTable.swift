/// A table of comma-separated values (RFC 4180) with a line of names, plain or gzipped.
///
/// Lines end with a line feed, with or without a carriage return; a field in quotes may hold commas, line breaks and doubled quotes. Empty lines at
/// the end are passed over. Columns are taken by their names: those of numbers as features, one of numbers or words as targets
/// (``columns(features:target:)``); what is not asked for may hold anything.
///
/// Errors name the line, counted from 1 as an editor counts it, and the column. Memory: the text, and what is made of it.
public struct CSVTable: Sendable {
  public let path: String
  /// The names in the first line: distinct, none empty.
  public let names: [String]
  /// The number of lines below the names, a field with line breaks counted as one.
  public var rows: Int { records.rows }

  let bytes: [UInt8]
  let records: CSVRecords
  /// The rows before those of `records`, where they are some of a longer table.
  private(set) var firstRow = 0

  /// Reads the names and finds where rows begin.
  ///
  /// - Throws: ``DatasetError`` where names are missing, occur twice or are numbers, and where there is no row.
  public init(path: String) throws(DatasetError) {
    self.path = path
    bytes = try TextFile.contents(of: path)
    let header = try Self.header(bytes, path)
    names = header.names
    records = CSVRecords(bytes, from: header.next, line: header.line, columns: names.count)
    guard records.rows > 0 else {
      throw .invalid(
        path: path, reason: "has \(names.count) columns and no rows; expected rows below the line of names")
    }
    guard names.count < NPYHeader.longestDimension, records.rows < NPYHeader.longestDimension else {
      throw .invalid(
        path: path,
        reason:
          "has \(records.rows) rows and \(names.count) columns; at most \(NPYHeader.longestDimension) are accepted")
    }
  }

  /// Some rows of a table whose names are known.
  init(path: String, names: [String], bytes: [UInt8], records: CSVRecords, firstRow: Int = 0) {
    (self.path, self.names, self.bytes, self.records, self.firstRow) = (path, names, bytes, records, firstRow)
  }

  static func header(
    _ bytes: [UInt8], _ path: String
  ) throws(DatasetError) -> (names: [String], next: Int, line: Int) {
    let read = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(DatasetError) in try header(bytes, path) }
    }
    return try read.get()
  }

  private static func header(
    _ bytes: UnsafeBufferPointer<UInt8>, _ path: String
  ) throws(DatasetError) -> (names: [String], next: Int, line: Int) {
    func invalid(_ reason: String) -> DatasetError { .invalid(path: path, reason: reason) }
    if bytes.isEmpty { throw invalid("is empty; expected a line of column names") }
    var names: [String] = []
    var numbers = 0
    var place: [String: Int] = [:]
    var next = 0
    while true {
      let field: CSVField
      do throws(CSVField.Flaw) { field = try CSVField.read(bytes, at: next) } catch {
        throw invalid("line 1: column \(names.count + 1) \(error.reason)")
      }
      guard let name = field.text(bytes) else {
        throw invalid("line 1: the name of column \(names.count + 1) is not UTF-8")
      }
      if DecimalNumber.value(of: field.trimmed(bytes)) != nil { numbers += 1 }
      names.append(name)
      next = field.next
      if field.end == .record { break }
    }
    if numbers == names.count {
      throw invalid("line 1 holds numbers only; expected a line with the names of the columns")
    }
    if let empty = names.firstIndex(of: "") {
      throw invalid(
        names.count == 1
          ? "line 1 is empty; expected the names of the columns"
          : "line 1: column \(empty + 1) has no name; expected one for every column (row numbers are no feature: pandas leaves them out with index=False)"
      )
    }
    for (k, name) in names.enumerated() {
      if let first = place.updateValue(k, forKey: name) {
        throw invalid(
          "line 1: columns \(first + 1) and \(k + 1) are both called '\(TextFile.excerpt(name.utf8))'; expected distinct names"
        )
      }
    }
    let line = 1 + bytes[..<next].count { $0 == UInt8(ascii: "\n") }
    return (names, next, line)
  }

  /// Why there is no such column.
  func missing(_ name: String) -> DatasetError {
    .invalid(
      path: path,
      reason: "line 1: there is no column '\(TextFile.excerpt(name.utf8))'; found \(listedNames)\(separatorAdvice)")
  }

  /// The first of the names, for a message.
  var listedNames: String {
    names.prefix(12).map { "'\(TextFile.excerpt($0.utf8))'" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }

  /// What may be wrong where all of the first line is one name.
  var separatorAdvice: String {
    guard names.count == 1, let found = ([";", "\t"] as [Character]).first(where: { names[0].contains($0) }) else {
      return ""
    }
    return " (fields are separated by commas here, not by \(found == "\t" ? "tabs" : "';'"))"
  }
}

/// Where the rows of a table lie, in blocks that can be read side by side.
struct CSVRecords: Sendable {
  struct Block: Sendable {
    /// The bytes of its rows.
    var bytes: Range<Int>
    /// The line on which it begins, from 1.
    var line: Int
    /// Its rows, from 0.
    var rows: Range<Int>
  }

  var blocks: [Block] = []
  var rows: Int { blocks.last?.rows.upperBound ?? 0 }

  /// None.
  init() {}

  /// Quotes come in pairs: a line break lies within a field where their number before it is odd. Where they do not, the row at fault lies in a
  /// block that begins where it should, and reading it says so.
  ///
  /// - Parameter passesOverEmptyEnd: false where more rows follow, before which an empty line is one without fields.
  init(_ bytes: [UInt8], from start: Int, line first: Int, columns: Int, passesOverEmptyEnd: Bool = true) {
    let height = max(8, min(4096, (1 << 16) / columns))
    bytes.withUnsafeBufferPointer { bytes in
      var end = bytes.count
      while passesOverEmptyEnd, end > start,
        bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r")
      { end -= 1 }
      if end == start { return }
      var (rows, lines, isQuoted) = (0, first, false)
      var block = Block(bytes: start..<start, line: first, rows: 0..<0)
      func close(at i: Int) {
        block.bytes = block.bytes.lowerBound..<i
        block.rows = block.rows.lowerBound..<rows
        blocks.append(block)
        block = Block(bytes: i..<i, line: lines, rows: rows..<rows)
      }
      for i in start..<end {
        let byte = bytes[i]
        if byte == UInt8(ascii: "\n") {
          lines += 1
          if isQuoted { continue }
          rows += 1
          if rows - block.rows.lowerBound == height { close(at: i + 1) }
        } else if byte == UInt8(ascii: "\"") {
          isQuoted.toggle()
        }
      }
      rows += 1
      close(at: end)
    }
  }
}
