/// A field of comma-separated text (RFC 4180): where its content lies, and what ends it.
struct CSVField {
  enum End { case comma, record }

  /// Without quotes around it; those within it are still doubled.
  var content: Range<Int>
  var isQuoted: Bool
  var end: End
  /// Where the next field or record begins.
  var next: Int

  /// What is wrong with the text, and where.
  struct Flaw: Error {
    var offset: Int
    var reason: String
  }

  /// The field that begins at `start`; a record ends at a line feed, with or without a carriage return before it, or at the end.
  static func read(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) throws(Flaw) -> CSVField {
    if start < bytes.count, bytes[start] == UInt8(ascii: "\"") { return try quoted(bytes, start) }
    var i = start
    while i < bytes.count {
      switch bytes[i] {
      case UInt8(ascii: ","): return CSVField(content: start..<i, isQuoted: false, end: .comma, next: i + 1)
      case UInt8(ascii: "\n"):
        let hasReturn = i > start && bytes[i - 1] == UInt8(ascii: "\r")
        return CSVField(content: start..<(hasReturn ? i - 1 : i), isQuoted: false, end: .record, next: i + 1)
      case UInt8(ascii: "\""):
        throw Flaw(
          offset: start, reason: "has a quote within a field that does not begin with one; expected the field in quotes"
        )
      default: i += 1
      }
    }
    let hasReturn = i > start && bytes[i - 1] == UInt8(ascii: "\r")
    return CSVField(content: start..<(hasReturn ? i - 1 : i), isQuoted: false, end: .record, next: i)
  }

  private static func quoted(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) throws(Flaw) -> CSVField {
    var i = start + 1
    while i < bytes.count {
      guard bytes[i] == UInt8(ascii: "\"") else {
        i += 1
        continue
      }
      if i + 1 < bytes.count, bytes[i + 1] == UInt8(ascii: "\"") {
        i += 2
        continue
      }
      let content = (start + 1)..<i
      i += 1
      if i == bytes.count { return CSVField(content: content, isQuoted: true, end: .record, next: i) }
      if bytes[i] == UInt8(ascii: ",") { return CSVField(content: content, isQuoted: true, end: .comma, next: i + 1) }
      if bytes[i] == UInt8(ascii: "\r") { i += 1 }
      if i == bytes.count || bytes[i] == UInt8(ascii: "\n") {
        return CSVField(content: content, isQuoted: true, end: .record, next: min(i + 1, bytes.count))
      }
      throw Flaw(offset: start, reason: "has text behind a closing quote; expected a comma or the end of the line")
    }
    throw Flaw(offset: start, reason: "opens a quote that nothing closes")
  }

  /// The content as a number reads it: without blanks around it.
  func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var range = content
    while let first = range.first, isBlank(bytes[first]) { range = (first + 1)..<range.upperBound }
    while let last = range.last, isBlank(bytes[last]) { range = range.lowerBound..<last }
    return UnsafeBufferPointer(rebasing: bytes[range])
  }

  /// The content with every doubled quote as one and, where it was not quoted, without blanks around it; nil where it is no UTF-8.
  func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    guard isQuoted else { return String(validating: trimmed(bytes), as: UTF8.self) }
    var result: [UInt8] = []
    result.reserveCapacity(content.count)
    var i = content.lowerBound
    while i < content.upperBound {
      result.append(bytes[i])
      i += bytes[i] == UInt8(ascii: "\"") ? 2 : 1
    }
    return String(validating: result, as: UTF8.self)
  }

  /// Whether this is how a table says that it does not know: nothing, NA, N/A, NaN or null, in either case.
  func isMissing(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let text = trimmed(bytes)
    return text.isEmpty
      || (text.count <= 4
        && ["na", "n/a", "nan", "null"].contains(
          String(decoding: text, as: UTF8.self).lowercased()))
  }
}
