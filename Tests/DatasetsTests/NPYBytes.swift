/// A `.npy` file built by hand, part by part, so that each part can be wrong.
struct NPYBytes {
  var version: [UInt8] = [1, 0]
  var descr = "'<f8'"
  var order = "False"
  var shape = "(2, 3)"
  var data: [UInt8] = (0..<6).flatMap { bytes(of: Double($0).bitPattern) }
  /// In place of the dictionary made of the fields above.
  var dictionary: String?
  /// In place of the true length.
  var length: Int?

  var bytes: [UInt8] {
    let text = dictionary ?? "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    let count = length ?? text.utf8.count
    let lengthBytes = (0..<(version[0] == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + version + lengthBytes + Array(text.utf8) + data
  }

  static func bytes(of value: some FixedWidthInteger, big: Bool = false) -> [UInt8] {
    withUnsafeBytes(of: big ? value.bigEndian : value.littleEndian) { Array($0) }
  }
}
