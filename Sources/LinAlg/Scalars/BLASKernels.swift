internal import CLapack

/// The BLAS calls this package makes, one requirement each; all arrays are contiguous and column-major.
public protocol _BLASKernels {
  /// xᵀ y.
  static func _dot(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self
  /// ‖x‖₂, scaled so that it neither overflows nor underflows.
  static func _nrm2(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Self
  /// y ← α x + y.
  static func _axpy(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  )
  /// x ← α x.
  static func _scal(
    _ n: Int, _ α: Self, _ x: UnsafeMutablePointer<Self>
  )
  /// The index of the entry of largest magnitude.
  static func _iamax(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int
  /// y ← α op(A) x + β y, A m×n column-major.
  static func _gemv(
    _ transpose: Bool, _ m: Int, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  )
  /// A ← α x yᵀ + A.
  static func _ger(
    _ m: Int, _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ a: UnsafeMutablePointer<Self>, _ lda: Int
  )
  /// y ← α A x + β y, A symmetric, one triangle of it read.
  static func _symv(
    _ upper: Bool, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>, _ β: Self,
    _ y: UnsafeMutablePointer<Self>
  )
  /// C ← α op(A) op(B) + β C, C m×n column-major.
  static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>,
    _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ β: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  )
  /// C ← α op(A) op(A)ᵀ + β C, the lower triangle only.
  static func _syrk(
    _ transpose: Bool, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ β: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  )
  /// x ← op(A)⁻¹ x, A triangular.
  static func _trsv(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafeMutablePointer<Self>
  )
  /// B ← op(A)⁻¹ B, A triangular.
  static func _trsm(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  )
}

extension Float {
  public static func _dot(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    cblas_sdot(blasInteger(n), x, 1, y, 1)
  }

  public static func _nrm2(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Self {
    cblas_snrm2(blasInteger(n), x, 1)
  }

  public static func _axpy(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    cblas_saxpy(blasInteger(n), α, x, 1, y, 1)
  }

  public static func _scal(
    _ n: Int, _ α: Self, _ x: UnsafeMutablePointer<Self>
  ) {
    cblas_sscal(blasInteger(n), α, x, 1)
  }

  public static func _iamax(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int {
    Int(cblas_isamax(blasInteger(n), x, 1))
  }

  public static func _gemv(
    _ transpose: Bool, _ m: Int, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    cblas_sgemv(
      CblasColMajor, transpose ? CblasTrans : CblasNoTrans, blasInteger(m), blasInteger(n), α, a, blasInteger(lda), x,
      1, β, y, 1)
  }

  public static func _ger(
    _ m: Int, _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) {
    cblas_sger(CblasColMajor, blasInteger(m), blasInteger(n), α, x, 1, y, 1, a, blasInteger(lda))
  }

  public static func _symv(
    _ upper: Bool, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>, _ β: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    cblas_ssymv(CblasColMajor, upper ? CblasUpper : CblasLower, blasInteger(n), α, a, blasInteger(lda), x, 1, β, y, 1)
  }

  public static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>,
    _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ β: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    cblas_sgemm(
      CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasInteger(m),
      blasInteger(n), blasInteger(k), α, a, blasInteger(lda), b, blasInteger(ldb), β, c, blasInteger(ldc))
  }

  public static func _syrk(
    _ transpose: Bool, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ β: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    cblas_ssyrk(
      CblasColMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, blasInteger(n), blasInteger(k), α, a,
      blasInteger(lda), β, c, blasInteger(ldc))
  }

  public static func _trsv(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafeMutablePointer<Self>
  ) {
    cblas_strsv(
      CblasColMajor, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
      blasInteger(n), a, blasInteger(lda), x, 1)
  }

  public static func _trsm(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) {
    cblas_strsm(
      CblasColMajor, CblasLeft, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
      blasInteger(n), blasInteger(columns), 1, a, blasInteger(lda), b, blasInteger(ldb))
  }
}

extension Double {
  public static func _dot(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    cblas_ddot(blasInteger(n), x, 1, y, 1)
  }

  public static func _nrm2(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Self {
    cblas_dnrm2(blasInteger(n), x, 1)
  }

  public static func _axpy(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    cblas_daxpy(blasInteger(n), α, x, 1, y, 1)
  }

  public static func _scal(
    _ n: Int, _ α: Self, _ x: UnsafeMutablePointer<Self>
  ) {
    cblas_dscal(blasInteger(n), α, x, 1)
  }

  public static func _iamax(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int {
    Int(cblas_idamax(blasInteger(n), x, 1))
  }

  public static func _gemv(
    _ transpose: Bool, _ m: Int, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    cblas_dgemv(
      CblasColMajor, transpose ? CblasTrans : CblasNoTrans, blasInteger(m), blasInteger(n), α, a, blasInteger(lda), x,
      1, β, y, 1)
  }

  public static func _ger(
    _ m: Int, _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) {
    cblas_dger(CblasColMajor, blasInteger(m), blasInteger(n), α, x, 1, y, 1, a, blasInteger(lda))
  }

  public static func _symv(
    _ upper: Bool, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>, _ β: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    cblas_dsymv(CblasColMajor, upper ? CblasUpper : CblasLower, blasInteger(n), α, a, blasInteger(lda), x, 1, β, y, 1)
  }

  public static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>,
    _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ β: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    cblas_dgemm(
      CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasInteger(m),
      blasInteger(n), blasInteger(k), α, a, blasInteger(lda), b, blasInteger(ldb), β, c, blasInteger(ldc))
  }

  public static func _syrk(
    _ transpose: Bool, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ β: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    cblas_dsyrk(
      CblasColMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, blasInteger(n), blasInteger(k), α, a,
      blasInteger(lda), β, c, blasInteger(ldc))
  }

  public static func _trsv(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafeMutablePointer<Self>
  ) {
    cblas_dtrsv(
      CblasColMajor, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
      blasInteger(n), a, blasInteger(lda), x, 1)
  }

  public static func _trsm(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) {
    cblas_dtrsm(
      CblasColMajor, CblasLeft, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
      blasInteger(n), blasInteger(columns), 1, a, blasInteger(lda), b, blasInteger(ldb))
  }
}
