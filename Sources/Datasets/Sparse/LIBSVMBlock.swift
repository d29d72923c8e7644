/// Some lines of a LIBSVM file, or the first thing that is wrong with them.
struct LIBSVMBlock: Sendable {
  struct Flaw: Error {
    var offset: Int
    var reason: String
  }

  var targets: [Double] = []
  /// One per line, where there are any.
  var groups: [Int] = []
  /// Where the entries of every line end.
  var ends: [Int] = []
  /// Counted from 0.
  var indices: [Int32] = []
  var values: [Double] = []
  /// The largest index and one more.
  var features = 0
  var flaw: Flaw?

  /// - Parameters:
  ///   - range: whole lines of `bytes`.
  ///   - limit: the most features.
  init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, limit: Int, firstIndex: Int) {
    guard let base = bytes.baseAddress else { return }
    let lines = LIBSVMLine(base: base, limit: limit, firstIndex: firstIndex)
    var p = base + range.lowerBound
    let end = base + range.upperBound
    do throws(Flaw) {
      while p < end { try lines.read(&p, end, into: &self) }
    } catch { flaw = error }
  }
}

/// Reads one line after the other.
private struct LIBSVMLine {
  typealias Bytes = UnsafePointer<UInt8>

  let base: Bytes
  let limit: Int
  let firstIndex: Int

  /// The line at `p`, which moves behind it.
  @inline(__always)
  func read(_ p: inout Bytes, _ end: Bytes, into block: inout LIBSVMBlock) throws(LIBSVMBlock.Flaw) {
    Self.skipBlanks(&p, end)
    if try endsLine(&p, end) { return }
    let word = p
    guard let target = DecimalNumber.parse(&p, end), target.isFinite, isWordEnd(p, end) else {
      throw flaw(word, end, "is no target; expected a finite number at the beginning of the line")
    }
    Self.skipBlanks(&p, end)
    if p < end, p.pointee == UInt8(ascii: "q") { block.groups.append(try group(&p, end)) }
    var last = -1
    while true {
      Self.skipBlanks(&p, end)
      if try endsLine(&p, end) { break }
      let word = p
      guard let index = Self.integer(&p, end), p < end, p.pointee == UInt8(ascii: ":") else {
        throw flaw(word, end, "is no entry; expected index:value")
      }
      p += 1
      guard let value = DecimalNumber.parse(&p, end), isWordEnd(p, end) else {
        throw flaw(word, end, "has no value that is a number; expected index:value")
      }
      guard value.isFinite else { throw flaw(word, end, "is too large; expected a finite number") }
      let column = index - firstIndex
      guard column > last, column < limit else { throw misplaced(word, end, column, last) }
      last = column
      block.indices.append(Int32(truncatingIfNeeded: column))  // below the limit, which 32 bits hold
      block.values.append(value)
    }
    block.features = max(block.features, last + 1)
    block.targets.append(target)
    block.ends.append(block.values.count)
  }

  private func group(_ p: inout Bytes, _ end: Bytes) throws(LIBSVMBlock.Flaw) -> Int {
    let word = p
    for letter in "qid:".utf8 {
      guard p < end, p.pointee == letter else { throw flaw(word, end, "is no entry; expected qid:N or index:value") }
      p += 1
    }
    guard let group = Self.integer(&p, end), isWordEnd(p, end) else {
      throw flaw(word, end, "has no group; expected qid:N with an integer of at least 0")
    }
    return group
  }

  /// Whether the line ends at `p`, be it by a comment; `p` is then behind it.
  @inline(__always)
  private func endsLine(_ p: inout Bytes, _ end: Bytes) throws(LIBSVMBlock.Flaw) -> Bool {
    if p < end, p.pointee == UInt8(ascii: "#") { while p < end, p.pointee != UInt8(ascii: "\n") { p += 1 } }
    if p == end { return true }
    if p.pointee == UInt8(ascii: "\r") {
      guard p + 1 == end || p[1] == UInt8(ascii: "\n") else {
        throw .init(
          offset: p - base, reason: "has a carriage return within it; expected lines that end with a line feed")
      }
      p += 1
      if p == end { return true }
    }
    if p.pointee != UInt8(ascii: "\n") { return false }
    p += 1
    return true
  }

  @inline(__always)
  private static func skipBlanks(_ p: inout Bytes, _ end: Bytes) {
    while p < end, p.pointee == UInt8(ascii: " ") || p.pointee == UInt8(ascii: "\t") { p += 1 }
  }

  @inline(__always)
  private func isWordEnd(_ p: Bytes, _ end: Bytes) -> Bool {
    if p == end { return true }
    switch p.pointee {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): return true
    default: return false
    }
  }

  /// Digits alone; what is beyond 10^15 stays there.
  @inline(__always)
  private static func integer(_ p: inout Bytes, _ end: Bytes) -> Int? {
    let start = p
    var value = 0
    while p < end {
      let digit = p.pointee &- UInt8(ascii: "0")
      if digit > 9 { break }
      if value < 100_000_000_000_000 { value = value * 10 + Int(digit) }
      p += 1
    }
    return p == start ? nil : value
  }

  private func misplaced(_ word: Bytes, _ end: Bytes, _ column: Int, _ last: Int) -> LIBSVMBlock.Flaw {
    if column < 0 {
      return flaw(
        word, end,
        "has index 0; expected indices from 1 (a file that counts from 0 is read with --zero-based, firstIndex: 0)")
    }
    if column <= last {
      return flaw(word, end, "comes after index \(last + firstIndex); expected indices that increase")
    }
    return flaw(word, end, "lies beyond the \(limit) features that were expected")
  }

  private func flaw(_ word: Bytes, _ end: Bytes, _ reason: String) -> LIBSVMBlock.Flaw {
    var p = word
    while p < end, !isWordEnd(p, end) { p += 1 }
    let text = TextFile.excerpt(UnsafeBufferPointer(start: word, count: p - word))
    return .init(offset: word - base, reason: text.isEmpty ? "the line \(reason)" : "'\(text)' \(reason)")
  }
}
