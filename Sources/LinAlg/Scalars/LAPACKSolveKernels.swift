internal import CLapack

// Factorizations that solve systems, and their condition numbers, column-major, through LAPACKE's `_work` functions (no NaN check, no hidden allocation). Unless said otherwise each
// returns LAPACK's `info`: 0 for success, k > 0 for a numerical failure at k. See Kernels.swift.

extension Scalar {
  /// Cholesky A = L Lᵀ in the lower triangle.
  static func _potrf(_ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int) -> Int {
    if isDouble {
      Int(LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, char("L"), blasInteger(n), a.recast(), blasInteger(lda)))
    } else {
      Int(LAPACKE_spotrf_work(LAPACK_COL_MAJOR, char("L"), blasInteger(n), a.recast(), blasInteger(lda)))
    }
  }

  /// ‖A‖₁ of a symmetric A, its lower triangle read; n entries of `work`.
  static func _lansy(_ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>) -> Self {
    if isDouble {
      LAPACKE_dlansy_work(
        LAPACK_COL_MAJOR, char("1"), char("L"), blasInteger(n), a.recast(), blasInteger(lda), work.recast()
      ).recast()
    } else {
      LAPACKE_slansy_work(
        LAPACK_COL_MAJOR, char("1"), char("L"), blasInteger(n), a.recast(), blasInteger(lda), work.recast()
      ).recast()
    }
  }

  /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁) from the Cholesky factor; 3n entries of `work`, n of `integers`.
  static func _pocon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    if isDouble {
      var result: Double = 0
      _ = LAPACKE_dpocon_work(
        LAPACK_COL_MAJOR, char("L"), blasInteger(n), a.recast(), blasInteger(lda), norm.recast(), &result,
        work.recast(), integers)
      return result.recast()
    } else {
      var result: Float = 0
      _ = LAPACKE_spocon_work(
        LAPACK_COL_MAJOR, char("L"), blasInteger(n), a.recast(), blasInteger(lda), norm.recast(), &result,
        work.recast(), integers)
      return result.recast()
    }
  }

  /// P A = L U by row exchanges, A m×n.
  static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int {
    if isDouble {
      Int(LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a.recast(), blasInteger(lda), pivots))
    } else {
      Int(LAPACKE_sgetrf_work(LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a.recast(), blasInteger(lda), pivots))
    }
  }

  /// B ← op(A)⁻¹ B from the factors of `_getrf`.
  static func _getrs(
    _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ pivots: UnsafePointer<Int32>,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dgetrs_work(
          LAPACK_COL_MAJOR, char(transpose ? "T" : "N"), blasInteger(n), blasInteger(columns), a.recast(),
          blasInteger(lda), pivots, b.recast(), blasInteger(ldb)))
    } else {
      Int(
        LAPACKE_sgetrs_work(
          LAPACK_COL_MAJOR, char(transpose ? "T" : "N"), blasInteger(n), blasInteger(columns), a.recast(),
          blasInteger(lda), pivots, b.recast(), blasInteger(ldb)))
    }
  }

  /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁) from the LU factors; 4n entries of `work`, n of `integers`.
  static func _gecon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    if isDouble {
      var result: Double = 0
      _ = LAPACKE_dgecon_work(
        LAPACK_COL_MAJOR, char("1"), blasInteger(n), a.recast(), blasInteger(lda), norm.recast(), &result,
        work.recast(), integers)
      return result.recast()
    } else {
      var result: Float = 0
      _ = LAPACKE_sgecon_work(
        LAPACK_COL_MAJOR, char("1"), blasInteger(n), a.recast(), blasInteger(lda), norm.recast(), &result,
        work.recast(), integers)
      return result.recast()
    }
  }
}
