public import LinAlg

/// ∇²f + λ I of a ``MultinomialLoss`` f at a point: products are pairs of matrix products with c columns, X ∘ (J ∘ (X V))/n with J the softmax's
/// Jacobian, and coordinates are numbered class by class.
public final class MultinomialHessian<Element: Scalar>: SupportedHessian {
  private let loss: MultinomialLoss<Element>
  /// λ.
  private(set) var ridge: Element = 0
  /// The ridge's factor for every coordinate; nil for ones.
  private let ridgeFactors: Vector<Element>?
  private let gauges: ClassGauges<Element>
  /// P at the point, n × c row-major.
  private(set) var probabilities: Matrix<Element>
  /// Brings the features back to what they were at the point, where somebody shifts them.
  private let restore: (() -> Void)?

  /// - Parameter restore: called before every use of the features.
  init(
    _ loss: MultinomialLoss<Element>, ridgeFactors: Vector<Element>? = nil, gauges: ClassGauges<Element>? = nil,
    restore: (() -> Void)? = nil
  ) {
    self.loss = loss
    self.gauges = gauges ?? ClassGauges([], count: 0)
    self.ridgeFactors = ridgeFactors
    self.restore = restore
    probabilities = .zeros(loss.sampleCount, loss.classCount, layout: .rowMajor)
  }

  func fill(at w: Vector<Element>, ridge: Element) {
    self.ridge = ridge
    restore?()
    loss.probabilities(at: w, into: &probabilities)
  }

  /// The same, with g ← the loss's gradient by the same scores.
  func fill(at w: Vector<Element>, ridge: Element, gradient g: inout Vector<Element>) {
    fill(at: w, ridge: ridge)
    loss.gradient(probabilities: probabilities, into: &g)
  }

  public var rows: Int { loss.stateCount }
  public var columns: Int { loss.stateCount }

  /// y ← ∇²f x, without the ridge.
  func applyLoss(_ x: Vector<Element>, into y: inout Vector<Element>) {
    restore?()
    loss.applyHessian(x, probabilities: probabilities, into: &y)
  }

