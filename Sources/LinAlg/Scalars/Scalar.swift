public import RealModule

/// A real number type that BLAS and LAPACK compute with: `Float` or `Double`.
///
/// Everything in this package is written once against this protocol. It is for these two types alone: what is computed with another
/// one ends the program with a message that says so.
public protocol Scalar: Real, BinaryFloatingPoint, Sendable {
  /// `"float32"` or `"float64"`, as array file formats call it.
  static var typeName: String { get }
}

extension Float: Scalar {
  public static var typeName: String { "float32" }
}

extension Double: Scalar {
  public static var typeName: String { "float64" }
}
