import Foundation
public import LinAlg

/// Numbers as people read them.
public enum Format {
  /// Four significant digits, or a dash for nothing.
  public static func number(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.4g", x)
  }

  /// Eleven significant digits, or a dash for nothing: enough to see where two numbers part.
  public static func digits(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.11g", x)
  }

  /// An error: one digit and its exponent.
  public static func error(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.1e", x)
  }

  /// Three digits in at most seven characters, for a column of a table.
  public static func compact(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    if x == 0 || (1e-3..<1e3).contains(x.magnitude) { return String(format: "%.3g", x) }
    return (1e3..<1e6).contains(x.magnitude) ? String(format: "%.0f", x) : String(format: "%.1e", x)
  }

  public static func milliseconds(_ seconds: Double) -> String { String(format: "%.4f", seconds * 1e3) }
}

extension Outcome {
  /// For a column of a table.
  public var word: String {
    switch self {
    case .converged: "converged"
    case .fixedIterations: "as given"
    case .iterationLimit: "limit"
    case .stagnated: "stagnated"
    case .notContracting: "expands"
    case .indefinite: "indefinite"
    case .singular: "singular"
    case .breakdown: "breakdown"
    case .notFinite: "not finite"
    case .outsideDomain: "outside"
    case .notDifferentiable: "jump"
    }
  }
}