  /// The same with the features X in place of all, and x restricted to them.
  fileprivate func applyLoss(_ x: Vector<Element>, of X: any ClassProducts<Element>, into y: inout Vector<Element>) {
    loss.applyHessian(x, of: X, probabilities: probabilities, into: &y)
  }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    applyLoss(x, into: &y)
    if ridge != 0 { addRidge(x, to: &y) }
    gauges.add(x, to: &y)
  }

  /// y ← y + λ factors ∘ x, on the coordinates S with what holds the sums of others, or on all.
  fileprivate func addRidge(_ x: Vector<Element>, on S: IndexSubset? = nil, to y: inout Vector<Element>) {
    if let S { gauges.add(x, on: S, to: &y) }
    guard let ridgeFactors else { return y.add(ridge, x) }
    for k in x.indices { y[k] += ridge * ridgeFactors[S.map { $0[k] } ?? k] * x[k] }
  }

  /// The features of the support are taken out of X where that pays, and the full space is gone through otherwise: the products with X
  /// are the cost, and they are dense in the classes.
  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    restore?()
    let features = usedFeatures(S)
    return RestrictedMultinomialHessian(
      self, S, loss.features.restricted(to: features), features, featureCount: loss.featureCount,
      classCount: loss.classCount)
  }

  /// Dense features: block (a, b) of the Hessian is Xᵀ diag(p_a (δ_ab − p_b)) X/n, on the support a product of gathered
  /// columns; cost n |S|². Others: |S| products, each of the stored entries of the support's features.
  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    restore?()
    if let X = loss.features.denseRows {
      assemble(X, on: S, into: &M)
    } else {
      assembleByProducts(on: S, into: &M)
    }
  }

  private func assemble(_ X: Matrix<Element>, on S: IndexSubset, into M: inout Matrix<Element>) {
    let p = loss.featureCount
    let n = loss.sampleCount
    let blocks = classBlocks(S)
    let P = probabilities.packed(as: .columnMajor)
    var weights = Vector<Element>.zeros(n)
    for (a, blockA) in blocks.enumerated() where !blockA.features.isEmpty {
      let XA = X.columns(IndexSubset(blockA.features, universe: p))
      for b in 0...a where !blocks[b].features.isEmpty {
        weights.assignProduct(P.column(a), P.column(b))
        weights.scale(by: -1 / Element(n))
        if a == b { weights.add(1 / Element(n), P.column(a)) }
        var weighted = b == a ? XA : X.columns(IndexSubset(blocks[b].features, universe: p))
        weighted.scaleRows(by: weights)
        var block = Matrix<Element>.zeros(XA.columns, weighted.columns)
        block.assignProduct(XA.transposed, weighted)
        let m = M.mutableBase()
        let (i, j) = (blockA.start, blocks[b].start)
        for k in 0..<block.columns {
          Element._axpby(block.rows, 1, block.base + k * block.stride, 0, m + (j + k) * M.stride + i)
        }
        Element._transpose(block.rows, block.columns, block.base, block.stride, m + i * M.stride + j, M.stride)
      }
    }
    gauges.add(on: S, to: &M)
    guard let ridgeFactors else { return M.addToDiagonal(ridge) }
    for k in 0..<S.count { M[k, k] += ridge * ridgeFactors[S[k]] }
  }

  /// The support split by class: where a class's part starts in it, and its features.
  private func classBlocks(_ S: IndexSubset) -> [(start: Int, features: [Int])] {
    var blocks: [(start: Int, features: [Int])] = []
    let p = loss.featureCount
    var k = 0
    for a in 0..<loss.classCount {
      let start = k
      var features: [Int] = []
      while k < S.count, S[k] < (a + 1) * p {
        features.append(S[k] - a * p)
        k += 1
      }
      blocks.append((start, features))
    }
    return blocks
  }

  public func costs(on S: IndexSubset) -> AdjointCosts {
    loss.features.hessianCosts(
      support: Double(S.count), features: Double(usedFeatures(S).count), classes: Double(loss.classCount))
  }

  /// The features that the support has in any class.
  private func usedFeatures(_ S: IndexSubset) -> IndexSubset {
    let p = loss.featureCount
    var isUsed = Array(repeating: false, count: p)
    for k in 0..<S.count { isUsed[S[k] % p] = true }
    return IndexSubset((0..<p).filter { isUsed[$0] }, universe: p)
  }
}

/// x ↦ (∇²f + λ I)_SS x.
private final class RestrictedMultinomialHessian<Element: Scalar>: LinearOperator {
  private let hessian: MultinomialHessian<Element>
  private let support: IndexSubset
  /// X on the features that the support has in any class; nil for X itself.
  private let gathered: (any ClassProducts<Element>)?
  /// The support among the features in use, class by class.
  private let places: IndexSubset
  private var full: Vector<Element>
  private var image: Vector<Element>

  init(
    _ hessian: MultinomialHessian<Element>, _ support: IndexSubset, _ gathered: (any ClassProducts<Element>)?,
    _ features: IndexSubset, featureCount p: Int, classCount c: Int
  ) {
    self.hessian = hessian
    self.support = support
    self.gathered = gathered
    if gathered == nil {
      places = support
    } else {
      var place = Array(repeating: 0, count: p)
      for k in 0..<features.count { place[features[k]] = k }
      places = IndexSubset(
        support.elements.map { $0 / p * features.count + place[$0 % p] }, universe: features.count * c)
    }
    full = .zeros(places.universe)
    image = .zeros(places.universe)
  }

  var rows: Int { places.count }
  var columns: Int { places.count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if places.count == 0 { return }
    full.scatter(places, from: x)
    if let gathered {
      hessian.applyLoss(full, of: gathered, into: &image)
    } else {
      hessian.applyLoss(full, into: &image)
    }
    y.gather(places, from: image)
    hessian.addRidge(x, on: support, to: &y)
  }
}
