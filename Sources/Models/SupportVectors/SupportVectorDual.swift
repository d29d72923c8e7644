public import ImplicitDiff
public import LinAlg

/// f(α) = ½ ‖Xᵀ(σ ∘ α)‖² − cᵀα, X n × p, one α for each row: the smooth part of the dual of a linear support vector machine, whose coefficients are
/// w = Xᵀ(σ ∘ α).
///
/// With labels σ = ±1, c = 1 and 0 ≤ α ≤ C (`Box`) these minimize ½ ‖w‖² + C Σ max(0, 1 − σᵢ xᵢ·w); without σ, with targets c and the penalty
/// `InsensitiveConjugate` they minimize ½ ‖w‖² + C Σ max(0, |cᵢ − xᵢ·w| − ε).
///
/// Source: C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan, *A Dual Coordinate Descent Method for Large-scale Linear SVM*, ICML 2008;
/// C.-H. Ho, C.-J. Lin, *Large-scale Linear Support Vector Regression*, JMLR 13 (2012).
public final class SupportVectorDual<Element: Scalar>: SmoothFunction {
  /// X, n × p.
  public let features: any DesignMatrix<Element>
  /// σ, n entries; nil for ones.
  let signs: Vector<Element>?
  /// c, n entries.
  private let linear: Vector<Element>
  /// What was subtracted from the targets of a regression.
  public let mean: Element
  private var signed: Vector<Element>
  private var weights: Vector<Element>

  /// - Precondition: at least one row; as many entries of σ and c as rows.
  private init(_ X: any DesignMatrix<Element>, signs: Vector<Element>?, linear: Vector<Element>, mean: Element = 0) {
    precondition(
      X.rows > 0 && linear.count == X.rows && signs?.count ?? X.rows == X.rows,
      "SupportVectorDual: \(X.rows) × \(X.columns) features with \(linear.count) targets")
    features = X
    self.signs = signs
    self.linear = linear
    self.mean = mean
    signed = .zeros(X.rows)
    weights = .zeros(X.columns)
  }

  /// That of a classifier.
  ///
  /// - Parameter y: labels −1 and 1, one per row.
  public convenience init(features X: any DesignMatrix<Element>, labels y: Vector<Element>) {
    self.init(X, signs: y, linear: Vector(repeating: 1, count: y.count))
  }

  /// That of a regression.
  ///
  /// - Parameters:
  ///   - y: one number per row.
  ///   - mean: what is subtracted from each, a first guess of the intercept.
  public convenience init(features X: any DesignMatrix<Element>, targets y: Vector<Element>, mean: Element = 0) {
    self.init(X, signs: nil, linear: Vector(count: y.count) { y[$0] - mean }, mean: mean)
  }

  /// Rows of one with these signs; the linear term does not matter.
  static func rows(_ X: any DesignMatrix<Element>, signs: Vector<Element>?) -> SupportVectorDual {
    SupportVectorDual(X, signs: signs, linear: .zeros(X.rows))
  }

  /// Dense features row by row, copied on first use; nil for others.
  lazy var denseRows: Matrix<Element>? = features.denseColumns?.with(layout: .rowMajor)

  /// ‖row‖² of every row.
  lazy var squaredRowNorms: Vector<Element> = {
    var norms = Vector<Element>.zeros(stateCount)
    features.squaredRowNorms(into: &norms)
    return norms
  }()

  /// c, n entries: ones, or the targets less their mean.
  public var linearTerm: Vector<Element> { linear }

  /// n.
  public var stateCount: Int { linear.count }
  public var parameterCount: Int { 0 }

  /// w ← Xᵀ(σ ∘ α), p entries.
  public func coefficients(_ α: Vector<Element>, into w: inout Vector<Element>) {
    if let signs { signed.assignProduct(signs, α) } else { signed.copy(from: α) }
    features.multiplyTransposed(signed, alpha: 1, beta: 0, into: &w)
  }

  /// w = Xᵀ(σ ∘ α), p entries.
  public func coefficients(_ α: Vector<Element>) -> Vector<Element> {
    var w = Vector<Element>.zeros(features.columns)
    coefficients(α, into: &w)
    return w
  }

  /// g ← σ ∘ (X v), the adjoint of ``coefficients(_:into:)``.
  func scores(_ v: Vector<Element>, into g: inout Vector<Element>) {
    features.multiply(v, alpha: 1, beta: 0, into: &g)
    if let signs { g.scale(by: signs) }
  }

  public func value(at α: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    coefficients(α, into: &weights)
    return weights.dot(weights) / 2 - linear.dot(α)
  }

  public func gradient(at α: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    coefficients(α, into: &weights)
    scores(weights, into: &g)
    g.add(-1, linear)
  }

  public func makeHessian() -> SupportVectorHessian<Element> { SupportVectorHessian(self) }

  public func linearize(
    at α: Vector<Element>, parameters λ: Vector<Element>, into H: SupportVectorHessian<Element>,
    gradient g: inout Vector<Element>
  ) { gradient(at: α, parameters: λ, into: &g) }

  /// The Hessian is the same everywhere.
  public func fillHessian(
    at α: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: SupportVectorHessian<Element>
  ) {}

  /// The largest eigenvalue of XXᵀ, computed on first use.
  private lazy var largestEigenvalue: Element = {
    let found = features.gramSpectrum(scale: 1)
    return found.largest + found.largestErrorBound
  }()

  /// Rows are mostly more than columns: the least eigenvalue is taken for 0.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    (0, largestEigenvalue)
  }

  public func gradientMagnitude(at α: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    largestEigenvalue * α.norm + linear.norm
  }
}

/// The Hessian of a ``SupportVectorDual``, (σ ∘ X)(σ ∘ X)ᵀ, n × n by its rows.
public final class SupportVectorHessian<Element: Scalar>: SupportedHessian {
  private let dual: SupportVectorDual<Element>
  private var weights: Vector<Element>

  init(_ dual: SupportVectorDual<Element>) {
    self.dual = dual
    weights = .zeros(dual.features.columns)
  }

  public var rows: Int { dual.stateCount }
  public var columns: Int { dual.stateCount }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    dual.coefficients(x, into: &weights)
    dual.scores(weights, into: &y)
  }

  /// The rows of S gathered.
  private func part(_ S: IndexSubset) -> SupportVectorDual<Element> {
    SupportVectorDual.rows(
      dual.features.rows(S.elements), signs: dual.signs.map { signs in Vector(count: S.count) { signs[S[$0]] } })
  }

  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    S.count == 0 ? Matrix<Element>.zeros(0, 0) : SupportVectorHessian(part(S))
  }

  /// Dense rows by one matrix product, others by |S| products.
  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    guard S.count > 0, let X = dual.features.denseColumns else { return assembleByProducts(on: S, into: &M) }
    var rows = X.gatheringRows(S.elements)
    if let signs = dual.signs { rows.scaleRows(by: Vector(count: S.count) { signs[S[$0]] }) }
    M.assignProduct(rows, rows.transposed)
  }

  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    guard S.count > 0 else { return true }
    dual.features.rows(S.elements).squaredRowNorms(into: &d)
    return true
  }

  public func costs(on S: IndexSubset) -> AdjointCosts {
    let s = Double(S.count)
    let perRow = Double(dual.features.storedCount) / Double(max(1, rows))
    let product = 2 * s * perRow
    return AdjointCosts(
      assemblyMultiplications: dual.features.isDense ? s * s * perRow / 2 : s * product,
      productBytes: Double(MemoryLayout<Element>.stride) * product, isSparse: !dual.features.isDense)
  }
}
