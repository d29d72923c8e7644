internal import CLapack

/// LAPACK's character arguments.
@inline(__always)
private func char(_ letter: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: letter.value) }

/// The LAPACK calls this package makes, one requirement each, column-major, through LAPACKE's `_work` functions (no NaN
/// check, no hidden allocation). Unless said otherwise each returns LAPACK's `info`: 0 for success, k > 0 for a numerical
/// failure at k. A `workCount` of −1 asks for the best size, left in `work[0]`.
public protocol _LAPACKKernels {
  /// Cholesky A = L Lᵀ in the lower triangle.
  static func _potrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int
  /// ‖A‖₁ of a symmetric A, its lower triangle read; n entries of `work`.
  static func _lansy(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Self
  /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁) from the Cholesky factor; 3n entries of `work`, n of `integers`.
  static func _pocon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self
  /// P A = L U by row exchanges, A m×n.
  static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int
  /// B ← op(A)⁻¹ B from the factors of `_getrf`.
  static func _getrs(
    _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ pivots: UnsafePointer<Int32>,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) -> Int
  /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁) from the LU factors; 4n entries of `work`, n of `integers`.
  static func _gecon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self
  /// A = Q R by Householder reflections, A m×n, min(m, n) entries of `tau`.
  static func _geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int
  /// C ← op(Q) C, Q the product of k reflections of `_geqrf`, C m×n.
  static func _ormqr(
    _ transpose: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int, _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int
  /// A ← the first n columns of Q, the product of k reflections of `_geqrf`, A m×n.
  static func _orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int
  /// An estimate of 1 / (‖R‖₁ ‖R⁻¹‖₁), R upper triangular; 3n entries of `work`, n of `integers`.
  static func _trcon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self
  /// Eigenvalues (ascending) and, on request, eigenvectors over A, of a symmetric A, its lower triangle read.
  static func _syevd(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ values: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int
  ) -> Int
  /// Eigenvalues (ascending, over `d`) and eigenvectors of a tridiagonal matrix; `work` holds 2n − 2 entries.
  static func _stev(
    _ n: Int, _ d: UnsafeMutablePointer<Self>, _ e: UnsafeMutablePointer<Self>, _ z: UnsafeMutablePointer<Self>,
    _ ldz: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Int
  /// A = U diag(s) Vᵀ, thin (or s alone), A m×n and overwritten; 8 min(m, n) entries of `integers`.
  static func _gesdd(
    _ vectors: Bool, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ s: UnsafeMutablePointer<Self>,
    _ u: UnsafeMutablePointer<Self>, _ ldu: Int, _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int
}

extension Float {
  public static func _potrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int {
    Int(LAPACKE_spotrf_work(LAPACK_COL_MAJOR, char("L"), blasInteger(n), a, blasInteger(lda)))
  }

  public static func _lansy(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Self {
    LAPACKE_slansy_work(LAPACK_COL_MAJOR, char("1"), char("L"), blasInteger(n), a, blasInteger(lda), work)
  }

  public static func _pocon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    var result: Self = 0
    _ = LAPACKE_spocon_work(
      LAPACK_COL_MAJOR, char("L"), blasInteger(n), a, blasInteger(lda), norm, &result, work, integers)
    return result
  }

  public static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int {
    Int(LAPACKE_sgetrf_work(LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a, blasInteger(lda), pivots))
  }

  public static func _getrs(
    _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ pivots: UnsafePointer<Int32>,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) -> Int {
    Int(
      LAPACKE_sgetrs_work(
        LAPACK_COL_MAJOR, char(transpose ? "T" : "N"), blasInteger(n), blasInteger(columns), a, blasInteger(lda),
        pivots, b, blasInteger(ldb)))
  }

  public static func _gecon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    var result: Self = 0
    _ = LAPACKE_sgecon_work(
      LAPACK_COL_MAJOR, char("1"), blasInteger(n), a, blasInteger(lda), norm, &result, work, integers)
    return result
  }

  public static func _geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    Int(
      LAPACKE_sgeqrf_work(
        LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a, blasInteger(lda), tau, work, blasInteger(workCount)))
  }

  public static func _ormqr(
    _ transpose: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int, _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    Int(
      LAPACKE_sormqr_work(
        LAPACK_COL_MAJOR, char("L"), char(transpose ? "T" : "N"), blasInteger(m), blasInteger(n), blasInteger(k), a,
        blasInteger(lda), tau, c, blasInteger(ldc), work, blasInteger(workCount)))
  }

  public static func _orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    Int(
      LAPACKE_sorgqr_work(
        LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), blasInteger(k), a, blasInteger(lda), tau, work,
        blasInteger(workCount)))
  }

  public static func _trcon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    var result: Self = 0
    _ = LAPACKE_strcon_work(
      LAPACK_COL_MAJOR, char("1"), char("U"), char("N"), blasInteger(n), a, blasInteger(lda), &result, work, integers)
    return result
  }

  public static func _syevd(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ values: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int
  ) -> Int {
    Int(
      LAPACKE_ssyevd_work(
        LAPACK_COL_MAJOR, char(vectors ? "V" : "N"), char("L"), blasInteger(n), a, blasInteger(lda), values, work,
        blasInteger(workCount), integers, blasInteger(integerCount)))
  }

  public static func _stev(
    _ n: Int, _ d: UnsafeMutablePointer<Self>, _ e: UnsafeMutablePointer<Self>, _ z: UnsafeMutablePointer<Self>,
    _ ldz: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Int {
    Int(LAPACKE_sstev_work(LAPACK_COL_MAJOR, char("V"), blasInteger(n), d, e, z, blasInteger(ldz), work))
  }

  public static func _gesdd(
    _ vectors: Bool, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ s: UnsafeMutablePointer<Self>,
    _ u: UnsafeMutablePointer<Self>, _ ldu: Int, _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int {
    Int(
      LAPACKE_sgesdd_work(
        LAPACK_COL_MAJOR, char(vectors ? "S" : "N"), blasInteger(m), blasInteger(n), a, blasInteger(lda), s, u,
        blasInteger(ldu), vt, blasInteger(ldvt), work, blasInteger(workCount), integers))
  }
}

extension Double {
  public static func _potrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int {
    Int(LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, char("L"), blasInteger(n), a, blasInteger(lda)))
  }

  public static func _lansy(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Self {
    LAPACKE_dlansy_work(LAPACK_COL_MAJOR, char("1"), char("L"), blasInteger(n), a, blasInteger(lda), work)
  }

  public static func _pocon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    var result: Self = 0
    _ = LAPACKE_dpocon_work(
      LAPACK_COL_MAJOR, char("L"), blasInteger(n), a, blasInteger(lda), norm, &result, work, integers)
    return result
  }

  public static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int {
    Int(LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a, blasInteger(lda), pivots))
  }

  public static func _getrs(
    _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ pivots: UnsafePointer<Int32>,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) -> Int {
    Int(
      LAPACKE_dgetrs_work(
        LAPACK_COL_MAJOR, char(transpose ? "T" : "N"), blasInteger(n), blasInteger(columns), a, blasInteger(lda),
        pivots, b, blasInteger(ldb)))
  }

  public static func _gecon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ norm: Self, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    var result: Self = 0
    _ = LAPACKE_dgecon_work(
      LAPACK_COL_MAJOR, char("1"), blasInteger(n), a, blasInteger(lda), norm, &result, work, integers)
    return result
  }

  public static func _geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    Int(
      LAPACKE_dgeqrf_work(
        LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), a, blasInteger(lda), tau, work, blasInteger(workCount)))
  }

  public static func _ormqr(
    _ transpose: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int, _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    Int(
      LAPACKE_dormqr_work(
        LAPACK_COL_MAJOR, char("L"), char(transpose ? "T" : "N"), blasInteger(m), blasInteger(n), blasInteger(k), a,
        blasInteger(lda), tau, c, blasInteger(ldc), work, blasInteger(workCount)))
  }

  public static func _orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ tau: UnsafePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int
  ) -> Int {
    Int(
      LAPACKE_dorgqr_work(
        LAPACK_COL_MAJOR, blasInteger(m), blasInteger(n), blasInteger(k), a, blasInteger(lda), tau, work,
        blasInteger(workCount)))
  }

  public static func _trcon(
    _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ work: UnsafeMutablePointer<Self>,
    _ integers: UnsafeMutablePointer<Int32>
  ) -> Self {
    var result: Self = 0
    _ = LAPACKE_dtrcon_work(
      LAPACK_COL_MAJOR, char("1"), char("U"), char("N"), blasInteger(n), a, blasInteger(lda), &result, work, integers)
    return result
  }

  public static func _syevd(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ values: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int
  ) -> Int {
    Int(
      LAPACKE_dsyevd_work(
        LAPACK_COL_MAJOR, char(vectors ? "V" : "N"), char("L"), blasInteger(n), a, blasInteger(lda), values, work,
        blasInteger(workCount), integers, blasInteger(integerCount)))
  }

  public static func _stev(
    _ n: Int, _ d: UnsafeMutablePointer<Self>, _ e: UnsafeMutablePointer<Self>, _ z: UnsafeMutablePointer<Self>,
    _ ldz: Int, _ work: UnsafeMutablePointer<Self>
  ) -> Int {
    Int(LAPACKE_dstev_work(LAPACK_COL_MAJOR, char("V"), blasInteger(n), d, e, z, blasInteger(ldz), work))
  }

  public static func _gesdd(
    _ vectors: Bool, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ s: UnsafeMutablePointer<Self>,
    _ u: UnsafeMutablePointer<Self>, _ ldu: Int, _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int {
    Int(
      LAPACKE_dgesdd_work(
        LAPACK_COL_MAJOR, char(vectors ? "S" : "N"), blasInteger(m), blasInteger(n), a, blasInteger(lda), s, u,
        blasInteger(ldu), vt, blasInteger(ldvt), work, blasInteger(workCount), integers))
  }
}
