internal import CKernels

// Kernels of a few columns or rows of a dense matrix and of their Gram matrix (gram.inc, columns.inc); see Kernels.swift.

extension Scalar {
  /// y ← y + Σₖ xₖ · column indexₖ of A, A m×n column-major, without copying a column.
  static func _addColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_add_columns_d(m, k, index, a.recast(), lda, x.recast(), y.recast())
    } else {
      ck_add_columns_s(m, k, index, a.recast(), lda, x.recast(), y.recast())
    }
  }

  /// outₖ ← scale · (column indexₖ of A)ᵀ r.
  static func _dotColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ scale: Self,
    _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_dot_columns_d(m, k, index, a.recast(), lda, scale.recast(), r.recast(), out.recast())
    } else {
      ck_dot_columns_s(m, k, index, a.recast(), lda, scale.recast(), r.recast(), out.recast())
    }
  }

  /// out (k×q) ← α AᵀR, A m×k and R m×q, for q of some ten.
  static func _dotColumnsBlock(
    _ m: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ q: Int, _ r: UnsafePointer<Self>, _ ldr: Int,
    _ α: Self, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    if isDouble {
      ck_dot_columns_block_d(m, k, a.recast(), lda, q, r.recast(), ldr, α.recast(), out.recast(), ldo)
    } else {
      ck_dot_columns_block_s(m, k, a.recast(), lda, q, r.recast(), ldr, α.recast(), out.recast(), ldo)
    }
  }

  /// z ← z + scale Σₖ (xₖ·v − yₖ) xₖ over the rows at index (nil: the first b), each read once; nil y counts as 0.
  static func _addRowGrams(
    _ b: Int, _ p: Int, _ index: UnsafePointer<Int>?, _ x: UnsafePointer<Self>, _ ldx: Int, _ v: UnsafePointer<Self>,
    _ y: UnsafePointer<Self>?, _ scale: Self, _ z: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_add_row_grams_d(b, p, index, x.recast(), ldx, v.recast(), y.recast(), scale.recast(), z.recast())
    } else {
      ck_add_row_grams_s(b, p, index, x.recast(), ldx, v.recast(), y.recast(), scale.recast(), z.recast())
    }
  }

  /// C ← α A_SᵀA_S, both triangles, straight from the chosen columns: for small ones.
  static func _smallColumnGram(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ α: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    if isDouble {
      ck_small_column_gram_d(m, k, index, a.recast(), lda, α.recast(), c.recast(), ldc)
    } else {
      ck_small_column_gram_s(m, k, index, a.recast(), lda, α.recast(), c.recast(), ldc)
    }
  }

  /// out ← out + α A_Sᵀ diag(d) A_S x over rows first ..< last, by panels that stay in the cache; nil index: the first k columns.
  static func _fusedGram(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ panel: Int,
    _ scratch: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_fused_gram_d(
        first, last, k, index, a.recast(), lda, d.recast(), α.recast(), x.recast(), out.recast(), panel,
        scratch.recast())
    } else {
      ck_fused_gram_s(
        first, last, k, index, a.recast(), lda, d.recast(), α.recast(), x.recast(), out.recast(), panel,
        scratch.recast())
    }
  }

  /// out[:, c] += α A_Sᵀ diag(d) A_S x[:, c] over rows first ..< last, c < q; scratch holds 4 `panel`.
  static func _fusedGramBlock(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ q: Int, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int, _ panel: Int, _ scratch: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_fused_gram_block_d(
        first, last, k, index, a.recast(), lda, d.recast(), α.recast(), q, x.recast(), ldx, out.recast(), ldo, panel,
        scratch.recast())
    } else {
      ck_fused_gram_block_s(
        first, last, k, index, a.recast(), lda, d.recast(), α.recast(), q, x.recast(), ldx, out.recast(), ldo, panel,
        scratch.recast())
    }
  }

  /// Cholesky in the lower triangle for small n; LAPACK's info.
  static func _smallCholesky(_ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int) -> Int {
    if isDouble {
      ck_small_cholesky_d(n, a.recast(), lda)
    } else {
      ck_small_cholesky_s(n, a.recast(), lda)
    }
  }
}
