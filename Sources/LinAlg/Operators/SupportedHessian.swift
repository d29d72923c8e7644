/// H = ∇²f at a point, p × p symmetric and positive semidefinite, as the storage of the data multiplies and assembles it best.
///
/// Each storage makes its own and says what it can do beyond products: nobody asks it what it is. Products alone are enough; the
/// rest makes solvers faster. Filled anew for every point, used by one task at a time.
public protocol SupportedHessian<Element>: LinearOperator {
  /// H_SS as an operator over the data of S, gathered once. Valid until H is filled again.
  func restricted(to S: IndexSubset) -> any LinearOperator<Element>

  /// M ← H_SS, |S| × |S| column-major, both triangles.
  func assemble(on S: IndexSubset, into M: inout Matrix<Element>)

  /// d ← the diagonal of H_SS; false, and d undefined, where it costs too much to know.
  func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool

  /// H_SS as shift I + BᵀB with fewer rows than |S|; nil where it is not of that form.
  func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)?

  /// H_SS as a sparse matrix where it has few entries; nil otherwise.
  func sparse(on S: IndexSubset) -> SparseSymmetricMatrix<Element>?

  /// Whether ``assembleSingle(on:into:)`` is there, at half the cost of ``assemble(on:into:)``.
  var assemblesSingle: Bool { get }
  /// The lower triangle of M ← H_SS in single precision.
  func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>)
  /// H_SS as an operator in single precision over a copy of the data of S; nil where that saves nothing.
  func single(on S: IndexSubset) -> (any LinearOperator<Float>)?

  /// What assembling H_SS and multiplying by it cost.
  func costs(on S: IndexSubset) -> AdjointCosts
}

extension SupportedHessian {
  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> { RestrictedProducts(self, S) }

  /// By |S| products.
  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) { assembleByProducts(on: S, into: &M) }

  /// M ← H_SS by |S| products, both triangles: for a Hessian whose own assembly does not fit every S.
  package func assembleByProducts(on S: IndexSubset, into M: inout Matrix<Element>) {
    let H = restricted(to: S)
    var unit = Vector<Element>.zeros(S.count)
    var column = unit
    for k in 0..<S.count {
      unit[k] = 1
      H.apply(unit, into: &column)
      unit[k] = 0
      M.setColumn(k, column)
    }
    // The two triangles differ by rounding.
    for j in 0..<S.count { for i in 0..<j { M[i, j] = M[j, i] } }
  }

  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool { false }
  public func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)? { nil }
  public func sparse(on S: IndexSubset) -> SparseSymmetricMatrix<Element>? { nil }
  public var assemblesSingle: Bool { false }
  public func single(on S: IndexSubset) -> (any LinearOperator<Float>)? { nil }
  public func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    preconditionFailure("SupportedHessian: this storage has no Hessian in single precision")
  }

  /// As if a product read p numbers per entry of the support.
  public func costs(on S: IndexSubset) -> AdjointCosts {
    let product = Double(rows) * Double(max(1, S.count))
    return AdjointCosts(
      assemblyMultiplications: product * Double(S.count), productBytes: Double(MemoryLayout<Element>.stride) * product)
  }
}

/// H_SS by products in the full space.
final class RestrictedProducts<H: SupportedHessian>: LinearOperator {
  private let hessian: H
  private let support: IndexSubset
  private var full: Vector<H.Element>
  private var image: Vector<H.Element>

  init(_ hessian: H, _ support: IndexSubset) {
    self.hessian = hessian
    self.support = support
    full = .zeros(hessian.columns)
    image = .zeros(hessian.columns)
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  func apply(_ x: Vector<H.Element>, into y: inout Vector<H.Element>) {
    full.scatter(support, from: x)
    hessian.apply(full, into: &image)
    y.gather(support, from: image)
  }
}

/// H = XᵀDX/n of a design X, n × p, as its storage multiplies and assembles it best: what ``DesignMatrix/makeGram()`` hands out.
public protocol WeightedGram<Element>: SupportedHessian {
  /// Fills H with the weights D = diag(d), d ≥ 0, n entries; nil for ones.
  func fill(weights d: Vector<Element>?)
}
