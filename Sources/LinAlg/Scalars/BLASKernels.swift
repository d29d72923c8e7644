internal import CLapack

// The BLAS calls this package makes; all arrays are contiguous and column-major. See Kernels.swift.

extension Scalar {
  /// xᵀ y.
  static func _dot(_ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>) -> Self {
    if isDouble {
      cblas_ddot(blasInteger(n), x.recast(), 1, y.recast(), 1).recast()
    } else {
      cblas_sdot(blasInteger(n), x.recast(), 1, y.recast(), 1).recast()
    }
  }

  /// ‖x‖₂, scaled so that it neither overflows nor underflows.
  static func _nrm2(_ n: Int, _ x: UnsafePointer<Self>) -> Self {
    if isDouble {
      cblas_dnrm2(blasInteger(n), x.recast(), 1).recast()
    } else {
      cblas_snrm2(blasInteger(n), x.recast(), 1).recast()
    }
  }

  /// Σ |xᵢ|.
  static func _asum(_ n: Int, _ x: UnsafePointer<Self>) -> Self {
    if isDouble {
      cblas_dasum(blasInteger(n), x.recast(), 1).recast()
    } else {
      cblas_sasum(blasInteger(n), x.recast(), 1).recast()
    }
  }

  /// y ← α x + y.
  package static func _axpy(_ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    if isDouble {
      cblas_daxpy(blasInteger(n), α.recast(), x.recast(), 1, y.recast(), 1)
    } else {
      cblas_saxpy(blasInteger(n), α.recast(), x.recast(), 1, y.recast(), 1)
    }
  }

  /// x ← α x.
  package static func _scal(_ n: Int, _ α: Self, _ x: UnsafeMutablePointer<Self>) {
    if isDouble {
      cblas_dscal(blasInteger(n), α.recast(), x.recast(), 1)
    } else {
      cblas_sscal(blasInteger(n), α.recast(), x.recast(), 1)
    }
  }

  /// The index of the entry of largest magnitude.
  static func _iamax(_ n: Int, _ x: UnsafePointer<Self>) -> Int {
    if isDouble {
      Int(cblas_idamax(blasInteger(n), x.recast(), 1))
    } else {
      Int(cblas_isamax(blasInteger(n), x.recast(), 1))
    }
  }

  /// y ← α op(A) x + β y, A m×n column-major.
  package static func _gemv(
    _ transpose: Bool, _ m: Int, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>,
    _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      cblas_dgemv(
        CblasColMajor, transpose ? CblasTrans : CblasNoTrans, blasInteger(m), blasInteger(n), α.recast(), a.recast(),
        blasInteger(lda), x.recast(), 1, β.recast(), y.recast(), 1)
    } else {
      cblas_sgemv(
        CblasColMajor, transpose ? CblasTrans : CblasNoTrans, blasInteger(m), blasInteger(n), α.recast(), a.recast(),
        blasInteger(lda), x.recast(), 1, β.recast(), y.recast(), 1)
    }
  }

  /// A ← α x yᵀ + A.
  package static func _ger(
    _ m: Int, _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ a: UnsafeMutablePointer<Self>,
    _ lda: Int
  ) {
    if isDouble {
      cblas_dger(
        CblasColMajor, blasInteger(m), blasInteger(n), α.recast(), x.recast(), 1, y.recast(), 1, a.recast(),
        blasInteger(lda))
    } else {
      cblas_sger(
        CblasColMajor, blasInteger(m), blasInteger(n), α.recast(), x.recast(), 1, y.recast(), 1, a.recast(),
        blasInteger(lda))
    }
  }

  /// y ← α A x + β y, A symmetric, one triangle of it read.
  static func _symv(
    _ upper: Bool, _ n: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>, _ β: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      cblas_dsymv(
        CblasColMajor, upper ? CblasUpper : CblasLower, blasInteger(n), α.recast(), a.recast(), blasInteger(lda),
        x.recast(), 1, β.recast(), y.recast(), 1)
    } else {
      cblas_ssymv(
        CblasColMajor, upper ? CblasUpper : CblasLower, blasInteger(n), α.recast(), a.recast(), blasInteger(lda),
        x.recast(), 1, β.recast(), y.recast(), 1)
    }
  }

  /// C ← α op(A) op(B) + β C, C m×n column-major.
  static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>,
    _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ β: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    if isDouble {
      cblas_dgemm(
        CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasInteger(m),
        blasInteger(n), blasInteger(k), α.recast(), a.recast(), blasInteger(lda), b.recast(), blasInteger(ldb),
        β.recast(), c.recast(), blasInteger(ldc))
    } else {
      cblas_sgemm(
        CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasInteger(m),
        blasInteger(n), blasInteger(k), α.recast(), a.recast(), blasInteger(lda), b.recast(), blasInteger(ldb),
        β.recast(), c.recast(), blasInteger(ldc))
    }
  }

  /// C ← α op(A) op(A)ᵀ + β C, the lower triangle only.
  static func _syrk(
    _ transpose: Bool, _ n: Int, _ k: Int, _ α: Self, _ a: UnsafePointer<Self>, _ lda: Int, _ β: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    if isDouble {
      cblas_dsyrk(
        CblasColMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, blasInteger(n), blasInteger(k), α.recast(),
        a.recast(), blasInteger(lda), β.recast(), c.recast(), blasInteger(ldc))
    } else {
      cblas_ssyrk(
        CblasColMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, blasInteger(n), blasInteger(k), α.recast(),
        a.recast(), blasInteger(lda), β.recast(), c.recast(), blasInteger(ldc))
    }
  }

  /// x ← op(A)⁻¹ x, A triangular.
  static func _trsv(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      cblas_dtrsv(
        CblasColMajor, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
        blasInteger(n), a.recast(), blasInteger(lda), x.recast(), 1)
    } else {
      cblas_strsv(
        CblasColMajor, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
        blasInteger(n), a.recast(), blasInteger(lda), x.recast(), 1)
    }
  }

  /// B ← op(A)⁻¹ B, A triangular.
  static func _trsm(
    _ lower: Bool, _ transpose: Bool, _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) {
    if isDouble {
      cblas_dtrsm(
        CblasColMajor, CblasLeft, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
        blasInteger(n), blasInteger(columns), 1, a.recast(), blasInteger(lda), b.recast(), blasInteger(ldb))
    } else {
      cblas_strsm(
        CblasColMajor, CblasLeft, lower ? CblasLower : CblasUpper, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
        blasInteger(n), blasInteger(columns), 1, a.recast(), blasInteger(lda), b.recast(), blasInteger(ldb))
    }
  }
}
