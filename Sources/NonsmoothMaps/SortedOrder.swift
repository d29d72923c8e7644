import LinAlg

/// Orders of the entries of a vector.
enum SortedOrder {
  /// The coordinates by falling u, or by falling |u|; equal ones in their order. NaNs may stand anywhere.
  ///
  /// By three or six passes over digits of 11 bits of what floating-point numbers are as integers: their order is that of the numbers. Short vectors
  /// are sorted by comparisons.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func falling<Element: Scalar>(_ u: Vector<Element>, magnitudes: Bool) -> [Int] {
    let (n, p) = (u.count, u.base)
    if n < 512 || n > Int(Int32.max) {
      var order = Array(0..<n)
      if magnitudes {
        order.sort { (p[$0].magnitude, $1) > (p[$1].magnitude, $0) }
      } else {
        order.sort { (p[$0], $1) > (p[$1], $0) }
      }
      return order
    }
    let bits = MemoryLayout<Element>.size * 8
    var items = (0..<n).map { Item(key: key(magnitudes ? p[$0].magnitude : p[$0]), index: Int32($0)) }
    var room = items
    let digit: UInt64 = 2047
    var shift: UInt64 = 0
    while shift < UInt64(bits) {
      var starts = Array(repeating: 0, count: 2048)
      for item in items { starts[Int(item.key >> shift & digit)] += 1 }
      // A digit that all share needs no pass.
      if starts[Int(items[0].key >> shift & digit)] < n {
        var next = 0
        for d in 0..<2048 { (starts[d], next) = (next, next + starts[d]) }
        room.withUnsafeMutableBufferPointer { room in
          starts.withUnsafeMutableBufferPointer { starts in
            for item in items {
              let d = Int(item.key >> shift & digit)
              room[starts[d]] = item
              starts[d] += 1
            }
          }
        }
        swap(&items, &room)
      }
      shift += 11
    }
    return items.map { Int($0.index) }
  }

  private struct Item {
    var key: UInt64
    var index: Int32
  }

  /// An integer that falls where x rises; both zeros have the same.
  @inline(__always)
  private static func key<Element: Scalar>(_ x: Element) -> UInt64 {
    let isNegative = x < 0
    let n = x.magnitude
    if MemoryLayout<Element>.size == 4 {
      let pattern = UInt64(Float(n).bitPattern)
      return isNegative ? 0x8000_0000 + pattern : 0x7FFF_FFFF - pattern
    }
    let pattern = Double(n).bitPattern
    return isNegative ? 0x8000_0000_0000_0000 + pattern : 0x7FFF_FFFF_FFFF_FFFF - pattern
  }
}
