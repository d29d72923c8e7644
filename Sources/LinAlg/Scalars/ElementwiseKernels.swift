internal import CKernels

/// The elementwise loops that BLAS lacks, in C for the processor's vectors (target `CKernels`), one requirement each.
public protocol _ElementwiseKernels {
  /// out ← sign(u) max(|u| − t, 0); `out` may be `u`.
  static func _softThreshold(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ out: UnsafeMutablePointer<Self>
  )
  /// mask ← 1 where |u| > t, `atKink` where |u| = t, 0 elsewhere; the number of entries that are not 0.
  static func _softThresholdMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) -> Int
  /// min over i of ||uᵢ| − t|.
  static func _softThresholdMargin(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self
  ) -> Self
  /// y ← α x + β y; β = 0 overwrites.
  static func _axpby(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  )
  /// z ← α x + β y; `z` may be `x` or `y`.
  static func _linearCombination(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  )
  /// z ← x ∘ y; `z` may be `x` or `y`.
  static func _hadamard(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  )
  /// Y ← diag(d) Y, Y m×n column-major.
  static func _scaleRows(
    _ m: Int, _ n: Int, _ d: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  )
  /// Σ|xᵢ|.
  static func _asum(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Self
  /// Σ(xᵢ − yᵢ)².
  static func _squaredDistance(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self
  /// The index of the first entry that is NaN or infinite; n where there is none.
  static func _firstNonFinite(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int
  /// A hash of the pattern of signs (−, 0, +).
  static func _signPattern(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> UInt64
  /// outₖ ← x at indexₖ.
  static func _gather(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  )
  /// out at indexₖ ← xₖ; other entries keep their values.
  static func _scatter(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  )
  /// Column k of out (m×n, column-major) ← column indexₖ of A.
  static func _gatherColumns(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ rowStride: Int,
    _ columnStride: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  )
  /// out (n×m) ← Aᵀ, A m×n, both column-major.
  static func _transpose(
    _ m: Int, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  )
  /// Copies the lower triangle onto the upper one.
  static func _mirrorLower(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  )
  /// The indices of the entries that are not zero, increasing; `index` has room for n. How many there are.
  static func _nonzeros(
    _ n: Int, _ x: UnsafePointer<Self>, _ index: UnsafeMutablePointer<Int>
  ) -> Int
  /// How many entries are not zero.
  static func _countNonzeros(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int
  /// out (n×n) ← the rows and columns of A at index.
  static func _gatherSubmatrix(
    _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  )
  /// out ← α x ∘ sign(u).
  static func _timesSign(
    _ n: Int, _ α: Self, _ u: UnsafePointer<Self>, _ x: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  )
  /// out ← exp(x) to 1.25 ulps for x in −708 … 709 (`Float`: −87 … 88), outside the value at the nearer end; `out` may be
  /// `x`.
  static func _exp(
    _ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  )
  /// Each row of z (n×c, row-major, packed) ← its softmax; logSumExp, where given, gets log Σ exp of each.
  static func _softmaxRows(
    _ n: Int, _ c: Int, _ z: UnsafeMutablePointer<Self>, _ logSumExp: UnsafeMutablePointer<Self>?
  )
  /// Row i of q ← scale (diag(pᵢ) − pᵢ pᵢᵀ) zᵢ; `q` may be `z`.
  static func _softmaxJacobianRows(
    _ n: Int, _ c: Int, _ scale: Self, _ p: UnsafePointer<Self>, _ z: UnsafePointer<Self>,
    _ q: UnsafeMutablePointer<Self>
  )
  /// z ← z + scale Σₖ (xₖ·v − yₖ) xₖ over the rows at index (nil: the first b), each read once; nil y counts as 0.
  static func _addRowGrams(
    _ b: Int, _ p: Int, _ index: UnsafePointer<Int>?, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ v: UnsafePointer<Self>, _ y: UnsafePointer<Self>?, _ scale: Self, _ z: UnsafeMutablePointer<Self>
  )
  /// y ← y + Σₖ xₖ · column indexₖ of A, A m×n column-major, without copying a column.
  static func _addColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>
  )
  /// outₖ ← scale · (column indexₖ of A)ᵀ r.
  static func _dotColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ scale: Self,
    _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  )
  /// yᵢ ← α (line i)·x + β yᵢ for lines first ..< last of a compressed sparse matrix.
  static func _sparseLines(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  )
  /// y at indices ← itself + α values.
  static func _sparseAxpy(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ α: Self,
    _ y: UnsafeMutablePointer<Self>
  )
  /// Σ values · y at indices.
  static func _sparseDot(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self
  /// Coordinate descent on ½ wᵀGw − cᵀw + Σ l1ⱼ |wⱼ| + (l2/2) ‖w‖² with g = c − G w kept; the epochs done.
  static func _gramDescent(
    _ k: Int, _ gram: UnsafePointer<Self>, _ ld: Int, _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ g: UnsafeMutablePointer<Self>
  ) -> Int
  /// C ← α A_SᵀA_S, both triangles, straight from the chosen columns: for small ones.
  static func _smallColumnGram(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ α: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  )
  /// out ← out + α A_Sᵀ diag(d) A_S x over rows first ..< last, by panels that stay in the cache; nil index: the first k columns.
  static func _fusedGram(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ panel: Int,
    _ scratch: UnsafeMutablePointer<Self>
  )
  /// ‖x − y‖₂, safe against overflow and underflow of the squares.
  static func _distance(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self
  /// Cholesky in the lower triangle for small n; LAPACK's info.
  static func _smallCholesky(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int
  /// out ← S_t(u) with one threshold per entry.
  static func _softThresholdEach(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  )
  /// As ``_softThresholdMask``, with one threshold per entry; 1 where it is 0.
  static func _softThresholdEachMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  )
  /// min ||uᵢ| − tᵢ|.
  static func _softThresholdEachMargin(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>
  ) -> Self
  /// Σ log(1 + exp(−yᵢ zᵢ)); r ← −scale ℓ′(z) and d ← scale ℓ″(z) where given.
  static func _logistic(
    _ n: Int, _ z: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ scale: Self, _ r: UnsafeMutablePointer<Self>?,
    _ d: UnsafeMutablePointer<Self>?
  ) -> Self
  /// out at indexₖ ← itself + xₖ yₖ, in order.
  static func _scatterAdd(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  )
  /// y[i, ·] ← α Σ values · x[indices, ·] + β y[i, ·] over the entries of line i, lines `first` ..< `last`; x and y are
  /// row-major with c columns; β = 0 overwrites.
  static func _sparseBlock(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ c: Int, _ α: Self, _ x: UnsafePointer<Self>, _ ldx: Int, _ β: Self,
    _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  )
  /// Coordinate descent through compressed columns at index; r ← r − d ∘ X δ is kept. The epochs done.
  static func _sparseDescent(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ d: UnsafePointer<Self>?, _ scale: Self, _ h: UnsafePointer<Self>,
    _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int
  /// The same through columns of a column-major matrix.
  static func _columnDescent(
    _ n: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ d: UnsafePointer<Self>?,
    _ scale: Self,
    _ h: UnsafePointer<Self>, _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int, _ tolerance: Self,
    _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int
  /// y ← y + Σₖ xₖ · column indexₖ of a sparse matrix.
  static func _sparseAddColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  )
  /// outₖ ← scale · (column indexₖ of a sparse matrix)ᵀ r.
  static func _sparseDotColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ scale: Self, _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  )
  /// out[:, c] += α A_Sᵀ diag(d) A_S x[:, c] over rows first ..< last, c < q; scratch holds 4 `panel`.
  static func _fusedGramBlock(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ q: Int, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int, _ panel: Int, _ scratch: UnsafeMutablePointer<Self>
  )

  /// IC(0) of a sparse lower triangle in place; 0, or the first column, from 1, without a positive pivot.
  static func _incompleteCholesky(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafeMutablePointer<Self>,
    _ shift: Self, _ spread: UnsafeMutablePointer<Self>, _ head: UnsafeMutablePointer<Int>,
    _ next: UnsafeMutablePointer<Int>, _ place: UnsafeMutablePointer<Int>
  ) -> Int

  /// x ← (L Lᵀ)⁻¹ x for a sparse L by columns.
  static func _sparseCholeskySolve(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>,
    _ inverses: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>
  )
  /// out (m×n, column-major) ← diag(root) times the columns of A at index, rounded to Float; nil root for ones.
  static func _gatherColumnsSingle(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ root: UnsafePointer<Self>?,
    _ out: UnsafeMutablePointer<Float>, _ ldo: Int
  )
  /// out ← x rounded to Float.
  static func _toSingle(
    _ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Float>
  )
  /// out ← x.
  static func _fromSingle(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Self>
  )
}

extension Float {
  public static func _softThreshold(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_soft_threshold_s(n, u, t, out)
  }

  public static func _softThresholdMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_soft_threshold_mask_s(n, u, t, atKink, mask)
  }

  public static func _softThresholdMargin(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self
  ) -> Self {
    ck_soft_threshold_margin_s(n, u, t)
  }

  public static func _axpby(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    ck_axpby_s(n, α, x, β, y)
  }

  public static func _linearCombination(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  ) {
    ck_linear_combination_s(n, α, x, β, y, z)
  }

  public static func _hadamard(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  ) {
    ck_hadamard_s(n, x, y, z)
  }

  public static func _scaleRows(
    _ m: Int, _ n: Int, _ d: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  ) {
    ck_scale_rows_s(m, n, d, y, ldy)
  }

  public static func _asum(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Self {
    ck_asum_s(n, x)
  }

  public static func _squaredDistance(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    ck_squared_distance_s(n, x, y)
  }

  public static func _firstNonFinite(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int {
    ck_first_nonfinite_s(n, x)
  }

  public static func _signPattern(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> UInt64 {
    ck_sign_pattern_s(n, x)
  }

  public static func _gather(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_gather_s(n, index, x, out)
  }

  public static func _scatter(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_scatter_s(n, index, x, out)
  }

  public static func _gatherColumns(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ rowStride: Int,
    _ columnStride: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    ck_gather_columns_s(m, n, index, a, rowStride, columnStride, out, ldo)
  }

  public static func _transpose(
    _ m: Int, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    ck_transpose_s(m, n, a, lda, out, ldo)
  }

  public static func _mirrorLower(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) {
    ck_mirror_lower_s(n, a, lda)
  }

  public static func _nonzeros(
    _ n: Int, _ x: UnsafePointer<Self>, _ index: UnsafeMutablePointer<Int>
  ) -> Int {
    ck_nonzeros_s(n, x, index)
  }

  public static func _countNonzeros(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int {
    ck_count_nonzeros_s(n, x)
  }

  public static func _gatherSubmatrix(
    _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    ck_gather_submatrix_s(n, index, a, lda, out, ldo)
  }

  public static func _timesSign(
    _ n: Int, _ α: Self, _ u: UnsafePointer<Self>, _ x: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  ) {
    ck_times_sign_s(n, α, u, x, out)
  }

  public static func _exp(
    _ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_exp_s(n, x, out)
  }

  public static func _softmaxRows(
    _ n: Int, _ c: Int, _ z: UnsafeMutablePointer<Self>, _ logSumExp: UnsafeMutablePointer<Self>?
  ) {
    ck_softmax_rows_s(n, c, z, logSumExp)
  }

  public static func _softmaxJacobianRows(
    _ n: Int, _ c: Int, _ scale: Self, _ p: UnsafePointer<Self>, _ z: UnsafePointer<Self>,
    _ q: UnsafeMutablePointer<Self>
  ) {
    ck_softmax_jacobian_rows_s(n, c, scale, p, z, q)
  }

  public static func _addRowGrams(
    _ b: Int, _ p: Int, _ index: UnsafePointer<Int>?, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ v: UnsafePointer<Self>, _ y: UnsafePointer<Self>?, _ scale: Self, _ z: UnsafeMutablePointer<Self>
  ) {
    ck_add_row_grams_s(b, p, index, x, ldx, v, y, scale, z)
  }

  public static func _addColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>
  ) {
    ck_add_columns_s(m, k, index, a, lda, x, y)
  }

  public static func _dotColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ scale: Self,
    _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_dot_columns_s(m, k, index, a, lda, scale, r, out)
  }

  public static func _sparseLines(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_lines_s(first, last, pointers, indices, values, α, x, β, y)
  }

  public static func _sparseAxpy(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ α: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_axpy_s(count, indices, values, α, y)
  }

  public static func _sparseDot(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    ck_sparse_dot_s(count, indices, values, y)
  }

  public static func _gramDescent(
    _ k: Int, _ gram: UnsafePointer<Self>, _ ld: Int, _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ g: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_gram_descent_s(k, gram, ld, l1, l2, epochs, tolerance, w, g)
  }

  public static func _smallColumnGram(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ α: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    ck_small_column_gram_s(m, k, index, a, lda, α, c, ldc)
  }

  public static func _fusedGram(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ panel: Int,
    _ scratch: UnsafeMutablePointer<Self>
  ) {
    ck_fused_gram_s(first, last, k, index, a, lda, d, α, x, out, panel, scratch)
  }

  public static func _distance(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    ck_distance_s(n, x, y)
  }

  public static func _smallCholesky(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int {
    ck_small_cholesky_s(n, a, lda)
  }

  public static func _softThresholdEach(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_soft_threshold_each_s(n, u, t, out)
  }

  public static func _softThresholdEachMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) {
    ck_soft_threshold_each_mask_s(n, u, t, atKink, mask)
  }

  public static func _softThresholdEachMargin(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>
  ) -> Self {
    ck_soft_threshold_each_margin_s(n, u, t)
  }

  public static func _logistic(
    _ n: Int, _ z: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ scale: Self, _ r: UnsafeMutablePointer<Self>?,
    _ d: UnsafeMutablePointer<Self>?
  ) -> Self {
    ck_logistic_s(n, z, y, scale, r, d)
  }

  public static func _scatterAdd(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  ) {
    ck_scatter_add_s(n, index, x, y, out)
  }

  public static func _sparseBlock(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ c: Int, _ α: Self, _ x: UnsafePointer<Self>, _ ldx: Int, _ β: Self,
    _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  ) {
    ck_sparse_block_s(first, last, pointers, indices, values, c, α, x, ldx, β, y, ldy)
  }

  public static func _sparseDescent(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ d: UnsafePointer<Self>?, _ scale: Self, _ h: UnsafePointer<Self>,
    _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_sparse_descent_s(k, index, pointers, indices, values, d, scale, h, l1, l2, epochs, tolerance, w, r)
  }

  public static func _columnDescent(
    _ n: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ d: UnsafePointer<Self>?,
    _ scale: Self,
    _ h: UnsafePointer<Self>, _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int, _ tolerance: Self,
    _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_column_descent_s(n, k, index, a, lda, d, scale, h, l1, l2, epochs, tolerance, w, r)
  }

  public static func _sparseAddColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_add_columns_s(k, index, pointers, indices, values, x, y)
  }

  public static func _sparseDotColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ scale: Self, _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_dot_columns_s(k, index, pointers, indices, values, scale, r, out)
  }

  public static func _fusedGramBlock(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ q: Int, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int, _ panel: Int, _ scratch: UnsafeMutablePointer<Self>
  ) {
    ck_fused_gram_block_s(first, last, k, index, a, lda, d, α, q, x, ldx, out, ldo, panel, scratch)
  }

  public static func _incompleteCholesky(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafeMutablePointer<Self>,
    _ shift: Self, _ spread: UnsafeMutablePointer<Self>, _ head: UnsafeMutablePointer<Int>,
    _ next: UnsafeMutablePointer<Int>, _ place: UnsafeMutablePointer<Int>
  ) -> Int {
    ck_incomplete_cholesky_s(n, pointers, indices, values, shift, spread, head, next, place)
  }

  public static func _sparseCholeskySolve(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>,
    _ inverses: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_cholesky_solve_s(n, pointers, indices, values, inverses, x)
  }

  public static func _gatherColumnsSingle(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ root: UnsafePointer<Self>?,
    _ out: UnsafeMutablePointer<Float>, _ ldo: Int
  ) {
    ck_gather_columns_single_s(m, n, index, a, lda, root, out, ldo)
  }

  public static func _toSingle(
    _ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Float>
  ) {
    ck_to_single_s(n, x, out)
  }

  public static func _fromSingle(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_from_single_s(n, x, out)
  }
}

extension Double {
  public static func _softThreshold(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_soft_threshold_d(n, u, t, out)
  }

  public static func _softThresholdMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_soft_threshold_mask_d(n, u, t, atKink, mask)
  }

  public static func _softThresholdMargin(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self
  ) -> Self {
    ck_soft_threshold_margin_d(n, u, t)
  }

  public static func _axpby(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    ck_axpby_d(n, α, x, β, y)
  }

  public static func _linearCombination(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  ) {
    ck_linear_combination_d(n, α, x, β, y, z)
  }

  public static func _hadamard(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  ) {
    ck_hadamard_d(n, x, y, z)
  }

  public static func _scaleRows(
    _ m: Int, _ n: Int, _ d: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  ) {
    ck_scale_rows_d(m, n, d, y, ldy)
  }

  public static func _asum(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Self {
    ck_asum_d(n, x)
  }

  public static func _squaredDistance(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    ck_squared_distance_d(n, x, y)
  }

  public static func _firstNonFinite(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int {
    ck_first_nonfinite_d(n, x)
  }

  public static func _signPattern(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> UInt64 {
    ck_sign_pattern_d(n, x)
  }

  public static func _gather(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_gather_d(n, index, x, out)
  }

  public static func _scatter(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_scatter_d(n, index, x, out)
  }

  public static func _gatherColumns(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ rowStride: Int,
    _ columnStride: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    ck_gather_columns_d(m, n, index, a, rowStride, columnStride, out, ldo)
  }

  public static func _transpose(
    _ m: Int, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    ck_transpose_d(m, n, a, lda, out, ldo)
  }

  public static func _mirrorLower(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) {
    ck_mirror_lower_d(n, a, lda)
  }

  public static func _nonzeros(
    _ n: Int, _ x: UnsafePointer<Self>, _ index: UnsafeMutablePointer<Int>
  ) -> Int {
    ck_nonzeros_d(n, x, index)
  }

  public static func _countNonzeros(
    _ n: Int, _ x: UnsafePointer<Self>
  ) -> Int {
    ck_count_nonzeros_d(n, x)
  }

  public static func _gatherSubmatrix(
    _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int
  ) {
    ck_gather_submatrix_d(n, index, a, lda, out, ldo)
  }

  public static func _timesSign(
    _ n: Int, _ α: Self, _ u: UnsafePointer<Self>, _ x: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  ) {
    ck_times_sign_d(n, α, u, x, out)
  }

  public static func _exp(
    _ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_exp_d(n, x, out)
  }

  public static func _softmaxRows(
    _ n: Int, _ c: Int, _ z: UnsafeMutablePointer<Self>, _ logSumExp: UnsafeMutablePointer<Self>?
  ) {
    ck_softmax_rows_d(n, c, z, logSumExp)
  }

  public static func _softmaxJacobianRows(
    _ n: Int, _ c: Int, _ scale: Self, _ p: UnsafePointer<Self>, _ z: UnsafePointer<Self>,
    _ q: UnsafeMutablePointer<Self>
  ) {
    ck_softmax_jacobian_rows_d(n, c, scale, p, z, q)
  }

  public static func _addRowGrams(
    _ b: Int, _ p: Int, _ index: UnsafePointer<Int>?, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ v: UnsafePointer<Self>, _ y: UnsafePointer<Self>?, _ scale: Self, _ z: UnsafeMutablePointer<Self>
  ) {
    ck_add_row_grams_d(b, p, index, x, ldx, v, y, scale, z)
  }

  public static func _addColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>
  ) {
    ck_add_columns_d(m, k, index, a, lda, x, y)
  }

  public static func _dotColumns(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ scale: Self,
    _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_dot_columns_d(m, k, index, a, lda, scale, r, out)
  }

  public static func _sparseLines(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_lines_d(first, last, pointers, indices, values, α, x, β, y)
  }

  public static func _sparseAxpy(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ α: Self,
    _ y: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_axpy_d(count, indices, values, α, y)
  }

  public static func _sparseDot(
    _ count: Int, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    ck_sparse_dot_d(count, indices, values, y)
  }

  public static func _gramDescent(
    _ k: Int, _ gram: UnsafePointer<Self>, _ ld: Int, _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ g: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_gram_descent_d(k, gram, ld, l1, l2, epochs, tolerance, w, g)
  }

  public static func _smallColumnGram(
    _ m: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ α: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  ) {
    ck_small_column_gram_d(m, k, index, a, lda, α, c, ldc)
  }

  public static func _fusedGram(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ panel: Int,
    _ scratch: UnsafeMutablePointer<Self>
  ) {
    ck_fused_gram_d(first, last, k, index, a, lda, d, α, x, out, panel, scratch)
  }

  public static func _distance(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>
  ) -> Self {
    ck_distance_d(n, x, y)
  }

  public static func _smallCholesky(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int
  ) -> Int {
    ck_small_cholesky_d(n, a, lda)
  }

  public static func _softThresholdEach(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_soft_threshold_each_d(n, u, t, out)
  }

  public static func _softThresholdEachMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) {
    ck_soft_threshold_each_mask_d(n, u, t, atKink, mask)
  }

  public static func _softThresholdEachMargin(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>
  ) -> Self {
    ck_soft_threshold_each_margin_d(n, u, t)
  }

  public static func _logistic(
    _ n: Int, _ z: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ scale: Self, _ r: UnsafeMutablePointer<Self>?,
    _ d: UnsafeMutablePointer<Self>?
  ) -> Self {
    ck_logistic_d(n, z, y, scale, r, d)
  }

  public static func _scatterAdd(
    _ n: Int, _ index: UnsafePointer<Int>, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>
  ) {
    ck_scatter_add_d(n, index, x, y, out)
  }

  public static func _sparseBlock(
    _ first: Int, _ last: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ c: Int, _ α: Self, _ x: UnsafePointer<Self>, _ ldx: Int, _ β: Self,
    _ y: UnsafeMutablePointer<Self>, _ ldy: Int
  ) {
    ck_sparse_block_d(first, last, pointers, indices, values, c, α, x, ldx, β, y, ldy)
  }

  public static func _sparseDescent(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ d: UnsafePointer<Self>?, _ scale: Self, _ h: UnsafePointer<Self>,
    _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_sparse_descent_d(k, index, pointers, indices, values, d, scale, h, l1, l2, epochs, tolerance, w, r)
  }

  public static func _columnDescent(
    _ n: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ d: UnsafePointer<Self>?,
    _ scale: Self,
    _ h: UnsafePointer<Self>, _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int, _ tolerance: Self,
    _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int {
    ck_column_descent_d(n, k, index, a, lda, d, scale, h, l1, l2, epochs, tolerance, w, r)
  }

  public static func _sparseAddColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_add_columns_d(k, index, pointers, indices, values, x, y)
  }

  public static func _sparseDotColumns(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ scale: Self, _ r: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_dot_columns_d(k, index, pointers, indices, values, scale, r, out)
  }

  public static func _fusedGramBlock(
    _ first: Int, _ last: Int, _ k: Int, _ index: UnsafePointer<Int>?, _ a: UnsafePointer<Self>, _ lda: Int,
    _ d: UnsafePointer<Self>?, _ α: Self, _ q: Int, _ x: UnsafePointer<Self>, _ ldx: Int,
    _ out: UnsafeMutablePointer<Self>, _ ldo: Int, _ panel: Int, _ scratch: UnsafeMutablePointer<Self>
  ) {
    ck_fused_gram_block_d(first, last, k, index, a, lda, d, α, q, x, ldx, out, ldo, panel, scratch)
  }

  public static func _incompleteCholesky(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafeMutablePointer<Self>,
    _ shift: Self, _ spread: UnsafeMutablePointer<Self>, _ head: UnsafeMutablePointer<Int>,
    _ next: UnsafeMutablePointer<Int>, _ place: UnsafeMutablePointer<Int>
  ) -> Int {
    ck_incomplete_cholesky_d(n, pointers, indices, values, shift, spread, head, next, place)
  }

  public static func _sparseCholeskySolve(
    _ n: Int, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>, _ values: UnsafePointer<Self>,
    _ inverses: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>
  ) {
    ck_sparse_cholesky_solve_d(n, pointers, indices, values, inverses, x)
  }

  public static func _gatherColumnsSingle(
    _ m: Int, _ n: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ root: UnsafePointer<Self>?,
    _ out: UnsafeMutablePointer<Float>, _ ldo: Int
  ) {
    ck_gather_columns_single_d(m, n, index, a, lda, root, out, ldo)
  }

  public static func _toSingle(
    _ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Float>
  ) {
    ck_to_single_d(n, x, out)
  }

  public static func _fromSingle(
    _ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Self>
  ) {
    ck_from_single_d(n, x, out)
  }
}
