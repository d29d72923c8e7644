// The loops that BLAS lacks, for float (suffix _s) and double (_d), one .inc file per family.
//
// Swift's baseline on x86-64 is SSE2. These loops are compiled once a processor generation (function multiversioning) and
// the best one is bound when the program is loaded. Arrays may not overlap unless said; counts are in elements.
#ifndef IMPLICITDIFF_CKERNELS_H
#define IMPLICITDIFF_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#define CKERNELS_DECLARE(T, X)                                                                                        \
  /* out = sign(u) max(|u| - t, 0). out may be u. */                                                                  \
  void ck_soft_threshold_##X(size_t n, const T *u, T t, T *out);                                                      \
  /* mask = 1 where |u| > t, atKink where |u| = t, 0 elsewhere. Returns how many are not zero. */                     \
  size_t ck_soft_threshold_mask_##X(size_t n, const T *u, T t, T atKink, T *mask);                                    \
  /* min over i of ||u_i| - t|; infinity for n = 0. */                                                                \
  T ck_soft_threshold_margin_##X(size_t n, const T *u, T t);                                                          \
  /* the three with one threshold per entry; where t_i = 0 the map is the identity, whose derivative is 1 everywhere. */\
  void ck_soft_threshold_each_##X(size_t n, const T *u, const T *t, T *out);                                          \
  void ck_soft_threshold_each_mask_##X(size_t n, const T *u, const T *t, T atKink, T *mask);                          \
  T ck_soft_threshold_each_margin_##X(size_t n, const T *u, const T *t);                                              \
  /* x_i = value_q + slope_q (x_i - anchor_q) for the first of k pieces with x_i <= end_q, the last piece where there is none. */ \
  void ck_piecewise_linear_##X(size_t n, size_t k, const T *end, const T *slope, const T *anchor, const T *value,      \
                               T *x);                                                                                  \
  /* y = a x + b y; b = 0 overwrites y whatever it held. */                                                           \
  void ck_axpby_##X(size_t n, T a, const T *x, T b, T *y);                                                            \
  /* z = a x + b y. z may be x or y. */                                                                               \
  void ck_linear_combination_##X(size_t n, T a, const T *x, T b, const T *y, T *z);                                   \
  /* z = x .* y. z may be x or y. */                                                                                  \
  void ck_hadamard_##X(size_t n, const T *x, const T *y, T *z);                                                       \
  /* Y[i, j] *= d[i] for a column-major m x n block. */                                                               \
  void ck_scale_rows_##X(size_t m, size_t n, const T *d, T *y, size_t ldy);                                           \
  /* the norm of x - y, safe against overflow and underflow of the squares. */                                        \
  T ck_distance_##X(size_t n, const T *x, const T *y);                                                                \
  /* index of the first element that is NaN or infinite; n where all are finite. */                                   \
  size_t ck_first_nonfinite_##X(size_t n, const T *x);                                                                \
  /* a 64-bit hash of the pattern of signs (-, 0, +): equal patterns hash equally. */                                 \
  uint64_t ck_sign_pattern_##X(size_t n, const T *x);                                                                 \
  /* out[k] = x[index[k]], and its transpose out[index[k]] = x[k] (others untouched). */                              \
  void ck_gather_##X(size_t n, const ptrdiff_t *index, const T *x, T *out);                                             \
  void ck_scatter_##X(size_t n, const ptrdiff_t *index, const T *x, T *out);                                            \
  /* writes the indices of the entries that are not zero (NaN counts), increasing; how many there are. */              \
  size_t ck_nonzeros_##X(size_t n, const T *x, ptrdiff_t *index);                                                     \
  size_t ck_count_nonzeros_##X(size_t n, const T *x);                                                                 \
  /* out[i, j] = a[index[i], index[j]], both column-major. */                                                         \
  void ck_gather_submatrix_##X(size_t n, const ptrdiff_t *index, const T *a, size_t lda, T *out, size_t ldo);         \
  /* out = a x sign(u): a where u > 0, -a where u < 0, 0 where u = 0. */                                              \
  void ck_times_sign_##X(size_t n, T a, const T *u, const T *x, T *out);                                              \
  /* column k of the m x n column-major out = column index[k] of a, whose entry (i, j) is a[i*rs + j*cs]. */          \
  void ck_gather_columns_##X(size_t m, size_t n, const ptrdiff_t *index, const T *a, size_t rs, size_t cs, T *out,      \
                             size_t ldo);                                                                             \
  /* out = a transposed: out (n x m, column-major, ldo) from a (m x n, column-major, lda), by cache blocks. */        \
  void ck_transpose_##X(size_t m, size_t n, const T *a, size_t lda, T *out, size_t ldo);                              \
  /* rows of z (n x c, row-major, packed) become softmax(row); lse, if not null, gets log sum exp of each row. */       \
  void ck_softmax_rows_##X(size_t n, size_t c, T *z, T *lse);                                                         \
  /* row i of q = scale (diag(p_i) - p_i p_i^T) row i of z: the softmax's Jacobian. q may be z. */                    \
  void ck_softmax_jacobian_rows_##X(size_t n, size_t c, T scale, const T *p, const T *z, T *q);                       \
  /* z += scale x sum over k of (x_k . v - y_k) x_k, x_k = row index[k] of x, each row read once. y may be null (0).   \
     index null: rows 0 ... b - 1. */                                                                                 \
  void ck_add_row_grams_##X(size_t b, size_t p, const ptrdiff_t *index, const T *x, size_t ldx, const T *v,           \
                            const T *y, T scale, T *z);                                                               \
  /* y += sum over k of x[k] a[:, index[k]], a m x n column-major: no column is copied. */                             \
  void ck_add_columns_##X(size_t m, size_t k, const ptrdiff_t *index, const T *a, size_t lda, const T *x, T *y);      \
  /* out[k] = scale a[:, index[k]] . r. */                                                                            \
  void ck_dot_columns_##X(size_t m, size_t k, const ptrdiff_t *index, const T *a, size_t lda, T scale, const T *r,    \
                          T *out);                                                                                    \
  /* out[j, l] = scale column j of a . column l of r, a m x k and r m x q, for q of some ten. */                       \
  void ck_dot_columns_block_##X(size_t m, size_t k, const T *a, size_t lda, size_t q, const T *r, size_t ldr, T scale, \
                                T *out, size_t ldo);                                                                   \
  /* c = alpha A_S^T A_S, both triangles, A_S the k chosen columns of a, straight from where they lie: for matrices so    \
     small that packing them would cost as much as multiplying. */                                                    \
  void ck_small_column_gram_##X(size_t m, size_t k, const ptrdiff_t *index, const T *a, size_t lda, T alpha, T *c,     \
                                size_t ldc);                                                                          \
  /* out[k] += alpha a_k^T diag(d) (sum over l of a_l x[l]), a_k = column index[k] (index null: column k) of a, rows       \
     first ... last - 1, d null for ones. The rows go by in panels of `panel` (scratch holds that many), which stay in   \
     the cache between the two products: a is read from memory once. */                                                 \
  void ck_fused_gram_##X(size_t first, size_t last, size_t k, const ptrdiff_t *index, const T *a, size_t lda,          \
                         const T *d, T alpha, const T *x, T *out, size_t panel, T *scratch);                          \
  /* The lower triangle of a (n x n, column-major) becomes L with a = L L^T, for small n; 0, or the first leading minor \
     that is not positive (LAPACK's info). A NaN counts as not positive. */                                            \
  size_t ck_small_cholesky_##X(size_t n, T *a, size_t lda);                                                           \
  /* y[i] = a sum over line i of values x[indices] + b y[i], lines first ... last - 1 of a compressed sparse matrix. */ \
  void ck_sparse_lines_##X(size_t first, size_t last, const ptrdiff_t *pointers, const int32_t *indices,              \
                           const T *values, T a, const T *x, T b, T *y);                                              \
  /* out[i] = the sum of the squares of the values of line i, lines first ... last - 1. */                             \
  void ck_sparse_squares_##X(size_t first, size_t last, const ptrdiff_t *pointers, const T *values, T *out);           \
  /* y[indices] += a values, and the dot of a sparse vector with a dense one. */                                      \
  void ck_sparse_axpy_##X(size_t count, const int32_t *indices, const T *values, T a, T *y);                          \
  T ck_sparse_dot_##X(size_t count, const int32_t *indices, const T *values, const T *y);                             \
  /* Coordinate descent on 1/2 w'Gw - c'w + sum l1_j |w_j| + l2/2 |w|^2, G symmetric k x k column-major, over `count`  \
     coordinates, index[0 ... count - 1] or the first ones where index is null; g = c - G w is kept up to date, k entries.\
     Stops after `epochs` or when no coordinate moved by more than tolerance in the scaled sense |d| sqrt(G_jj + l2).  \
     Returns the epochs done. */                                                                                       \
  size_t ck_gram_descent_##X(size_t k, size_t count, const ptrdiff_t *index, const T *gram, size_t ld, const T *l1, T l2,\
                             size_t epochs, T tolerance, T *w, T *g);                                                  \
  /* The logistic loss l(z) = log(1 + exp(-y z)) of n scores z with labels y = -1 or 1: returns the sum of l(z_i);     \
     r_i = -scale l'(z_i) and d_i = scale l''(z_i) where r and d are not null. To some ulps, for any finite z. */       \
  T ck_logistic_##X(size_t n, const T *z, const T *y, T scale, T *r, T *d);                                           \
  /* out = f(x) entry by entry; out may be x. 1/cosh^2, s (1 - s) of s(x) = 1/(1 + exp(-x)), log(1 + exp(x)), max(x, 0), x > 0. */ \
  void ck_exp_##X(size_t n, const T *x, T *out);                                                                       \
  void ck_log_##X(size_t n, const T *x, T *out);                                                                       \
  void ck_sqrt_##X(size_t n, const T *x, T *out);                                                                      \
  void ck_reciprocal_##X(size_t n, const T *x, T *out);                                                                \
  void ck_square_##X(size_t n, const T *x, T *out);                                                                    \
  void ck_abs_##X(size_t n, const T *x, T *out);                                                                       \
  void ck_tanh_##X(size_t n, const T *x, T *out);                                                                      \
  void ck_tanh_slope_##X(size_t n, const T *x, T *out);                                                                \
  void ck_sigmoid_##X(size_t n, const T *x, T *out);                                                                   \
  void ck_sigmoid_slope_##X(size_t n, const T *x, T *out);                                                             \
  void ck_softplus_##X(size_t n, const T *x, T *out);                                                                  \
  void ck_positive_part_##X(size_t n, const T *x, T *out);                                                             \
  void ck_is_positive_##X(size_t n, const T *x, T *out);                                                               \
  /* The sum of x. */                                                                                                  \
  T ck_sum_##X(size_t n, const T *x);                                                                                  \
  /* out[i, k] = (float)(root[i] a[i, index[k]]), m x n column-major, root null for ones. */                           \
  void ck_gather_columns_single_##X(size_t m, size_t n, const ptrdiff_t *index, const T *a, size_t lda, const T *root, \
                                    float *out, size_t ldo);                                                           \
  /* out = x rounded to float, and the way back. */                                                                   \
  void ck_to_single_##X(size_t n, const T *x, float *out);                                                            \
  void ck_from_single_##X(size_t n, const float *x, T *out);                                                          \
  /* y += sum over k of x[k] X[:, index[k]], and out[k] = scale X[:, index[k]] . r, X sparse in compressed columns. */   \
  void ck_sparse_add_columns_##X(size_t k, const ptrdiff_t *index, const ptrdiff_t *pointers, const int32_t *indices, \
                                 const T *values, const T *x, T *y);                                                  \
  void ck_sparse_dot_columns_##X(size_t k, const ptrdiff_t *index, const ptrdiff_t *pointers, const int32_t *indices, \
                                 const T *values, T scale, const T *r, T *out);                                       \
  /* As ck_gram_descent, through the columns index[0 ... k - 1] of a sparse matrix X (compressed columns) and not the     \
     Gram matrix: f = sum d_i l_i / n near w with r = -n times its derivative in the scores, kept up to date as          \
     r -= d .* X delta (d null for ones); h_j = x_j' D x_j / n; ridges_j in the place of l2 where not null. */           \
  size_t ck_sparse_descent_##X(size_t k, const ptrdiff_t *index, const ptrdiff_t *pointers, const int32_t *indices,   \
                               const T *values, const T *d, T scale, const T *h, const T *l1, T l2,                   \
                               const T *ridges, size_t epochs, T tolerance, T *w, T *r);                              \
  /* The same for the columns of a column-major n x p matrix. */                                                       \
  size_t ck_column_descent_##X(size_t n, size_t k, const ptrdiff_t *index, const T *a, size_t lda, const T *d,        \
                               T scale, const T *h, const T *l1, T l2, const T *ridges, size_t epochs, T tolerance,   \
                               T *w, T *r);                                                                           \
  /* copies the lower triangle of the n x n column-major a onto its upper one. */                                     \
  void ck_mirror_lower_##X(size_t n, T *a, size_t lda);                                                               \
  /* y[i, 0 ... c-1] = a sum over line i of values x[indices, 0 ... c-1] + b y[i, 0 ... c-1], lines first ... last - 1 of  \
     a compressed sparse matrix, x and y row-major: an entry is read once for every 16 columns. b = 0 overwrites. */      \
  void ck_sparse_block_##X(size_t first, size_t last, const ptrdiff_t *pointers, const int32_t *indices,              \
                           const T *values, size_t c, T a, const T *x, size_t ldx, T b, T *y, size_t ldy); \
  /* ck_fused_gram for q right-hand sides at once: out[l + c ldo] += alpha a_l^T diag(d) (sum over j of a_j x[j + c ldx]), \
     c < q. Four at a time go over the panel in the cache; scratch holds 4 panel. */                                     \
  void ck_fused_gram_block_##X(size_t first, size_t last, size_t k, const ptrdiff_t *index, const T *a, size_t lda,    \
                               const T *d, T alpha, size_t q, const T *x, size_t ldx, T *out, size_t ldo, size_t panel, \
                               T *scratch);                                                                                    \
  /* The lower triangle of a symmetric sparse matrix (columns compressed, the diagonal first, rows increasing) becomes the  \
     factor L of its incomplete Cholesky factorization on the same pattern, the diagonal scaled by 1 + shift before; 0, or \
     the first column (from 1) without a positive pivot. spread, head, next, place: n each. */                      \
  size_t ck_incomplete_cholesky_##X(size_t n, const ptrdiff_t *pointers, const int32_t *indices, T *values, T shift,      \
                                    T *spread, ptrdiff_t *head, ptrdiff_t *next, ptrdiff_t *place);      \
  /* x = (L L^T)^-1 x for L in that form; inverses holds those of its diagonal. */                                        \
  void ck_sparse_cholesky_solve_##X(size_t n, const ptrdiff_t *pointers, const int32_t *indices, const T *values,         \
                                    const T *inverses, T *x);

