import Foundation

/// Numbers as people read them.
public enum Format {
  /// Four significant digits, or a dash for nothing.
  public static func number(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.4g", x)
  }

  /// An error: one digit and its exponent.
  public static func error(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    return String(format: "%.1e", x)
  }

  public static func milliseconds(_ seconds: Double) -> String { String(format: "%.4f", seconds * 1e3) }
}
