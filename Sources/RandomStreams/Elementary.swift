#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The elementary functions that the normal deviates need, from the C library.
enum Elementary {
  static func logarithm(_ x: Double) -> Double { log(x) }
  static func logarithm(of1Plus x: Double) -> Double { log1p(x) }
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func cosine(_ x: Double) -> Double { cos(x) }
}
