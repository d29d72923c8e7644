/// What coordinate descent over the columns x_j of X minimizes: `½ δᵀHδ − (Xᵀr/n)ᵀδ + Σ tⱼ |wⱼ + δⱼ| + (σ/2) ‖w + δ‖²` over δ,
/// H = XᵀDX/n. It keeps r ← r − D X δ, so that Xᵀr/n stays minus the derivative of the quadratic part.
///
/// An epoch costs four operations an entry of the columns; a coordinate whose step is zero only two.
public struct ColumnDescent<Element: Scalar> {
  /// The diagonal of H, one entry per column.
  public var curvatures: Vector<Element>
  /// t, one entry per column.
  public var strengths: Vector<Element>
  /// σ.
  public var ridge: Element
  /// The diagonal of D, one entry per row; nil for ones.
  public var weights: Vector<Element>?
  /// Stops when no coordinate moved by more, δⱼ √(H_jj + σ).
  public var tolerance: Element

  public init(
    curvatures: Vector<Element>, strengths: Vector<Element>, ridge: Element, weights: Vector<Element>?,
    tolerance: Element
  ) {
    self.curvatures = curvatures
    self.strengths = strengths
    self.ridge = ridge
    self.weights = weights
    self.tolerance = tolerance
  }

  func requireFit(
    _ X: any DesignMatrix<Element>, _ S: IndexSubset, _ w: Vector<Element>, _ r: Vector<Element>
  ) {
    precondition(
      S.universe == X.columns && w.count == S.count && curvatures.count == S.count && strengths.count == S.count
        && r.count == X.rows && (weights?.count ?? r.count) == r.count,
      "ColumnDescent: \(S.count) columns of \(X.rows) × \(X.columns), \(w.count) coordinates, \(r.count) residuals")
  }
}
