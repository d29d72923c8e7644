/// A `.npy` file built by hand, part by part, so that each part can be wrong.
public struct NPYBytes: Sendable {
  public var version: [UInt8]
  public var descr: String
  public var order: String
  public var shape: String
  public var data: [UInt8]
  /// In place of the dictionary made of the fields above.
  public var dictionary: String?
  /// In place of the true length.
  public var length: Int?

  public init(
    version: [UInt8] = [1, 0], descr: String = "'<f8'", order: String = "False", shape: String = "(2, 3)",
    data: [UInt8] = (0..<6).flatMap { NPYBytes.bytes(of: Double($0).bitPattern) }, dictionary: String? = nil,
    length: Int? = nil
  ) {
    self.version = version
    self.descr = descr
    self.order = order
    self.shape = shape
    self.data = data
    self.dictionary = dictionary
    self.length = length
  }

  public var bytes: [UInt8] {
    let text = dictionary ?? "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    let count = length ?? text.utf8.count
    let lengthBytes = (0..<(version[0] == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + version + lengthBytes + Array(text.utf8) + data
  }

  public static func bytes(of value: some FixedWidthInteger, big: Bool = false) -> [UInt8] {
    withUnsafeBytes(of: big ? value.bigEndian : value.littleEndian) { Array($0) }
  }
}
