/// A parameter outside the domain of a map: which one, its value and what was expected.
public struct ParameterViolation: Error, Sendable, Equatable, CustomStringConvertible {
  /// The entry of λ, counted from 0.
  public var index: Int
  /// Every Float is a Double exactly.
  public var value: Double
  /// For example `a strength of at least 0`.
  public var expected: String

  public init(index: Int, value: Double, expected: String) {
    self.index = index
    self.value = value
    self.expected = expected
  }

  /// The first entry that is NaN or infinite, or nil.
  public static func notFinite<Element: Scalar>(in λ: Vector<Element>) -> ParameterViolation? {
    λ.firstNonFinite.map { ParameterViolation(index: $0, value: Double(λ[$0]), expected: "a finite number") }
  }

  /// The first entry that is negative, NaN or infinite, or nil.
  public static func negative<Element: Scalar>(in λ: Vector<Element>, expected: String) -> ParameterViolation? {
    if let violation = notFinite(in: λ) { return violation }
    for i in 0..<λ.count where λ[i] < 0 {
      return ParameterViolation(index: i, value: Double(λ[i]), expected: expected)
    }
    return nil
  }

  /// Whether the value is no number at all: then it is a NaN or an infinity that came from somewhere, not a choice.
  package var isNotFinite: Bool { !value.isFinite }

  public var description: String { "parameter \(index) is \(value); expected \(expected)" }

  public static func == (a: ParameterViolation, b: ParameterViolation) -> Bool {
    // A NaN is the same violation as itself.
    a.index == b.index && a.expected == b.expected && (a.value == b.value || (a.value.isNaN && b.value.isNaN))
  }
}
