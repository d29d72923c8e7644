internal import CLapack

// Orthogonal factorizations, eigenvalues and singular values, column-major, through LAPACKE's `_work` functions (no NaN check, no hidden allocation). Unless said otherwise each
// returns LAPACK's `info`: 0 for success, k > 0 for a numerical failure at k. A `workCount` of −1 asks for the best size, left in
// `work[0]`. See Kernels.swift.

extension Scalar {
  /// A = Q R by Householder reflections, A m×n, min(m, n) entries of `tau`.
  static func _geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dgeqrf_work(
          LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a.recast(), blasInteger(lda), tau.recast(), work.recast(),
          blasInteger(workCount)))
    } else {
      Int(
        LAPACKE_sgeqrf_work(
          LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a.recast(), blasInteger(lda), tau.recast(), work.recast(),
          blasInteger(workCount)))
    }
  }

  /// C ← op(Q) C, Q the product of k reflections of `_geqrf`, C m×n.
  static func _ormqr(
    _ transpose: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int, _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dormqr_work(
          LAPACK_COL_MAJOR, char("L"), char(transpose ? "T" : "N"), blasInteger(m), blasInteger(n), blasInteger(k),
          a.recast(), blasInteger(lda), tau.recast(), c.recast(), blasInteger(ldc), work.recast(),
          blasInteger(workCount)))
    } else {
      Int(
        LAPACKE_sormqr_work(
          LAPACK_COL_MAJOR, char("L"), char(transpose ? "T" : "N"), blasInteger(m), blasInteger(n), blasInteger(k),
          a.recast(), blasInteger(lda), tau.recast(), c.recast(), blasInteger(ldc), work.recast(),
          blasInteger(workCount)))
    }
  }

  /// A ← the first n columns of Q, the product of k reflections of `_geqrf`, A m×n.
  static func _orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dorgqr_work(
          LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), blasInteger(k), a.recast(), blasInteger(lda), tau.recast(),
          work.recast(), blasInteger(workCount)))
    } else {
      Int(
        LAPACKE_sorgqr_work(
          LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), blasInteger(k), a.recast(), blasInteger(lda), tau.recast(),
          work.recast(), blasInteger(workCount)))
    }
  }

  /// An estimate of 1 / (‖R‖₁ ‖R⁻¹‖₁), R upper triangular; 3n entries of `work`, n of `integers`.
  static func _trcon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    if isDouble {
      var result: Double = 0
      _ = LAPACKE_dtrcon_work(
        LAPACK_COL_MAJOR, char("1"), char("U"), char("N"), blasInteger(n), a.recast(), blasInteger(lda), &result,
        work.recast(), integers)
      return result.recast()
    } else {
      var result: Float = 0
      _ = LAPACKE_strcon_work(
        LAPACK_COL_MAJOR, char("1"), char("U"), char("N"), blasInteger(n), a.recast(), blasInteger(lda), &result,
        work.recast(), integers)
      return result.recast()
    }
  }

  /// Eigenvalues (ascending) and, on request, eigenvectors over A, of a symmetric A, its lower triangle read.
  static func _syevd(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ values: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dsyevd_work(
          LAPACK_COL_MAJOR, char(vectors ? "V" : "N"), char("L"), blasInteger(n), a.recast(), blasInteger(lda),
          values.recast(), work.recast(), blasInteger(workCount), integers, blasInteger(integerCount)))
    } else {
      Int(
        LAPACKE_ssyevd_work(
          LAPACK_COL_MAJOR, char(vectors ? "V" : "N"), char("L"), blasInteger(n), a.recast(), blasInteger(lda),
          values.recast(), work.recast(), blasInteger(workCount), integers, blasInteger(integerCount)))
    }
  }

  /// Eigenvalues (ascending, over `d`) and eigenvectors of a tridiagonal matrix; `work` holds 2n − 2 entries.
  static func _stev(
    _ n: Int, _ d: UnsafeMutablePointer<Self>, _ e: UnsafeMutablePointer<Self>, _ z: UnsafeMutablePointer<Self>,
    _ ldz: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dstev_work(
          LAPACK_COL_MAJOR, char("V"), blasInteger(n), d.recast(), e.recast(), z.recast(), blasInteger(ldz),
          work.recast()))
    } else {
      Int(
        LAPACKE_sstev_work(
          LAPACK_COL_MAJOR, char("V"), blasInteger(n), d.recast(), e.recast(), z.recast(), blasInteger(ldz),
          work.recast()))
    }
  }

  /// A = U diag(s) Vᵀ, thin (or s alone), A m×n and overwritten; 8 min(m, n) entries of `integers`.
  static func _gesdd(
    _ vectors: Bool, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ s: UnsafeMutablePointer<Self>,
    _ u: UnsafeMutablePointer<Self>, _ ldu: Int, _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int {
    if isDouble {
      Int(
        LAPACKE_dgesdd_work(
          LAPACK_COL_MAJOR, char(vectors ? "S" : "N"), blasInteger(m), blasInteger(n), a.recast(), blasInteger(lda),
          s.recast(), u.recast(), blasInteger(ldu), vt.recast(), blasInteger(ldvt), work.recast(),
          blasInteger(workCount), integers))
    } else {
      Int(
        LAPACKE_sgesdd_work(
          LAPACK_COL_MAJOR, char(vectors ? "S" : "N"), blasInteger(m), blasInteger(n), a.recast(), blasInteger(lda),
          s.recast(), u.recast(), blasInteger(ldu), vt.recast(), blasInteger(ldvt), work.recast(),
          blasInteger(workCount), integers))
    }
  }
}
