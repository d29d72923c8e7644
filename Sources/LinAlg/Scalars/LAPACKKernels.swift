internal import CLapack

/// `'L'`, as LAPACK's character arguments are typed.
let lower = CChar(UInt8(ascii: "L"))

/// The LAPACK calls this package makes, one requirement each, column-major, through LAPACKE's `_work` functions (no NaN
/// check, no hidden allocation). Each returns LAPACK's `info`: 0 for success, k > 0 for a numerical failure at k.
public protocol _LAPACKKernels {
  /// Cholesky A = L Lᵀ in the lower triangle; LAPACK's info.
  static func _potrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int
}

extension Float {
  public static func _potrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int {
    Int(LAPACKE_spotrf_work(LAPACK_COL_MAJOR, lower, blasInteger(n), a, blasInteger(lda)))
  }
}

extension Double {
  public static func _potrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int {
    Int(LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, lower, blasInteger(n), a, blasInteger(lda)))
  }
}
