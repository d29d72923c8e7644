public import LinAlg

/// Xᵀ for a design X, to be multiplied with.
public struct TransposedDesign<Element: Scalar> {
  public let base: any DesignMatrix<Element>
}

extension DesignMatrix {
  /// Xᵀ.
  public var transposed: TransposedDesign<Element> { TransposedDesign(base: self) }
}
