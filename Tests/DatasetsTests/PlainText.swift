import Foundation

/// Text formats read the plain way, byte by byte and by the C library, to compare with. Only what is sound is given to it.
enum PlainText {
  /// All of the text as the C library reads it.
  static func number(_ text: String) -> Double? {
    let text = text.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
    return text.withCString { start in
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(start, &end)
      let isWhole = end.map { UnsafePointer($0) } == start + Int(strlen(start))
      return isWhole && !text.isEmpty ? value : nil
    }
  }

  /// The fields of every record, the names first; empty lines at the end are left out.
  static func csv(_ bytes: [UInt8]) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field: [UInt8] = []
    var (isQuoted, wasQuoted) = (false, false)
    func endField() {
      if !wasQuoted, field.last == UInt8(ascii: "\r") { field.removeLast() }
      row.append(String(decoding: field, as: UTF8.self))
      (field, wasQuoted) = ([], false)
    }
    for (i, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "\"") where isQuoted: isQuoted = false
      case UInt8(ascii: "\"") where wasQuoted && i > 0 && bytes[i - 1] == byte:
        field.append(byte)
        isQuoted = true
      case UInt8(ascii: "\""): (isQuoted, wasQuoted) = (true, true)
      case UInt8(ascii: ",") where !isQuoted: endField()
      case UInt8(ascii: "\n") where !isQuoted:
        endField()
        rows.append(row)
        row = []
      case UInt8(ascii: "\r") where !isQuoted && wasQuoted: break
      default: field.append(byte)
      }
    }
    endField()
    rows.append(row)
    while let last = rows.last, last == [""] || last == ["\r"] { rows.removeLast() }
    return rows
  }

  static func libsvm(_ bytes: [UInt8], features: Int) -> [(target: Double, features: [Double])] {
    bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let text = line.prefix { $0 != UInt8(ascii: "#") }
      let words = text.split { [32, 9, 13].contains($0) }.map { String(decoding: $0, as: UTF8.self) }
      guard let first = words.first, let target = number(first) else { return nil }
      var row = [Double](repeating: 0, count: features)
      for word in words.dropFirst() where !word.hasPrefix("qid") {
        let parts = word.split(separator: ":")
        row[Int(parts[0])! - 1] = number(String(parts[1]))!
      }
      return (target, row)
    }
  }
}
