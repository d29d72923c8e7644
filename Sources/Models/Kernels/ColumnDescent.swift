import LinAlg

/// What coordinate descent over the columns x_j of X minimizes: `½ δᵀHδ − (Xᵀr/n)ᵀδ + Σ tⱼ |wⱼ + δⱼ| + ½ Σ σⱼ (wⱼ + δⱼ)²` over δ,
/// H = XᵀDX/n. It keeps r ← r − D X δ, so that Xᵀr/n stays minus the derivative of the quadratic part.
///
/// An epoch costs four operations an entry of the columns; a coordinate whose step is zero only two.
package struct ColumnDescent<Element: Scalar> {
  /// The diagonal of H, one entry per column.
  package var curvatures: Vector<Element>
  /// t, one entry per column.
  package var strengths: Vector<Element>
  /// σ where it is the same for all columns.
  package var ridge: Element
  /// σ, one entry per column, in the place of ``ridge``; nil for that.
  package var ridges: Vector<Element>?
  /// The diagonal of D, one entry per row; nil for ones.
  package var weights: Vector<Element>?
  /// Stops when no coordinate moved by more, δⱼ √(H_jj + σⱼ).
  package var tolerance: Element

  package init(
    curvatures: Vector<Element>, strengths: Vector<Element>, ridge: Element, ridges: Vector<Element>? = nil,
    weights: Vector<Element>?, tolerance: Element
  ) {
    self.curvatures = curvatures
    self.strengths = strengths
    self.ridge = ridge
    self.ridges = ridges
    self.weights = weights
    self.tolerance = tolerance
  }

  fileprivate func requireFit(
    _ X: any DesignMatrix<Element>, _ S: IndexSubset, _ w: Vector<Element>, _ r: Vector<Element>
  ) {
    precondition(
      S.universe == X.columns && w.count == S.count && curvatures.count == S.count && strengths.count == S.count
        && (ridges?.count ?? S.count) == S.count && r.count == X.rows && (weights?.count ?? r.count) == r.count,
      "ColumnDescent: \(S.count) columns of \(X.rows) × \(X.columns), \(w.count) coordinates, \(r.count) residuals")
  }
}

extension DesignMatrix {
  /// At most `epochs` cycles of coordinate descent over the columns S on a quadratic model with 1-norms; see ``ColumnDescent``.
  /// Columns that are known by products alone are copied first.
  ///
  /// - Returns: the epochs done.
  package func descend(
    columns S: IndexSubset, _ model: ColumnDescent<Element>, epochs: Int, w: inout Vector<Element>,
    residuals r: inout Vector<Element>
  ) -> Int {
    model.requireFit(self, S, w, r)
    let rows = rows
    let (w, r) = (w.mutableBase(), r.mutableBase())
    let (d, h, t) = (model.weights?.base, model.curvatures.base, model.strengths.base)
    var done = 0
    S.withPointer { chosen in
      if let sparse = sparseColumns {
        sparse.withColumns { pointers, indices, values in
          done = Element._sparseDescent(
            S.count, chosen, pointers, indices, values, d, 1 / Element(rows), h, t, model.ridge,
            model.ridges?.base, epochs,
            model.tolerance, w, r)
        }
      } else if let (dense, places) = self.dense(columns: S) {
        places.withPointer {
          done = Element._columnDescent(
            rows, S.count, $0, dense.base, dense.stride, d, 1 / Element(rows), h, t, model.ridge,
            model.ridges?.base, epochs,
            model.tolerance, w, r)
        }
      } else {
        let copy = gathered(S)
        IndexSubset(Array(0..<S.count), universe: S.count).withPointer { all in
          done = Element._columnDescent(
            rows, S.count, all, copy.base, copy.stride, d, 1 / Element(rows), h, t, model.ridge,
            model.ridges?.base, epochs,
            model.tolerance, w, r)
        }
      }
    }
    return done
  }
}
