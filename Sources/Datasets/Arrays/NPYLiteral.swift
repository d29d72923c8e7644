/// Reads the one form of Python literal that heads a `.npy` file: a dictionary of strings to a string, a boolean, a
/// tuple of integers or (recognised so that it can be named, not understood) a list.
struct NPYLiteral {
  enum Value: Equatable {
    case text(String)
    case boolean(Bool)
    case integers([Int])
    case list
  }

  private let bytes: [UInt8]
  private let base: Int
  private let path: String
  private var position = 0

  /// - Parameter base: where `bytes` begin in the file, so that messages can name the place.
  init(_ bytes: [UInt8], base: Int, path: String) {
    self.bytes = bytes
    self.base = base
    self.path = path
  }

  /// The keys and values in their order; no key twice, nothing but blanks after the closing brace.
  mutating func dictionary() throws(DatasetError) -> [(key: String, value: Value)] {
    var entries: [(key: String, value: Value)] = []
    try expect("{")
    while peek() != UInt8(ascii: "}") {
      let key = try string()
      guard !entries.contains(where: { $0.key == key }) else {
        throw .invalid(path: path, reason: "header key '\(DatasetError.oneLine(key))' twice")
      }
      try expect(":")
      let value = try value()
      entries.append((key, value))
      // What follows a list is of no use: the caller refuses structured types.
      if value == .list { return entries }
      guard skip(",") else { break }
    }
    try expect("}")
    if let rest = peek() { throw wrong("the end of the header", rest) }
    return entries
  }

  private mutating func value() throws(DatasetError) -> Value {
    switch peek() {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "("): return .integers(try integers())
    case UInt8(ascii: "["): return .list
    case let other:
      if skip("True") { return .boolean(true) }
      if skip("False") { return .boolean(false) }
      throw wrong("a string, True, False or a tuple", other)
    }
  }

  private mutating func string() throws(DatasetError) -> String {
    let quote = peek()
    guard let quote, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw wrong("a string", quote) }
    position += 1
    guard let end = bytes[position...].firstIndex(of: quote) else { throw wrong("the end of a string", nil) }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  private mutating func integers() throws(DatasetError) -> [Int] {
    var result: [Int] = []
    try expect("(")
    while peek() != UInt8(ascii: ")") {
      guard result.count < 32 else { throw .invalid(path: path, reason: "a shape of more than 32 dimensions") }
      result.append(try integer())
      if !skip(",") {
        // In Python `(6)` is a number.
        if result.count == 1 { throw wrong("',', since a tuple of one number ends in a comma", peek()) }
        break
      }
    }
    try expect(")")
    return result
  }

  private mutating func integer() throws(DatasetError) -> Int {
    let first = peek()
    if first == UInt8(ascii: "-") { throw .invalid(path: path, reason: "a negative dimension in 'shape'") }
    guard let first, isDigit(first) else { throw wrong("a dimension", first) }
    var result = 0
    let start = position
    while position < bytes.count, isDigit(bytes[position]) {
      let (tens, overflow) = result.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw .invalid(path: path, reason: "a dimension in 'shape' overflows an integer") }
      result = sum
      position += 1
    }
    // Python takes `0` and `00`, but no other number that begins so.
    if first == UInt8(ascii: "0"), result > 0 {
      throw .invalid(path: path, reason: "a dimension at byte \(base + start) of the header begins with 0")
    }
    // Python 2 wrote long integers with a suffix.
    _ = skip("L")
    return result
  }

  private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// The next byte that is not blank, without taking it.
  private mutating func peek() -> UInt8? {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func skip(_ token: StaticString) -> Bool {
    _ = peek()
    let matches = token.withUTF8Buffer { token in bytes[position...].starts(with: token) }
    if matches { position += token.utf8CodeUnitCount }
    return matches
  }

  private mutating func expect(_ token: StaticString) throws(DatasetError) {
    if !skip(token) { throw wrong("'\(token)'", peek()) }
  }

  private func wrong(_ expected: String, _ found: UInt8?) -> DatasetError {
    let what =
      found.map { (0x21...0x7E).contains($0) ? "'\(Unicode.Scalar($0))'" : "byte \($0)" } ?? "the end of the header"
    return .invalid(path: path, reason: "\(what) at byte \(base + position) of the header; expected \(expected)")
  }
}
