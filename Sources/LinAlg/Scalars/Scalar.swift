public import RealModule

/// A real number type that BLAS and LAPACK compute with: `Float` or `Double`.
///
/// Everything in this package is written once against this protocol. Its requirements beyond `Real` are the private
/// vocabulary of kernels (underscored, one concrete call each); they are not for callers, and no other type can
/// usefully conform.
public protocol Scalar: Real, BinaryFloatingPoint, Sendable, _BLASKernels, _LAPACKKernels, _ElementwiseKernels {
  /// `"float32"` or `"float64"`, as array file formats call it.
  static var typeName: String { get }
}

extension Float: Scalar {
  public static var typeName: String { "float32" }
}

extension Double: Scalar {
  public static var typeName: String { "float64" }
}

/// Converts a count to BLAS's 32-bit integer.
///
/// - Precondition: the count fits. A dimension above 2³¹ − 1 cannot be given to this BLAS.
@inline(__always)
func blasInteger(_ n: Int) -> Int32 {
  guard let n32 = Int32(exactly: n) else {
    preconditionFailure("LinAlg: dimension \(n) exceeds what a 32-bit BLAS can address (\(Int32.max))")
  }
  return n32
}
