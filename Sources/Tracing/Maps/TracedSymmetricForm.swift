internal import ImplicitDiff
internal import LinAlg
internal import NonsmoothMaps

/// A1 = D (I − H) with H = I − ∂u/∂w: the symmetric form of a traced map, its step counted into H.
final class TracedSymmetricForm<Element: Scalar>: SymmetricForm {
  let range: any ProximalLinearization<Element>
  let recognized: RecognizedHessian<Element>?
  private let form: HessianForm<Element>?
  private let count: Int
  /// y ← H x where it was vouched for that H is symmetric, but not recognised.
  var multiply: (_ x: Vector<Element>, _ y: inout Vector<Element>) -> Void = { _, _ in }

  init(_ map: MapTape<Element>, count: Int, range: any ProximalLinearization<Element>) {
    form = map.form
    recognized = map.form.map { RecognizedHessian($0, count: count) }
    self.range = range
    self.count = count
  }

  func fill(from machine: Machine<Element>) { if let form { recognized!.fill(form, from: machine) } }

  var step: Element { 1 }
  var parametersLieInRange: Bool { range.parametersLieInRange }
  var supportedHessian: any SupportedHessian<Element> { TracedMapHessian(owner: self, count: count) }
}

/// H of a traced map.
struct TracedMapHessian<Element: Scalar>: SupportedHessian {
  let owner: TracedSymmetricForm<Element>
  let count: Int
  var rows: Int { count }
  var columns: Int { count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let H = owner.recognized { H.apply(x, into: &y) } else { owner.multiply(x, &y) }
  }

  func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    if let H = owner.recognized {
      H.apply(block: X, into: &Y)
      return
    }
    var y = Vector<Element>.zeros(count)
    for k in 0..<X.columns {
      apply(X.column(k), into: &y)
      Y.setColumn(k, y)
    }
  }

  func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    owner.recognized.map { $0.restricted(to: S) } ?? ProductsOnSupport(self, S)
  }

  func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    if let H = owner.recognized {
      H.assemble(on: S, into: &M)
      return
    }
    restricted(to: S).apply(block: .identity(S.count), into: &M)
    // The two triangles differ by rounding.
    for j in 0..<S.count { for i in 0..<j { M[i, j] = M[j, i] } }
  }

  func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    owner.recognized?.diagonal(on: S, into: &d) ?? false
  }

  func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)? { owner.recognized?.lowRank(on: S) }

  func costs(on S: IndexSubset) -> AdjointCosts {
    if let H = owner.recognized { return H.costs(on: S) }
    let product = Double(count) * Double(max(1, S.count))
    return AdjointCosts(
      assemblyMultiplications: product * Double(S.count), productBytes: Double(MemoryLayout<Element>.stride) * product)
  }
}
