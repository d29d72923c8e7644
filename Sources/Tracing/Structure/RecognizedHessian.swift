internal import ImplicitDiff
internal import LinAlg
internal import Models

/// `Σ cₖ Xₖᵀ diag(dₖ) Xₖ + diag(δ) + ρ I` with its numbers filled in: products, restrictions and assemblies by its parts.
final class RecognizedHessian<Element: Scalar>: LinearOperator {
  let count: Int
  private(set) var grams: [GramProduct<Element>]
  private(set) var diagonal: Vector<Element>?
  private(set) var shift: Element = 0
  /// The same as that of a linear model, where it is c Xᵀ diag(d) X + ρ I: then all is as the design does it best.
  private let linear: LinearModelHessian<Element>?
  private var blockScratch: Matrix<Element>?

  /// - Parameter shared: for every Gram matrix without weights, the operator that others use too.
  init(_ form: HessianForm<Element>, shared: [DesignHessian<Element>?] = [], count: Int) {
    self.count = count
    grams = form.grams.enumerated().map { GramProduct($1.features, shared: $0 < shared.count ? shared[$0] : nil) }
    diagonal = form.diagonal.map { _ in .zeros(count) }
    linear = grams.count == 1 && diagonal == nil ? LinearModelHessian(grams[0].hessian) : nil
  }

  private init(_ grams: [GramProduct<Element>], _ diagonal: Vector<Element>?, _ shift: Element, count: Int) {
    linear = nil
    self.grams = grams
    self.diagonal = diagonal
    self.shift = shift
    self.count = count
  }

  /// Takes the numbers of a form from where they were computed.
  func fill(_ form: HessianForm<Element>, from machine: Machine<Element>) {
    for k in 0..<grams.count {
      let weights = form.grams[k].weights
      grams[k].set(
        coefficient: machine.number(form.grams[k].coefficient), weights: weights.map { machine.slots[$0].vector })
    }
    if let node = form.diagonal { diagonal!.copy(from: machine.slots[node].vector) }
    shift = form.shift.map { machine.number($0) } ?? 0
    linear?.ridge = shift
  }

  /// That of a linear model where the numbers are those of one.
  private var model: LinearModelHessian<Element>? { grams.first?.isHessian == true ? linear : nil }

  var rows: Int { count }
  var columns: Int { count }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if grams.isEmpty { y.fill(0) } else { grams[0].assign(x, to: &y) }
    if grams.count > 1 { for k in 1..<grams.count { grams[k].add(x, to: &y) } }
    if let diagonal { Kernels.addProduct(count, diagonal.base, x.base, y.mutableBase()) }
    if shift != 0 { y.add(shift, x) }
  }

  func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    if let first = grams.first { first.assign(block: X, to: &Y) } else { Y.fill(0) }
    if blockScratch?.columns != X.columns, grams.count > 1 || diagonal != nil {
      blockScratch = .zeros(count, X.columns)
    }
    for gram in grams.dropFirst() {
      gram.assign(block: X, to: &blockScratch!)
      Y.combine(1, blockScratch!, 1)
    }
    if let diagonal {
      blockScratch!.copy(from: X)
      blockScratch!.scaleRows(by: diagonal)
      Y.combine(1, blockScratch!, 1)
    }
    if shift != 0 { Y.combine(shift, X, 1) }
  }

  private func part(_ S: IndexSubset) -> Vector<Element>? {
    diagonal.map { whole in Vector(count: S.count) { whole[S[$0]] } }
  }

  func restricted(to S: IndexSubset) -> any LinearOperator<Element> { model?.restricted(to: S) ?? gathered(S) }

  private func gathered(_ S: IndexSubset) -> RecognizedHessian {
    RecognizedHessian(grams.map { $0.restricted(to: S) }, part(S), shift, count: S.count)
  }

  /// Of weights that are negative by products.
  func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    if let model { return model.assemble(on: S, into: &M) }
    guard grams.allSatisfy(\.isNonnegative) else {
      gathered(S).apply(block: .identity(S.count), into: &M)
      for j in 0..<S.count { for i in 0..<j { M[i, j] = M[j, i] } }
      return
    }
    M.fill(0)
    for gram in grams { gram.add(on: S, to: &M) }
    if let δ = part(S) { for i in 0..<S.count { M[i, i] += δ[i] } }
    M.addToDiagonal(shift)
  }

  var assemblesSingle: Bool { model?.assemblesSingle ?? false }

  func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) { model!.assembleSingle(on: S, into: &M) }

  func single(on S: IndexSubset) -> (any LinearOperator<Float>)? { model?.single(on: S) }

  func sparse(on S: IndexSubset) -> SparseSymmetricMatrix<Element>? { model?.sparse(on: S) }

  func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    if let model { return model.diagonal(on: S, into: &d) }
    guard grams.allSatisfy(\.isStored) else { return false }
    d.fill(shift)
    if let δ = part(S) { d.add(1, δ) }
    for gram in grams { gram.addDiagonal(on: S, to: &d) }
    return true
  }

  func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)? {
    if let model { return model.lowRank(on: S) }
    guard hasLowRank(on: S), let root = grams[0].root(on: S) else { return nil }
    return LowRankRoot(root, shift: shift)
  }

  private func hasLowRank(on S: IndexSubset) -> Bool {
    shift > 0 && diagonal == nil && grams.count == 1 && grams[0].features.rows < S.count
      && grams[0].features.denseColumns != nil && grams[0].coefficient >= 0 && grams[0].isNonnegative
  }

  func costs(on S: IndexSubset) -> AdjointCosts {
    if let model { return model.costs(on: S) }
    let s = Double(S.count)
    var (assembly, product) = (s, s)
    var isSparse = false
    for gram in grams {
      let stored = Double(gram.features.storedCount) * (gram.isStored ? s / Double(max(1, count)) : 1)
      assembly += gram.isStored ? stored * (s / 2 + (gram.hasWeights ? 1 : 0)) : stored * s
      product += stored
      isSparse = isSparse || gram.features.sparseColumns != nil
    }
    return AdjointCosts(
      assemblyMultiplications: assembly, productBytes: Double(MemoryLayout<Element>.stride) * product,
      lowRank: hasLowRank(on: S) ? grams[0].features.rows : nil, isSparse: isSparse)
  }
}
