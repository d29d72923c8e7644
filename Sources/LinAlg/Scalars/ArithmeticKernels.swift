internal import CKernels

// Kernels entry by entry, in C for the processor's vectors (arithmetic.inc); see Kernels.swift.

extension Scalar {
  /// y ← α x + β y; β = 0 overwrites.
  package static func _axpby(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_axpby_d(n, α.recast(), x.recast(), β.recast(), y.recast())
    } else {
      ck_axpby_s(n, α.recast(), x.recast(), β.recast(), y.recast())
    }
  }

  /// z ← α x + β y; `z` may be `x` or `y`.
  package static func _linearCombination(
    _ n: Int, _ α: Self, _ x: UnsafePointer<Self>, _ β: Self, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_linear_combination_d(n, α.recast(), x.recast(), β.recast(), y.recast(), z.recast())
    } else {
      ck_linear_combination_s(n, α.recast(), x.recast(), β.recast(), y.recast(), z.recast())
    }
  }

  /// z ← x ∘ y; `z` may be `x` or `y`.
  package static func _hadamard(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_hadamard_d(n, x.recast(), y.recast(), z.recast())
    } else {
      ck_hadamard_s(n, x.recast(), y.recast(), z.recast())
    }
  }

  /// out ← α x ∘ sign(u).
  static func _timesSign(
    _ n: Int, _ α: Self, _ u: UnsafePointer<Self>, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>
  ) {
    if isDouble {
      ck_times_sign_d(n, α.recast(), u.recast(), x.recast(), out.recast())
    } else {
      ck_times_sign_s(n, α.recast(), u.recast(), x.recast(), out.recast())
    }
  }

  /// Y ← diag(d) Y, Y m×n column-major.
  static func _scaleRows(_ m: Int, _ n: Int, _ d: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ ldy: Int) {
    if isDouble {
      ck_scale_rows_d(m, n, d.recast(), y.recast(), ldy)
    } else {
      ck_scale_rows_s(m, n, d.recast(), y.recast(), ldy)
    }
  }

  /// ‖x − y‖₂, safe against overflow and underflow of the squares.
  static func _distance(_ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>) -> Self {
    if isDouble {
      ck_distance_d(n, x.recast(), y.recast()).recast()
    } else {
      ck_distance_s(n, x.recast(), y.recast()).recast()
    }
  }

  /// The index of the first entry that is NaN or infinite; n where there is none.
  package static func _firstNonFinite(_ n: Int, _ x: UnsafePointer<Self>) -> Int {
    if isDouble {
      ck_first_nonfinite_d(n, x.recast())
    } else {
      ck_first_nonfinite_s(n, x.recast())
    }
  }

  /// A hash of the pattern of signs (−, 0, +).
  static func _signPattern(_ n: Int, _ x: UnsafePointer<Self>) -> UInt64 {
    if isDouble {
      ck_sign_pattern_d(n, x.recast())
    } else {
      ck_sign_pattern_s(n, x.recast())
    }
  }

  /// The indices of the entries that are not zero, increasing; `index` has room for n. How many there are.
  static func _nonzeros(_ n: Int, _ x: UnsafePointer<Self>, _ index: UnsafeMutablePointer<Int>) -> Int {
    if isDouble {
      ck_nonzeros_d(n, x.recast(), index)
    } else {
      ck_nonzeros_s(n, x.recast(), index)
    }
  }

  /// How many entries are not zero.
  static func _countNonzeros(_ n: Int, _ x: UnsafePointer<Self>) -> Int {
    if isDouble {
      ck_count_nonzeros_d(n, x.recast())
    } else {
      ck_count_nonzeros_s(n, x.recast())
    }
  }

  /// out ← x rounded to Float.
  static func _toSingle(_ n: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Float>) {
    if isDouble {
      ck_to_single_d(n, x.recast(), out)
    } else {
      ck_to_single_s(n, x.recast(), out)
    }
  }

  /// out ← x.
  static func _fromSingle(_ n: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Self>) {
    if isDouble {
      ck_from_single_d(n, x, out.recast())
    } else {
      ck_from_single_s(n, x, out.recast())
    }
  }
}
