internal import CKernels

// Kernels that move numbers (gather.inc); see Kernels.swift.

extension Scalar {
  /// outₖ ← x at indexₖ.
  package static func _gather(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_gather_d(n, index, x.recast(), out.recast())
    } else {
      ck_gather_s(n, index, x.recast(), out.recast())
    }
  }

  /// out at indexₖ ← xₖ; other entries keep their values.
  static func _scatter(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_scatter_d(n, index, x.recast(), out.recast())
    } else {
      ck_scatter_s(n, index, x.recast(), out.recast())
    }
  }

  /// Column k of out (m×n, column-major) ← column indexₖ of A.
  static func _gatherColumns(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ rowStride: Int, _ columnStride: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    if isDouble {
      ck_gather_columns_d(m, n, index, a.recast(), rowStride, columnStride, out.recast(), ldo)
    } else {
      ck_gather_columns_s(m, n, index, a.recast(), rowStride, columnStride, out.recast(), ldo)
    }
  }

  /// out (m×n, column-major) ← diag(root) times the columns of A at index, rounded to Float; nil root for ones.
  static func _gatherColumnsSingle(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ root: UnsafePointer<Self>?,
    _ out: UnsafeMutablePointer<Float>, _ ldo: Int
  ) {
    if isDouble {
      ck_gather_columns_single_d(m, n, index, a.recast(), lda, root.recast(), out, ldo)
    } else {
      ck_gather_columns_single_s(m, n, index, a.recast(), lda, root.recast(), out, ldo)
    }
  }

  /// out (n×n) ← the rows and columns of A at index.
  static func _gatherSubmatrix(
    _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ out: UnsafeMutablePointer<Self>,
    _ ldo: Int
  ) {
    if isDouble {
      ck_gather_submatrix_d(n, index, a.recast(), lda, out.recast(), ldo)
    } else {
      ck_gather_submatrix_s(n, index, a.recast(), lda, out.recast(), ldo)
    }
  }

  /// out (n×m) ← Aᵀ, A m×n, both column-major.
  package static func _transpose(
    _ m: Int, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    if isDouble {
      ck_transpose_d(m, n, a.recast(), lda, out.recast(), ldo)
    } else {
      ck_transpose_s(m, n, a.recast(), lda, out.recast(), ldo)
    }
  }

  /// Copies the lower triangle onto the upper one.
  package static func _mirrorLower(_ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int) {
    if isDouble {
      ck_mirror_lower_d(n, a.recast(), lda)
    } else {
      ck_mirror_lower_s(n, a.recast(), lda)
    }
  }
}
