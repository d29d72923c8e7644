import ArgumentParser
import CommandSupport
import Datasets
import LinAlg

/// What the penalty makes of each feature: factors of strengths, and bounds.
struct FactorOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A factor of the 1-norm's strength for every feature, at least 0; a feature of factor 0 is never penalized.",
      valueName: "FILE.npy"))
  var penaltyFactors: String?
  @Option(
    help: ArgumentHelp("A factor of the ridge for every feature, at least 0 (default: ones).", valueName: "FILE.npy"))
  var ridgeFactors: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The adaptive lasso: divide strengths by |v|^GAMMA, v a ridge's fit to the same rows.", valueName: "GAMMA"),
    transform: Arguments.number)
  var adaptive: Double?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The least every coefficient may be, at most 0.", valueName: "NUMBER|FILE.npy"))
  var lower: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The most every coefficient may be, at least 0.", valueName: "NUMBER|FILE.npy"))
  var upper: String?

  var hasBounds: Bool { lower != nil || upper != nil }

  /// The options that name files.
  var files: [String] {
    [penaltyFactors, ridgeFactors, lower, upper].compactMap { $0 }.filter { $0.hasSuffix(".npy") }
  }

  func check(_ penalty: TunePenalty) throws {
    try Arguments.refuseEmpty([
      "--penalty-factors": penaltyFactors, "--ridge-factors": ridgeFactors, "--lower": lower, "--upper": upper,
    ])
    let isL1 = penalty == .lasso || penalty == .elasticNet
    guard isL1 || (penaltyFactors == nil && adaptive == nil && !hasBounds) else {
      throw ValidationError("--penalty-factors, --adaptive, --lower and --upper go with lasso and elastic-net")
    }
    guard penalty == .elasticNet || ridgeFactors == nil else {
      throw ValidationError("--ridge-factors goes with elastic-net")
    }
    if let adaptive, !(adaptive > 0 && adaptive.isFinite) {
      throw ValidationError("--adaptive: \(adaptive) is not a positive number")
    }
    for (option, text) in [("--lower", lower), ("--upper", upper)] {
      guard let text, !text.hasSuffix(".npy") else { continue }
      guard let value = Double(text), !value.isNaN, option == "--lower" ? value <= 0 : value >= 0 else {
        throw ValidationError(
          "\(option): '\(text)' is not a number of at \(option == "--lower" ? "most" : "least") 0, nor a .npy file")
      }
    }
  }

  /// What the files hold, for p features.
  func read(features p: Int) throws(DatasetError) -> FeatureFactors {
    let factors = FeatureFactors(
      penalty: try Self.factors(penaltyFactors, p), ridge: try Self.factors(ridgeFactors, p), adaptive: adaptive,
      bounds: hasBounds
        ? (
          try Self.bounds(lower, p, -.infinity, "most") { $0 <= 0 },
          try Self.bounds(upper, p, .infinity, "least") { $0 >= 0 }
        ) : nil)
    if let (lower, upper) = factors.bounds, lower.maxNorm == 0, upper.maxNorm == 0 {
      throw .invalid(path: "--lower and --upper", reason: "are 0 for every feature, which leaves nothing to fit")
    }
    return factors
  }

  private static func factors(_ path: String?, _ p: Int) throws(DatasetError) -> Vector<Double>? {
    guard let path else { return nil }
    let factors = try numbers(path, p, "a factor of at least 0") { $0 >= 0 && $0.isFinite }
    guard factors.maxNorm > 0 else {
      throw .invalid(path: path, reason: "holds zeros alone, so that no strength matters; expected some factor above 0")
    }
    return factors
  }

  private static func bounds(
    _ text: String?, _ p: Int, _ none: Double, _ side: String, _ isAllowed: (Double) -> Bool
  ) throws(DatasetError) -> Vector<Double> {
    guard let text else { return Vector(repeating: none, count: p) }
    if let value = Double(text) { return Vector(repeating: value, count: p) }
    return try numbers(text, p, "a bound of at \(side) 0", isAllowed)
  }

  private static func numbers(
    _ path: String, _ p: Int, _ expected: String, _ isAllowed: (Double) -> Bool
  ) throws(DatasetError) -> Vector<Double> {
    let values = try NPY.vector(at: path, as: Double.self, allowsNonFinite: true)
    guard values.count == p else {
      throw .invalid(path: path, reason: "holds \(values.count) entries; expected \(p), one per feature")
    }
    if let bad = values.indices.first(where: { !isAllowed(values[$0]) }) {
      throw .invalid(path: path, reason: "entry \(bad) is \(values[bad]); expected \(expected)")
    }
    return values
  }
}

/// Factors and bounds of p features; nil where nothing is said.
struct FeatureFactors {
  var penalty: Vector<Double>?
  var ridge: Vector<Double>?
  /// The exponent of the adaptive lasso.
  var adaptive: Double?
  /// In the units of the data.
  var bounds: (lower: Vector<Double>, upper: Vector<Double>)?

  /// What decides the numbers of a search.
  func add(to sum: inout Checksum) {
    let none = Vector<Double>.zeros(0)
    for x in [penalty, ridge, bounds?.lower, bounds?.upper] {
      sum.add([x?.count ?? -1])
      sum.add(x ?? none)
    }
    sum.add(Vector([adaptive ?? 0]))
  }
}
