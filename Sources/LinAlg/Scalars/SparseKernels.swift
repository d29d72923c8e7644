internal import CKernels

// Kernels of compressed sparse matrices (sparse.inc); see Kernels.swift.

extension Scalar {
  /// yᵢ ← α (line i)·x + β yᵢ for lines first ..< last of a compressed sparse matrix.
  static func _sparseLines(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_sparse_lines_d(first, last, pointers, indices, values.recast(), α.recast(), x.recast(), β.recast(), y.recast())
    } else {
      ck_sparse_lines_s(first, last, pointers, indices, values.recast(), α.recast(), x.recast(), β.recast(), y.recast())
    }
  }

  /// y[i, ·] ← α Σ values · x[indices, ·] + β y[i, ·] over the entries of line i, lines `first` ..< `last`; x and y are
  /// row-major with c columns; β = 0 overwrites.
  package static func _sparseBlock(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ c: Int, _ α: Self, _ x: UnsafePointer<Self>, _ ldx: Int, _ β: Self,
    _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  ) {
    if isDouble {
      ck_sparse_block_d(
        first, last, pointers, indices, values.recast(), c, α.recast(), x.recast(), ldx, β.recast(), y.recast(), ldy)
    } else {
      ck_sparse_block_s(
        first, last, pointers, indices, values.recast(), c, α.recast(), x.recast(), ldx, β.recast(), y.recast(), ldy)
    }
  }

  /// outᵢ ← the sum of the squares of line i, for lines first ..< last.
  static func _sparseSquares(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ values: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_sparse_squares_d(first, last, pointers, values.recast(), out.recast())
    } else {
      ck_sparse_squares_s(first, last, pointers, values.recast(), out.recast())
    }
  }

  /// y at indices ← itself + α values.
  static func _sparseAxpy(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ α: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_sparse_axpy_d(count, indices, values.recast(), α.recast(), y.recast())
    } else {
      ck_sparse_axpy_s(count, indices, values.recast(), α.recast(), y.recast())
    }
  }

  /// Σ values · y at indices.
  static func _sparseDot(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    if isDouble {
      ck_sparse_dot_d(count, indices, values.recast(), y.recast()).recast()
    } else {
      ck_sparse_dot_s(count, indices, values.recast(), y.recast()).recast()
    }
  }

  /// y ← y + Σₖ xₖ · column indexₖ of a sparse matrix.
  static func _sparseAddColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_sparse_add_columns_d(k, index, pointers, indices, values.recast(), x.recast(), y.recast())
    } else {
      ck_sparse_add_columns_s(k, index, pointers, indices, values.recast(), x.recast(), y.recast())
    }
  }

  /// outₖ ← scale · (column indexₖ of a sparse matrix)ᵀ r.
  static func _sparseDotColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ scale: Self, _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_sparse_dot_columns_d(k, index, pointers, indices, values.recast(), scale.recast(), r.recast(), out.recast())
    } else {
      ck_sparse_dot_columns_s(k, index, pointers, indices, values.recast(), scale.recast(), r.recast(), out.recast())
    }
  }

  /// IC(0) of a sparse lower triangle in place; 0, or the first column, from 1, without a positive pivot.
  static func _incompleteCholesky(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafeMutablePointer<Self>,
    _ shift: Self, _ spread: UnsafeMutablePointer<Self>, _ head: UnsafeMutablePointer<Int>,
    _ next: UnsafeMutablePointer<Int>, _ place: UnsafeMutablePointer<Int>
  ) -> Int {
    if isDouble {
      ck_incomplete_cholesky_d(
        n, pointers, indices, values.recast(), shift.recast(), spread.recast(), head, next, place)
    } else {
      ck_incomplete_cholesky_s(
        n, pointers, indices, values.recast(), shift.recast(), spread.recast(), head, next, place)
    }
  }

  /// x ← (L Lᵀ)⁻¹ x for a sparse L by columns.
  static func _sparseCholeskySolve(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>,
    _ inverses: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_sparse_cholesky_solve_d(n, pointers, indices, values.recast(), inverses.recast(), x.recast())
    } else {
      ck_sparse_cholesky_solve_s(n, pointers, indices, values.recast(), inverses.recast(), x.recast())
    }
  }
}

/// Whether the indices of lines first ..< last increase within each line and lie in 0 ..< length.
func indicesFit(
  _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, length: Int
) -> Bool {
  ck_indices_fit(first, last, pointers, indices, Int32(clamping: length)) != 0
}