CKERNELS_DECLARE(float, s)
CKERNELS_DECLARE(double, d)

// Whether the indices of lines first ... last - 1 of a compressed sparse matrix increase within each line and lie in 0 ... length - 1.
int ck_indices_fit(size_t first, size_t last, const ptrdiff_t *pointers, const int32_t *indices, int32_t length);

// Memory that is freed stays with the process, as far as the C library can be told so.
void ck_keep_freed_memory(void);

// Of an n x p matrix a that lies row by row, row i at a + i lda, its entries of type S.
#define CKERNELS_DECLARE_ROWS(S, T, X)                                                                                 \
  /* y = alpha a x + beta y; beta = 0 overwrites y whatever it held. */                                                \
  void ck_rows_dot_##X(size_t n, size_t p, const S *a, size_t lda, T alpha, const T *x, T beta, T *y);                 \
  /* out += alpha a' c. */                                                                                             \
  void ck_rows_add_##X(size_t n, size_t p, const S *a, size_t lda, T alpha, const T *c, T *out);                       \
  /* out[j] += the squared norm of column j. */                                                                        \
  void ck_rows_squares_##X(size_t n, size_t p, const S *a, size_t lda, T *out);                                        \
  /* column l of out (n x k, column-major) = column index[l] of a. */                                                  \
  void ck_rows_gather_##X(size_t n, size_t k, const ptrdiff_t *index, const S *a, size_t lda, T *out, size_t ldo);

CKERNELS_DECLARE_ROWS(float, float, s)
CKERNELS_DECLARE_ROWS(double, double, d)
CKERNELS_DECLARE_ROWS(float, double, sd)

#endif
