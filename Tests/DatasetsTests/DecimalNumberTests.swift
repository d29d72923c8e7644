import RandomStreams
import TestSupport
import Testing

@testable import Datasets

@Suite struct DecimalNumberTests {
  private func value(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBufferPointer { DecimalNumber.value(of: $0) }
  }

  /// The standard library's own reading is the independent answer: both are to be the double nearest to the decimal number.
  private func compare(_ text: String, _ location: SourceLocation = #_sourceLocation) {
    guard let expected = Double(text) else {
      Issue.record("the test's own text '\(text)' is no number", sourceLocation: location)
      return
    }
    #expect(value(text)?.bitPattern == expected.bitPattern, "\(text)", sourceLocation: location)
  }

  @Test func everyDoubleComesBack() {
    var random = RandomStream(seed: 1)
    for _ in 0..<20_000 {
      let x = Double(bitPattern: random.next())
      guard x.isFinite else { continue }
      #expect(value("\(x)")?.bitPattern == x.bitPattern)
      // The same in the range where data lie, whose exponents take the short way.
      let y = (random.nextUniform() - 0.5) * [1e-3, 1, 1e4, 1e12, 1e20][random.nextIndex(below: 5)]
      #expect(value("\(y)")?.bitPattern == y.bitPattern)
    }
  }

  @Test func randomDigitsAreRoundedCorrectly() {
    var random = RandomStream(seed: 2)
    for _ in 0..<20_000 {
      let count = 1 + random.nextIndex(below: 21)
      let digits = String((0..<count).map { _ in Character("\(random.nextIndex(below: 10))") })
      let point = random.nextIndex(below: count + 1)
      let exponent = random.nextIndex(below: 70) - 35
      compare("\(digits.prefix(point)).\(digits.dropFirst(point))e\(exponent)".replacingPoint)
      compare(digits + "e\(exponent)")
      compare("-" + digits)
    }
  }

  /// Half-way between two doubles, and one digit to either side: 2⁵³ + 1 + 2k is no double, nor is it divided by a power of ten that goes into it.
  @Test func halfWayCasesGoToEven() {
    for k in 0..<200 {
      let w = (UInt64(1) << 53) + 1 + 2 * UInt64(k)
      for text in ["\(w)", "\(w)0e-1", "\(w)000e-3", "\(w)00", "\(w)0"] { compare(text) }
      for power in 1...27 { compare("\(w * 100 + 50)e-\(power)") }
      compare("\(w).0000001")
      compare("\(w - 1).9999999")
    }
  }

  @Test(arguments: [
    "0", "-0", "+1", "1.", ".5", "-.5e-3", "00012", "1e5", "1E+5", "1e-5", "5e-324", "2e-324",
    "2.4703282292062327e-324",
    "1.7976931348623157e308", "1.7976931348623159e308", "1e400", "1e-400", "1e99999999999999999999",
    "1e-99999999999999999999",
    "0e99999999999999999999", "9007199254740993", "18446744073709551615", "9999999999999999999", "99999999999999999999",
    "0.1", "0.000000000000000000000000000000001", "1e23", "8.5e22", "9.5367431640625e-7",
    "123456789012345678901234567890",
    "1e22", "1e-22", "1e27", "1e-27", "9007199254740993e-27", "9999999999999999999e27", "9999999999999999999e-27",
  ]) func numbers(text: String) {
    // What the standard library does not take in this form it takes in a longer one.
    let plain = text.replacingPoint
    #expect(value(text)?.bitPattern == Double(plain)!.bitPattern)
  }

  @Test(arguments: [
    "", "-", "+", ".", "e5", "-e5", "1e", "1e+", "1 ", " 1", "0x10", "1_000", "inf", "nan", "NaN", "1,5", "--1",
    "1.2.3", "1e5.5",
    "１", "1\0",
  ]) func noNumbers(text: String) { #expect(value(text) == nil) }

  @Test func theRestIsLeftAlone() {
    let bytes = Array("1.5e-3e7".utf8)
    bytes.withUnsafeBufferPointer { buffer in
      var p = buffer.baseAddress!
      #expect(DecimalNumber.parse(&p, p + buffer.count) == 1.5e-3)
      #expect(p - buffer.baseAddress! == 6)
    }
  }
}

extension String {
  /// With a digit on either side of a point.
  fileprivate var replacingPoint: String {
    guard let point = firstIndex(of: ".") else { return self }
    var text = self
    let after = index(after: point)
    if after == endIndex || !self[after].isNumber { text.insert("0", at: after) }
    if point == startIndex || !self[index(before: point)].isNumber { text.insert("0", at: point) }
    return text
  }
}
