/// What the first bytes of a `.npy` file say: the type of the entries, their order, the shape and where they begin.
///
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0, 2.0 and 3.0.
struct NPYHeader: Equatable {
  /// The entry types that are read. Raw values are NumPy's codes without the byte order.
  enum EntryType: String, CaseIterable {
    case float32 = "f4"
    case float64 = "f8"
    case uint8 = "u1"
    case int32 = "i4"
    case int64 = "i8"

    var size: Int {
      switch self {
      case .uint8: 1
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }

    var isInteger: Bool { self != .float32 && self != .float64 }
  }

  var type: EntryType
  var isBigEndian: Bool
  var isFortranOrder: Bool
  var shape: [Int]
  /// Where the entries begin, in bytes from the start of the file.
  var dataOffset: Int

  /// The number of entries; `parse` has checked that the product fits.
  var count: Int { shape.reduce(1, *) }

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy itself refuses headers beyond 10,000 bytes; plain arrays need about a hundred.
  static let longestHeader = 10_000
  /// What BLAS can address in one dimension.
  static let longestDimension = Int(Int32.max)

  /// Where the dictionary lies that says what the entries are; they begin at its end.
  ///
  /// - Parameters:
  ///   - prefix: the first 12 bytes, or all where there are fewer.
  ///   - size: the size of the whole file.
  static func textRange(
    prefix: [UInt8], size: Int, path: String
  ) throws(DatasetError) -> Range<Int> {
    guard size > 0 else { throw .invalid(path: path, reason: "is empty; expected a NumPy array") }
    guard prefix.count >= 10 else {
      throw .invalid(path: path, reason: "has \(size) bytes; a NumPy array begins with at least 10")
    }
    guard prefix.starts(with: magic) else {
      throw .invalid(path: path, reason: "does not begin with the six bytes \\x93NUMPY: not a NumPy array")
    }
    let (major, minor) = (prefix[6], prefix[7])
    guard (1...3).contains(major), minor == 0 else {
      throw .invalid(path: path, reason: "format version \(major).\(minor) at byte 6; expected 1.0, 2.0 or 3.0")
    }
    let lengthBytes = major == 1 ? 2 : 4
    guard prefix.count >= 8 + lengthBytes else {
      throw .invalid(path: path, reason: "ends within the header length at byte 8")
    }
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(prefix[8 + $1]) << (8 * $1) }
    let start = 8 + lengthBytes
    guard length <= size - start else {
      throw .invalid(
        path: path, reason: "header length \(length) at byte 8, but only \(size - start) bytes follow: truncated")
    }
    guard length <= longestHeader else {
      throw .invalid(path: path, reason: "header length \(length) at byte 8; at most \(longestHeader) is accepted")
    }
    return start..<(start + length)
  }

  /// Reads the dictionary of the header.
  ///
  /// - Parameters:
  ///   - text: the header's bytes after the length field.
  ///   - dataOffset: where the header ends in the file.
  static func parse(_ text: [UInt8], dataOffset: Int, path: String) throws(DatasetError) -> NPYHeader {
    var literal = NPYLiteral(text, base: dataOffset - text.count, path: path)
    let entries = try literal.dictionary()
    var type: (EntryType, Bool)?
    var order: Bool?
    var shape: [Int]?
    for (key, value) in entries {
      switch (key, value) {
      case ("descr", .text(let descriptor)): type = try entryType(descriptor, path: path)
      case ("descr", _):
        throw .invalid(path: path, reason: "holds a structured type; expected plain numbers (\(accepted))")
      case ("fortran_order", .boolean(let value)): order = value
      case ("shape", .integers(let value)): shape = value
      case ("fortran_order", _): throw .invalid(path: path, reason: "header key 'fortran_order' is not True or False")
      case ("shape", _): throw .invalid(path: path, reason: "header key 'shape' is not a tuple of integers")
      default:
        throw .invalid(
          path: path,
          reason: "header key '\(DatasetError.oneLine(key))'; expected only 'descr', 'fortran_order' and 'shape'")
      }
    }
    guard let type else { throw .invalid(path: path, reason: "header key 'descr' is missing") }
    guard let order else { throw .invalid(path: path, reason: "header key 'fortran_order' is missing") }
    guard let shape else { throw .invalid(path: path, reason: "header key 'shape' is missing") }
    var bytes = type.0.size
    for dimension in shape {
      guard dimension <= longestDimension else {
        throw .invalid(path: path, reason: "dimension \(dimension) in 'shape'; at most \(longestDimension) is accepted")
      }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw .invalid(path: path, reason: "shape \(tuple(shape)) overflows an integer") }
      bytes = product
    }
    return NPYHeader(
      type: type.0, isBigEndian: type.1, isFortranOrder: order, shape: shape, dataOffset: dataOffset)
  }

  private static let accepted = "float32, float64, uint8, int32, int64"

  private static func entryType(_ descriptor: String, path: String) throws(DatasetError) -> (EntryType, Bool) {
    let code = descriptor.dropFirst()
    let order = descriptor.first
    if order == "O" || code.hasPrefix("O") {
      throw .invalid(path: path, reason: "holds pickled Python objects, which are not read; expected \(accepted)")
    }
    guard let type = EntryType(rawValue: String(code)), let order, "<>|=".contains(order),
      order != "|" || type.size == 1
    else {
      throw .invalid(
        path: path, reason: "holds entries of type '\(DatasetError.oneLine(descriptor))'; expected \(accepted)")
    }
    return (type, order == ">" || (order == "=" && isBigEndianHost))
  }

  static let isBigEndianHost = 1.bigEndian == 1

  /// A shape as NumPy writes it.
  static func tuple(_ shape: [Int]) -> String {
    "(" + shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? ",)" : ")")
  }

  /// The bytes up to the first entry, version 1.0, padded so that entries begin at a multiple of 64.
  static func bytes(type: EntryType, isFortranOrder: Bool, shape: [Int]) -> [UInt8] {
    let order = type.size == 1 ? "|" : isBigEndianHost ? ">" : "<"
    let dictionary =
      "{'descr': '\(order)\(type.rawValue)', 'fortran_order': \(isFortranOrder ? "True" : "False"), "
      + "'shape': \(tuple(shape)), }"
    let unpadded = 10 + dictionary.utf8.count + 1
    let length = (unpadded + 63) / 64 * 64 - 10
    let padding = String(repeating: " ", count: length - dictionary.utf8.count - 1)
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array((dictionary + padding + "\n").utf8)
  }
}
