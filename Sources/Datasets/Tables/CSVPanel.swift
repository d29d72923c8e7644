internal import LinAlg

/// Reads blocks of rows of a table: into rows that stay in the cache, and from there to the columns.
final class CSVPanel {
  /// The first thing that is wrong with a block.
  struct Flaw {
    var offset: Int
    var row: Int
    var column: Int?
    var reason: String
  }

  private let plan: CSVPlan
  private let X: UnsafeMutablePointer<Double>?
  private let y: UnsafeMutablePointer<Double>
  /// Where the fields of a target of words begin.
  private let places: UnsafeMutableBufferPointer<Int>
  private var panel: UnsafeMutablePointer<Double>
  private var capacity = 0

  /// - Parameters:
  ///   - X: n × p, column-major.
  ///   - y: n numbers where the target is one.
  ///   - places: n where the target is a word.
  init(
    _ plan: CSVPlan, _ X: UnsafeMutablePointer<Double>?, _ y: UnsafeMutablePointer<Double>,
    _ places: UnsafeMutableBufferPointer<Int>
  ) {
    self.plan = plan
    self.X = X
    self.y = y
    self.places = places
    panel = .allocate(capacity: 1)
  }

  deinit { panel.deallocate() }

  /// Reads a block into its rows of X, n of them, y and places; nil where all is well.
  func read(_ block: CSVRecords.Block, _ file: UnsafeBufferPointer<UInt8>, of n: Int) -> Flaw? {
    let p = plan.features
    if capacity < block.rows.count * p {
      panel.deallocate()
      capacity = block.rows.count * p
      panel = .allocate(capacity: capacity)
    }
    let bytes = UnsafeBufferPointer(rebasing: file[..<block.bytes.upperBound])
    var next = block.bytes.lowerBound
    var flaw: Flaw?
    for (k, row) in block.rows.enumerated() {
      flaw = plan.uses.withUnsafeBufferPointer { read(row, of: $0, bytes, &next, into: panel + k * p) }
      if flaw != nil { return flaw }
    }
    if p > 0, let X {
      Double._transpose(p, block.rows.count, panel, p, X + block.rows.lowerBound, n)
    }
    return nil
  }

  @inline(__always)
  private func read(
    _ row: Int, of uses: UnsafeBufferPointer<CSVPlan.Use>, _ bytes: UnsafeBufferPointer<UInt8>, _ next: inout Int,
    into out: UnsafeMutablePointer<Double>
  ) -> Flaw? {
    let start = next
    for c in 0..<uses.count {
      let end: CSVField.End
      switch uses[c] {
      case .feature(let k):
        if let plain = plainNumber(bytes, &next) {
          out[k] = plain.value
          end = plain.end
        } else {
          switch number(bytes, &next) {
          case .success(let found): (out[k], end) = found
          case .failure(let error): return Flaw(offset: start, row: row, column: c, reason: error.reason)
          }
        }
      case .target where !plan.targetIsText:
        switch number(bytes, &next) {
        case .success(let found): (y[row], end) = found
        case .failure(let error): return Flaw(offset: start, row: row, column: c, reason: error.reason)
        }
      case let use:
        do throws(CSVField.Flaw) {
          let field = try CSVField.read(bytes, at: next)
          if use == .target {
            if field.isMissing(bytes) {
              return Flaw(offset: start, row: row, column: c, reason: Self.missing(field, bytes))
            }
            places[row] = next
          }
          (next, end) = (field.next, field.end)
        } catch { return Flaw(offset: start, row: row, column: c, reason: error.reason) }
      }
      if (end == .record) != (c == uses.count - 1) { return miscount(row, bytes, start) }
    }
    return nil
  }

  /// A number with nothing around it: nearly every field.
  @inline(__always)
  private func plainNumber(
    _ bytes: UnsafeBufferPointer<UInt8>, _ next: inout Int
  ) -> (value: Double, end: CSVField.End)? {
    guard let base = bytes.baseAddress else { return nil }
    var p = base + next
    let limit = base + bytes.count
    guard let value = DecimalNumber.parse(&p, limit), value.isFinite else { return nil }
    if p < limit, p.pointee == UInt8(ascii: ",") {
      next = p + 1 - base
      return (value, .comma)
    }
    if p < limit, p.pointee == UInt8(ascii: "\r") { p += 1 }
    if p < limit, p.pointee != UInt8(ascii: "\n") { return nil }
    next = min(p + 1 - base, bytes.count)
    return (value, .record)
  }

  /// A number in a field of any form.
  private func number(
    _ bytes: UnsafeBufferPointer<UInt8>, _ next: inout Int
  ) -> Result<(Double, CSVField.End), CSVField.Flaw> {
    Result { () throws(CSVField.Flaw) in
      let field = try CSVField.read(bytes, at: next)
      let text = field.trimmed(bytes)
      guard let value = DecimalNumber.value(of: text) else {
        throw CSVField.Flaw(
          offset: next,
          reason: field.isMissing(bytes)
            ? Self.missing(field, bytes) : "'\(TextFile.excerpt(text))' is not a number; expected a finite number")
      }
      guard value.isFinite else {
        throw CSVField.Flaw(offset: next, reason: "'\(TextFile.excerpt(text))' is too large; expected a finite number")
      }
      next = field.next
      return (value, field.end)
    }
  }

  private static func missing(_ field: CSVField, _ bytes: UnsafeBufferPointer<UInt8>) -> String {
    let text = field.trimmed(bytes)
    return
      "the value is missing\(text.isEmpty ? "" : " ('\(TextFile.excerpt(text))')"); expected one in every row: leave out the row or fill it in"
  }

  /// What is wrong with a row that has too many fields or too few.
  private func miscount(_ row: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Flaw {
    var (count, next) = (0, start)
    while let field = try? CSVField.read(bytes, at: next) {
      count += 1
      next = field.next
      if field.end == .record {
        let isEmpty = count == 1 && field.content.isEmpty
        return Flaw(
          offset: start, row: row,
          reason: "\(isEmpty ? "is empty" : "has \(count) fields"); expected \(plan.uses.count), as line 1 has")
      }
    }
    return Flaw(offset: start, row: row, reason: "has a quote that does not close; expected \(plan.uses.count) fields")
  }
}
