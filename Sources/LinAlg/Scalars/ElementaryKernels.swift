internal import CKernels

// Functions of one number for every entry (elementary.inc): out ← f(x), out may be x. Over the whole range, NaN for NaN; to some ulps.

extension Scalar {
  /// exp(x).
  package static func _elementaryExp(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_exp_d(n, x.recast(), out.recast()) } else { ck_exp_s(n, x.recast(), out.recast()) }
  }

  /// log(x).
  package static func _elementaryLog(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_log_d(n, x.recast(), out.recast()) } else { ck_log_s(n, x.recast(), out.recast()) }
  }

  /// √x.
  package static func _elementarySqrt(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_sqrt_d(n, x.recast(), out.recast()) } else { ck_sqrt_s(n, x.recast(), out.recast()) }
  }

  /// 1/x.
  package static func _elementaryReciprocal(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_reciprocal_d(n, x.recast(), out.recast()) } else { ck_reciprocal_s(n, x.recast(), out.recast()) }
  }

  /// x².
  package static func _elementarySquare(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_square_d(n, x.recast(), out.recast()) } else { ck_square_s(n, x.recast(), out.recast()) }
  }

  /// |x|.
  package static func _elementaryAbs(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_abs_d(n, x.recast(), out.recast()) } else { ck_abs_s(n, x.recast(), out.recast()) }
  }

  /// tanh(x).
  package static func _elementaryTanh(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_tanh_d(n, x.recast(), out.recast()) } else { ck_tanh_s(n, x.recast(), out.recast()) }
  }

  /// 1 − tanh(x)².
  package static func _elementaryTanhSlope(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_tanh_slope_d(n, x.recast(), out.recast()) } else { ck_tanh_slope_s(n, x.recast(), out.recast()) }
  }

  /// σ(x) = 1/(1 + exp(−x)).
  package static func _elementarySigmoid(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_sigmoid_d(n, x.recast(), out.recast()) } else { ck_sigmoid_s(n, x.recast(), out.recast()) }
  }

  /// σ (1 − σ).
  package static func _elementarySigmoidSlope(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble {
      ck_sigmoid_slope_d(n, x.recast(), out.recast())
    } else {
      ck_sigmoid_slope_s(n, x.recast(), out.recast())
    }
  }

  /// log(1 + exp(x)).
  package static func _elementarySoftplus(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_softplus_d(n, x.recast(), out.recast()) } else { ck_softplus_s(n, x.recast(), out.recast()) }
  }

  /// max(x, 0).
  package static func _elementaryPositivePart(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble {
      ck_positive_part_d(n, x.recast(), out.recast())
    } else {
      ck_positive_part_s(n, x.recast(), out.recast())
    }
  }

  /// 1 where x > 0, 0 elsewhere.
  package static func _elementaryIsPositive(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble { ck_is_positive_d(n, x.recast(), out.recast()) } else { ck_is_positive_s(n, x.recast(), out.recast()) }
  }

  /// Σ xᵢ.
  package static func _sum(_ n: Int, _ x: UnsafePointer<Self>) -> Self {
    isDouble ? ck_sum_d(n, x.recast()).recast() : ck_sum_s(n, x.recast()).recast()
  }
}
