internal import CKernels
package import LinAlg

// Soft thresholding, its derivative and its distance to a kink (proximal.inc).

extension Scalar {
  /// out ← sign(u) max(|u| − t, 0); `out` may be `u`.
  package static func _softThreshold(_ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ out: UnsafeMutablePointer<Self>) {
    if isDouble {
      ck_soft_threshold_d(n, u.recast(), t.recast(), out.recast())
    } else {
      ck_soft_threshold_s(n, u.recast(), t.recast(), out.recast())
    }
  }

  /// mask ← 1 where |u| > t, `atKink` where |u| = t, 0 elsewhere; the number of entries that are not 0.
  package static func _softThresholdMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: Self, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) -> Int {
    if isDouble {
      ck_soft_threshold_mask_d(n, u.recast(), t.recast(), atKink.recast(), mask.recast())
    } else {
      ck_soft_threshold_mask_s(n, u.recast(), t.recast(), atKink.recast(), mask.recast())
    }
  }

  /// min over i of ||uᵢ| − t|.
  package static func _softThresholdMargin(_ n: Int, _ u: UnsafePointer<Self>, _ t: Self) -> Self {
    if isDouble {
      ck_soft_threshold_margin_d(n, u.recast(), t.recast()).recast()
    } else {
      ck_soft_threshold_margin_s(n, u.recast(), t.recast()).recast()
    }
  }

  /// out ← S_t(u) with one threshold per entry.
  package static func _softThresholdEach(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_soft_threshold_each_d(n, u.recast(), t.recast(), out.recast())
    } else {
      ck_soft_threshold_each_s(n, u.recast(), t.recast(), out.recast())
    }
  }

  /// As ``_softThresholdMask``, with one threshold per entry; 1 where it is 0.
  package static func _softThresholdEachMask(
    _ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>, _ atKink: Self, _ mask: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_soft_threshold_each_mask_d(n, u.recast(), t.recast(), atKink.recast(), mask.recast())
    } else {
      ck_soft_threshold_each_mask_s(n, u.recast(), t.recast(), atKink.recast(), mask.recast())
    }
  }

  /// min ||uᵢ| − tᵢ|.
  package static func _softThresholdEachMargin(_ n: Int, _ u: UnsafePointer<Self>, _ t: UnsafePointer<Self>) -> Self {
    if isDouble {
      ck_soft_threshold_each_margin_d(n, u.recast(), t.recast()).recast()
    } else {
      ck_soft_threshold_each_margin_s(n, u.recast(), t.recast()).recast()
    }
  }

  /// xᵢ ← value_q + slope_q (xᵢ − anchor_q) for the first of k pieces with xᵢ ≤ end_q, the last one where there is none.
  package static func _piecewiseLinear(
    _ n: Int, _ k: Int, _ end: UnsafePointer<Self>, _ slope: UnsafePointer<Self>, _ anchor: UnsafePointer<Self>,
    _ value: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_piecewise_linear_d(n, k, end.recast(), slope.recast(), anchor.recast(), value.recast(), x.recast())
    } else {
      ck_piecewise_linear_s(n, k, end.recast(), slope.recast(), anchor.recast(), value.recast(), x.recast())
    }
  }
}
