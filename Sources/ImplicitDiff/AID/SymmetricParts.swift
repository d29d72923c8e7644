import LinAlg
import NonsmoothMaps

/// What a ``SymmetricSystem`` is made of, whatever declares it: R on the active coordinates, and H_SS there.
protocol SymmetricParts<Element>: AnyObject {
  associatedtype Element: Scalar
  var step: Element { get }
  var active: IndexSubset { get }
  var rank: Int { get }
  var isMask: Bool { get }
  var isProjection: Bool { get }
  var parametersLieInRange: Bool { get }
  /// The diagonal of R where D is diagonal but no mask; nil otherwise.
  var diagonalRoots: Vector<Element>? { get }

  func restrict(_ x: Vector<Element>, into z: inout Vector<Element>)
  func expand(_ z: Vector<Element>, into x: inout Vector<Element>)
  func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>)
  func lift(_ z: Vector<Element>, into x: inout Vector<Element>)
  func project(_ x: Vector<Element>, into z: inout Vector<Element>)

  func makeRestrictedHessian() -> any LinearOperator<Element>
  func assembleHessian(into M: inout Matrix<Element>)
  func hessianDiagonal(into d: inout Vector<Element>) -> Bool
  var lowRankHessian: (any LowRankHessian<Element>)? { get }
  var sparseHessian: SparseSymmetricMatrix<Element>? { get }
  var hasSingleHessian: Bool { get }
  func assembleSingleHessian(into M: inout Matrix<Float>)
  func makeSingleHessian() -> (any LinearOperator<Float>)?
  var costs: AdjointCosts { get }
}

/// Those of a ``SymmetricForm``.
final class FormParts<Element: Scalar>: SymmetricParts {
  let form: any SymmetricForm<Element>
  private let range: any ProximalLinearization<Element>
  private let hessian: any SupportedHessian<Element>

  init(_ form: any SymmetricForm<Element>) {
    self.form = form
    range = form.range
    hessian = form.supportedHessian
  }

  var step: Element { form.step }
  var active: IndexSubset { range.active }
  var rank: Int { range.rank }
  var isMask: Bool { range.isMask }
  var isProjection: Bool { range.isProjection }
  var parametersLieInRange: Bool { form.parametersLieInRange }
  var diagonalRoots: Vector<Element>? { range.diagonalRoots }
  func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { range.restrict(x, into: &z) }
  func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { range.expand(z, into: &x) }
  func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) { range.applyGram(z, into: &y) }
  func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { range.lift(z, into: &x) }
  func project(_ x: Vector<Element>, into z: inout Vector<Element>) { range.project(x, into: &z) }
  func makeRestrictedHessian() -> any LinearOperator<Element> { hessian.restricted(to: range.active) }
  func assembleHessian(into M: inout Matrix<Element>) { hessian.assemble(on: range.active, into: &M) }
  func hessianDiagonal(into d: inout Vector<Element>) -> Bool { hessian.diagonal(on: range.active, into: &d) }
  var lowRankHessian: (any LowRankHessian<Element>)? { hessian.lowRank(on: range.active) }
  var sparseHessian: SparseSymmetricMatrix<Element>? { hessian.sparse(on: range.active) }
  var hasSingleHessian: Bool { hessian.assemblesSingle }
  func assembleSingleHessian(into M: inout Matrix<Float>) { hessian.assembleSingle(on: range.active, into: &M) }
  func makeSingleHessian() -> (any LinearOperator<Float>)? { hessian.single(on: range.active) }
  var costs: AdjointCosts { form.costs }
}

/// Those of a ``ProximalGradientStructure``, whose D is diagonal: R = D^{1/2} on the support.
final class StructureParts<Element: Scalar>: SymmetricParts {
  let structure: any ProximalGradientStructure<Element>
  private var roots = Vector<Element>.zeros(0)

  init(_ structure: any ProximalGradientStructure<Element>) {
    self.structure = structure
    refresh()
  }

  /// After the structure was filled again.
  func refresh() {
    if structure.derivativeIsMask { return }
    let support = structure.support
    if roots.count != support.count { roots = .zeros(support.count) }
    for k in 0..<support.count { roots[k] = structure.derivative[support[k]].squareRoot() }
  }

  var step: Element { structure.step }
  /// Read where it lies: a copy would share the memory that the next linearization fills.
  var active: IndexSubset { structure.support }
  var rank: Int { structure.support.count }
  var isMask: Bool { structure.derivativeIsMask }
  var isProjection: Bool { structure.derivativeIsMask }
  var parametersLieInRange: Bool { structure.parametersLieInRange }
  var diagonalRoots: Vector<Element>? { isMask ? nil : roots }
  func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    if isMask { z.copy(from: x) } else { z.assignProduct(roots, x) }
  }
  func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { restrict(z, into: &x) }
  func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    restrict(z, into: &y)
    if !isMask { y.scale(by: roots) }
  }
  func lift(_ z: Vector<Element>, into x: inout Vector<Element>) {
    x.copy(from: z)
    if !isMask { for k in 0..<z.count { x[k] = z[k] / roots[k] } }
  }
  func project(_ x: Vector<Element>, into z: inout Vector<Element>) { lift(x, into: &z) }
  func makeRestrictedHessian() -> any LinearOperator<Element> { structure.makeRestrictedHessian() }
  func assembleHessian(into M: inout Matrix<Element>) { structure.assembleHessian(into: &M) }
  func hessianDiagonal(into d: inout Vector<Element>) -> Bool { structure.hessianDiagonal(into: &d) }
  var lowRankHessian: (any LowRankHessian<Element>)? { structure.lowRankHessian }
  var sparseHessian: SparseSymmetricMatrix<Element>? { structure.sparseHessian }
  var hasSingleHessian: Bool { structure.hasSingleHessian }
  func assembleSingleHessian(into M: inout Matrix<Float>) { structure.assembleSingleHessian(into: &M) }
  func makeSingleHessian() -> (any LinearOperator<Float>)? { structure.makeSingleHessian() }
  var costs: AdjointCosts { structure.costs }
}
