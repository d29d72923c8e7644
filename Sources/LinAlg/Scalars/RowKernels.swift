internal import CKernels

// Kernels on matrices that lie row by row (rows.inc); see Kernels.swift.

extension Scalar {
  /// y ← α A x + β y, A n×p with entries of this type.
  package static func _rowsDot(
    _ n: Int, _ p: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_rows_dot_d(n, p, a.recast(), lda, α.recast(), x.recast(), β.recast(), y.recast())
    } else {
      ck_rows_dot_s(n, p, a.recast(), lda, α.recast(), x.recast(), β.recast(), y.recast())
    }
  }

  /// out ← out + α Aᵀ c.
  package static func _rowsAdd(
    _ n: Int, _ p: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ α: Self, _ c: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_rows_add_d(n, p, a.recast(), lda, α.recast(), c.recast(), out.recast())
    } else {
      ck_rows_add_s(n, p, a.recast(), lda, α.recast(), c.recast(), out.recast())
    }
  }

  /// outⱼ ← outⱼ + ‖column j of A‖².
  package static func _rowsSquares(
    _ n: Int, _ p: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_rows_squares_d(n, p, a.recast(), lda, out.recast())
    } else {
      ck_rows_squares_s(n, p, a.recast(), lda, out.recast())
    }
  }

  /// Column l of out (n×k, column-major) ← column indexₗ of A.
  package static func _rowsGather(
    _ n: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    if isDouble {
      ck_rows_gather_d(n, k, index, a.recast(), lda, out.recast(), ldo)
    } else {
      ck_rows_gather_s(n, k, index, a.recast(), lda, out.recast(), ldo)
    }
  }
}

/// The same on entries in single precision, all else in double.
enum SingleRows {
  static func dot(
    _ n: Int, _ p: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ α: Double, _ x: UnsafePointer<Double>, _ β: Double,
    _ y: UnsafeMutablePointer<Double>
  ) { ck_rows_dot_sd(n, p, a, lda, α, x, β, y) }

  static func add(
    _ n: Int, _ p: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ α: Double, _ c: UnsafePointer<Double>,
    _ out: UnsafeMutablePointer<Double>
  ) { ck_rows_add_sd(n, p, a, lda, α, c, out) }

  static func squares(
    _ n: Int, _ p: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ out: UnsafeMutablePointer<Double>
  ) { ck_rows_squares_sd(n, p, a, lda, out) }

  static func gather(
    _ n: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Float>, _ lda: Int,
    _ out: UnsafeMutablePointer<Double>, _ ldo: Int
  ) { ck_rows_gather_sd(n, k, index, a, lda, out, ldo) }
}
