#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The elementary functions that the normal deviates need, from the C library.
enum Elementary {
  static func natural(logOf x: Double) -> Double { log(x) }
  static func natural(logOf1Plus x: Double) -> Double { log1p(x) }
  static func natural(expOf x: Double) -> Double { exp(x) }
  static func cosine(_ x: Double) -> Double { cos(x) }
}
