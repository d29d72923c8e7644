import RandomStreams

/// What the generator draws beyond the random stream's own deviates.
extension RandomStream {
  mutating func chance(_ probability: Double) -> Bool { nextUniform() < probability }
  mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * nextUniform() }
  /// Ten to a uniform power.
  mutating func decade(_ low: Double, _ high: Double) -> Double { DecimalPower.value(uniform(low, high)) }
  mutating func index(_ low: Int, _ high: Int) -> Int { low + nextIndex(below: high - low + 1) }
  mutating func pick<T>(_ values: [T]) -> T { values[nextIndex(below: values.count)] }
  mutating func normals(_ count: Int) -> [Double] { (0..<count).map { _ in nextNormal() } }
}

enum DecimalPower {
  /// 10ˣ, by way of the extended exponential, so that it has the same bits everywhere.
  static func value(_ x: Double) -> Double {
    (DoubleDouble(x) * DoubleDouble(2.302585092994046)).exponential().value
  }
}
