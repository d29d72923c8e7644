internal import CKernels
import LinAlg

// Cycles of coordinate descent (descent.inc).

extension Scalar {
  /// Coordinate descent on ½ wᵀGw − cᵀw + Σ l1ⱼ |wⱼ| + (l2/2) ‖w‖² with g = c − G w kept, over `count` of the k coordinates, at index or the first ones;
  /// the epochs done.
  static func _gramDescent(
    _ k: Int, _ count: Int, _ index: UnsafePointer<Int>?, _ gram: UnsafePointer<Self>, _ ld: Int,
    _ l1: UnsafePointer<Self>, _ l2: Self, _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ g: UnsafeMutablePointer<Self>
  ) -> Int {
    if isDouble {
      ck_gram_descent_d(
        k, count, index, gram.recast(), ld, l1.recast(), l2.recast(), epochs, tolerance.recast(), w.recast(),
        g.recast())
    } else {
      ck_gram_descent_s(
        k, count, index, gram.recast(), ld, l1.recast(), l2.recast(), epochs, tolerance.recast(), w.recast(),
        g.recast())
    }
  }

  /// Coordinate descent through compressed columns at index, with `ridges` in the place of l2 where given; r ← r − d ∘ X δ is kept. The epochs done.
  static func _sparseDescent(
    _ k: Int, _ index: UnsafePointer<Int>, _ pointers: UnsafePointer<Int>, _ indices: UnsafePointer<Int32>,
    _ values: UnsafePointer<Self>, _ d: UnsafePointer<Self>?, _ scale: Self, _ h: UnsafePointer<Self>,
    _ l1: UnsafePointer<Self>, _ l2: Self, _ ridges: UnsafePointer<Self>?, _ epochs: Int, _ tolerance: Self,
    _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int {
    if isDouble {
      ck_sparse_descent_d(
        k, index, pointers, indices, values.recast(), d.recast(), scale.recast(), h.recast(), l1.recast(), l2.recast(),
        ridges.recast(), epochs, tolerance.recast(), w.recast(), r.recast())
    } else {
      ck_sparse_descent_s(
        k, index, pointers, indices, values.recast(), d.recast(), scale.recast(), h.recast(), l1.recast(), l2.recast(),
        ridges.recast(), epochs, tolerance.recast(), w.recast(), r.recast())
    }
  }

  /// The same through columns of a column-major matrix.
  static func _columnDescent(
    _ n: Int, _ k: Int, _ index: UnsafePointer<Int>, _ a: UnsafePointer<Self>, _ lda: Int, _ d: UnsafePointer<Self>?,
    _ scale: Self, _ h: UnsafePointer<Self>, _ l1: UnsafePointer<Self>, _ l2: Self, _ ridges: UnsafePointer<Self>?,
    _ epochs: Int,
    _ tolerance: Self, _ w: UnsafeMutablePointer<Self>, _ r: UnsafeMutablePointer<Self>
  ) -> Int {
    if isDouble {
      ck_column_descent_d(
        n, k, index, a.recast(), lda, d.recast(), scale.recast(), h.recast(), l1.recast(), l2.recast(),
        ridges.recast(), epochs, tolerance.recast(), w.recast(), r.recast())
    } else {
      ck_column_descent_s(
        n, k, index, a.recast(), lda, d.recast(), scale.recast(), h.recast(), l1.recast(), l2.recast(),
        ridges.recast(), epochs, tolerance.recast(), w.recast(), r.recast())
    }
  }
}
