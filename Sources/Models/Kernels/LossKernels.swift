internal import CKernels
import LinAlg

// Kernels of losses (losses.inc).

extension Scalar {
  /// Σ log(1 + exp(−yᵢ zᵢ)); r ← −scale ℓ′(z) and d ← scale ℓ″(z) where given.
  package static func _logistic(
    _ n: Int, _ z: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ scale: Self, _ r: UnsafeMutablePointer<Self>?,
    _ d: UnsafeMutablePointer<Self>?
  ) -> Self {
    if isDouble {
      ck_logistic_d(n, z.recast(), y.recast(), scale.recast(), r.recast(), d.recast()).recast()
    } else {
      ck_logistic_s(n, z.recast(), y.recast(), scale.recast(), r.recast(), d.recast()).recast()
    }
  }

  /// Each row of z (n×c, row-major, packed) ← its softmax; logSumExp, where given, gets log Σ exp of each.
  package static func _softmaxRows(
    _ n: Int, _ c: Int, _ z: UnsafeMutablePointer<Self>, _ logSumExp: UnsafeMutablePointer<Self>?
  ) {
    if isDouble {
      ck_softmax_rows_d(n, c, z.recast(), logSumExp.recast())
    } else {
      ck_softmax_rows_s(n, c, z.recast(), logSumExp.recast())
    }
  }

  /// Row i of q ← scale (diag(pᵢ) − pᵢ pᵢᵀ) zᵢ; `q` may be `z`.
  package static func _softmaxJacobianRows(
    _ n: Int, _ c: Int, _ scale: Self, _ p: UnsafePointer<Self>, _ z: UnsafePointer<Self>,
    _ q: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_softmax_jacobian_rows_d(n, c, scale.recast(), p.recast(), z.recast(), q.recast())
    } else {
      ck_softmax_jacobian_rows_s(n, c, scale.recast(), p.recast(), z.recast(), q.recast())
    }
  }
}
