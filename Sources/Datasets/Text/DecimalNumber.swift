/// Decimal numbers in text as doubles: rounded correctly, whatever the locale.
///
/// Nearly all numbers in files have at most 19 digits w and an exponent e from −27 to 27. Then w and 5^|e| fit in 64 bits each, w · 10^e is
/// (w · 5^e) · 2^e or (w / 5^|e|) · 2^e, and an integer product or quotient with its remainder says exactly how to round. What is longer or
/// further out goes to the standard library.
enum DecimalNumber {
  /// Reads the number that begins at `p` and moves `p` behind it.
  ///
  /// A sign, digits with or without a point, an exponent: `-1`, `.5`, `5.`, `1e-3`. No words and no hexadecimals. What is too large is
  /// infinite, what is too small is zero.
  ///
  /// - Returns: nil, with `p` where it was, where no number begins.
  @inline(__always)
  static func parse(_ p: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double? {
    var q = p
    var isNegative = false
    if q < end, q.pointee == UInt8(ascii: "-") || q.pointee == UInt8(ascii: "+") {
      isNegative = q.pointee == UInt8(ascii: "-")
      q += 1
    }
    let start = q
    var w: UInt64 = 0
    q = digits(q, end, &w)
    var count = q - start
    var exponent = 0
    if q < end, q.pointee == UInt8(ascii: ".") {
      let first = q + 1
      q = digits(first, end, &w)
      exponent = first - q
      count -= exponent
    }
    if count == 0 { return nil }
    if q < end, q.pointee | 0x20 == UInt8(ascii: "e") { exponent += power(&q, end) }
    let magnitude =
      (count <= 19 ? exact(w, exponent) : nil)
      ?? Double(String(decoding: UnsafeBufferPointer(start: start, count: q - start), as: UTF8.self))
    guard let magnitude else { return nil }
    p = q
    return isNegative ? -magnitude : magnitude
  }

  /// The number that is all of `bytes`; nil where they are none, or more than one.
  static func value(of bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    guard var p = bytes.baseAddress else { return nil }
    let end = p + bytes.count
    let value = parse(&p, end)
    return p == end ? value : nil
  }

  /// Adds digits to w, which wraps around beyond 19 of them, and moves on to what is none.
  @inline(__always)
  private static func digits(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ w: inout UInt64
  ) -> UnsafePointer<UInt8> {
    var q = start
    while q < end {
      let digit = q.pointee &- UInt8(ascii: "0")
      if digit > 9 { break }
      w = w &* 10 &+ UInt64(digit)
      q += 1
    }
    return q
  }

  /// The exponent whose `e` is at `q`, with `q` moved behind it; 0, with `q` left, where digits are missing.
  private static func power(_ q: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
    var r = q + 1
    var isNegative = false
    if r < end, r.pointee == UInt8(ascii: "-") || r.pointee == UInt8(ascii: "+") {
      isNegative = r.pointee == UInt8(ascii: "-")
      r += 1
    }
    let first = r
    var e = 0
    while r < end, r.pointee &- UInt8(ascii: "0") <= 9 {
      // Far beyond what a double can be, and far from what an integer cannot.
      if e < 1_000_000 { e = e * 10 + Int(r.pointee &- UInt8(ascii: "0")) }
      r += 1
    }
    if r == first { return 0 }
    q = r
    return isNegative ? -e : e
  }

  private static let powersOfFive: [UInt64] = [
    1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1_953_125, 9_765_625, 48_828_125, 244_140_625, 1_220_703_125,
    6_103_515_625, 30_517_578_125, 152_587_890_625, 762_939_453_125, 3_814_697_265_625, 19_073_486_328_125,
    95_367_431_640_625, 476_837_158_203_125, 2_384_185_791_015_625, 11_920_928_955_078_125, 59_604_644_775_390_625,
    298_023_223_876_953_125, 1_490_116_119_384_765_625, 7_450_580_596_923_828_125,
  ]

  /// Powers of ten that are doubles exactly.
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  /// w · 10^e rounded to nearest, ties to even; nil where e is out of reach.
  @inline(__always)
  static func exact(_ w: UInt64, _ e: Int) -> Double? {
    if e == 0 || w == 0 { return Double(w) }
    // Of two exact doubles one quotient or product is rounded once.
    if w <= 1 << 53, (-22...22).contains(e) {
      return e < 0 ? Double(w) / powersOfTen[-e] : Double(w) * powersOfTen[e]
    }
    guard (-27...27).contains(e) else { return nil }
    return e < 0 ? quotient(w, -e) : product(w, e)
  }

  /// w / 10^k.
  private static func quotient(_ w: UInt64, _ k: Int) -> Double {
    let d = powersOfFive[k]
    let (a, b) = (w << UInt64(w.leadingZeroBitCount), d << UInt64(d.leadingZeroBitCount))
    // Both begin with a 1, so a/b lies between 1/2 and 2, and shifted so that it lies in [2⁶³, 2⁶⁴) it has 64 bits.
    let isLess = a < b
    let (q, rest) = b.dividingFullWidth(isLess ? (a, 0) : (a >> 1, a << 63))
    let exponent = d.leadingZeroBitCount - w.leadingZeroBitCount - k - (isLess ? 64 : 63)
    return rounded(q, rest != 0, exponent)
  }

  /// w · 10^e.
  private static func product(_ w: UInt64, _ e: Int) -> Double {
    let (high, low) = w.multipliedFullWidth(by: powersOfFive[e])
    let shift = high.leadingZeroBitCount
    if high == 0 {
      let zeros = low.leadingZeroBitCount
      return rounded(low << UInt64(zeros), false, e - zeros)
    }
    let top = shift == 0 ? high : high << UInt64(shift) | low >> UInt64(64 - shift)
    return rounded(top, low << UInt64(shift) != 0, e + 64 - shift)
  }

  /// q · 2^exponent and, where `hasMore`, less than one unit of q more; q begins with a 1.
  private static func rounded(_ q: UInt64, _ hasMore: Bool, _ exponent: Int) -> Double {
    var m = q >> 11
    let rest = q & 0x7FF
    if rest > 0x400 || (rest == 0x400 && (hasMore || m & 1 == 1)) { m += 1 }
    // 10^−27 to 10^46: neither factor nor product is near an end of the range, and a power of two rounds nothing.
    return Double(m) * Double(bitPattern: UInt64(exponent + 11 + 1023) << 52)
  }
}
