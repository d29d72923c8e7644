import ImplicitDiff
import LinAlg

/// A feature matrix X, b × p, known by its products with a column for each of c classes.
protocol ClassProducts<Element>: AnyObject {
  associatedtype Element: Scalar
  /// Y ← X W, W p × c column-major, Y b × c row-major.
  func multiply(_ W: Matrix<Element>, into Y: inout Matrix<Element>)
  /// G ← α Xᵀ R + β G with β 0 or 1, R b × c row-major, G p × c column-major.
  func multiplyTransposed(_ R: Matrix<Element>, alpha α: Element, beta β: Element, into G: inout Matrix<Element>)
}

/// Some rows of a feature matrix, as they were when they were asked for.
protocol FeatureRows<Element>: ClassProducts {
  /// Becomes the rows at these indices (repetitions allowed) with the shift that they have now.
  func fill(_ indices: [Int])
}

/// The features of a multinomial model, n × p, some rows of which an attack shifts: X = X₀ + E Γ, E the places of the
/// shifted rows. One conforming type a way of storing them; the model, its linearization and its minibatches ask for
/// products alone.
protocol ShiftedFeatures<Element>: ClassProducts {
  /// n.
  var rows: Int { get }
  /// p.
  var columns: Int { get }
  /// X as a dense matrix where it is stored so, with the shift that it has now; nil otherwise.
  var denseRows: Matrix<Element>? { get }
  /// X₀ as a design of columns, copied where it is stored otherwise.
  func unshifted() -> any DesignMatrix<Element>
  /// xᵢ ← x₀ᵢ + γᵢ for the shifted rows, Γ holding p entries per row.
  func shift(by Γ: Vector<Element>)
  /// The rows that are shifted, m × p row-major, as `Γ` would have them.
  func shiftedRows(by Γ: Vector<Element>) -> Matrix<Element>

  func makeRows() -> any FeatureRows<Element>
  /// Calls `body` with all rows, in as few ranges as are cheap, each read from memory once if `body` makes two products.
  func forEachBlock(_ body: (any ClassProducts<Element>, Range<Int>) -> Void)
  /// The chosen columns with the shift that they have now, gathered once for many products; nil where going through all
  /// columns is as good.
  func restricted(to columns: IndexSubset) -> (any ClassProducts<Element>)?

  /// ‖column‖² of every column of X₀.
  var squaredColumnNorms: Vector<Element> { get }
  /// The extremal eigenvalues of `scale` · X₀ᵀX₀.
  func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element>
  /// What the Hessian costs on a support of s coordinates, f distinct features in c classes.
  func hessianCosts(support s: Double, features f: Double, classes c: Double) -> AdjointCosts
}

/// The way to hold a design's rows so that some can be shifted.
func shiftedFeatures<Element: Scalar>(
  _ design: any DesignMatrix<Element>, shifted: [Int]
) -> any ShiftedFeatures<Element> {
  if let matrix = design.denseColumns { return DenseFeatures(matrix, shifted: shifted) }
  return DesignFeatures(design, shifted: shifted)
}
