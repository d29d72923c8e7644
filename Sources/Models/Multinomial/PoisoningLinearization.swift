public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// [A1, A2] of the poisoning map at (W, Γ): `A1 = D (I − s (∇²f + λ2 I))` and, for a shift dΓ with rows dxᵢ,
/// `A2 dΓ = −(s/n) D Σᵢ (dxᵢ rᵢᵀ + xᵢ (Jᵢ Wᵀ dxᵢ)ᵀ)`, rᵢ = pᵢ − e_{yᵢ}, Jᵢ = diag(pᵢ) − pᵢ pᵢᵀ.
public final class PoisoningLinearization<Element: Scalar>: Linearization {
  fileprivate let map: PoisoningMap<Element>
  private var w: Vector<Element>
  /// The shift that the linearization belongs to; the map may have seen others since.
  private var shift: Vector<Element>
  /// P, n × c row-major.
  private var probabilities: Matrix<Element>
  private var product: Vector<Element>
  /// The poisoned rows of X, of P and of P − Y, and a scratch of the latter's shape.
  private let poisonedFeatures: any FeatureRows<Element>
  private var poisonedProbabilities: Matrix<Element>
  private var poisonedResiduals: Matrix<Element>
  private var poisonedScores: Matrix<Element>

  public private(set) var derivative: Vector<Element>
  public private(set) var support: IndexSubset
  public private(set) var derivativeIsMask = true

  init(_ map: PoisoningMap<Element>) {
    self.map = map
    let n = map.loss.sampleCount
    let c = map.loss.classCount
    let m = map.poisoned.count
    w = .zeros(map.stateCount)
    shift = .zeros(map.parameterCount)
    probabilities = .zeros(n, c, layout: .rowMajor)
    product = .zeros(map.stateCount)
    derivative = .zeros(map.stateCount)
    support = IndexSubset(universe: map.stateCount)
    poisonedFeatures = map.loss.features.makeRows()
    poisonedProbabilities = .zeros(m, c, layout: .rowMajor)
    poisonedResiduals = .zeros(m, c, layout: .rowMajor)
    poisonedScores = .zeros(m, c, layout: .rowMajor)
  }

  public var step: Element { map.stepSize }
  public var state: PoisoningStateOperator<Element> { PoisoningStateOperator(self) }
  public var parameters: PoisoningParameterOperator<Element> { PoisoningParameterOperator(self) }
  public var structure: LinearizationStructure<Element> { .proximalGradient(self) }

  /// - Parameter threshold: that of the proximal map whose argument u is; nil where u is its value.
  func fill(
    at w: Vector<Element>, shift Γ: Vector<Element>, argument u: Vector<Element>, threshold: Element?, kink: KinkRule
  ) {
    self.w.copy(from: w)
    shift = Γ
    map.loss.probabilities(at: w, into: &probabilities)
    if let threshold {
      SoftThreshold.derivative(at: u, threshold: threshold, kink: kink, into: &derivative)
      derivativeIsMask = kink != .midpoint || SoftThreshold.margin(at: u, threshold: threshold) != 0
    } else {
      SoftThreshold.derivative(ofValue: u, into: &derivative)
      derivativeIsMask = true
    }
    support.refill(nonzerosOf: derivative)
    poisonedFeatures.fill(map.poisoned)
    poisonedProbabilities.gatherRows(map.poisoned, from: probabilities)
    poisonedResiduals.copy(from: poisonedProbabilities)
    for (k, i) in map.poisoned.enumerated() { poisonedResiduals.subtractLabel(map.loss.labels[i], fromRow: k) }
  }

  // MARK: - A1

  fileprivate func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    map.poison(shift)
    map.loss.applyHessian(x, probabilities: probabilities, into: &y)
    y.combine(1 - step * map.λ2, x, -step)
    y.scale(by: derivative)
  }

  fileprivate func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    map.poison(shift)
    product.assignProduct(derivative, y)
    map.loss.applyHessian(product, probabilities: probabilities, into: &x)
    x.combine(1 - step * map.λ2, product, -step)
  }

  // MARK: - A2

  /// y ← A2 dΓ.
  fileprivate func applyParameters(_ shift: Vector<Element>, into y: inout Vector<Element>) {
    let p = map.loss.featureCount
    let dX = Matrix(rowsOf: shift, columns: p)
    let scale = -step / Element(map.loss.sampleCount)
    poisonedScores.assignProduct(dX, map.loss.weights(w))
    let s = poisonedScores.mutableBase()
    Element._softmaxJacobianRows(map.poisoned.count, map.loss.classCount, 1, poisonedProbabilities.base, s, s)
    y.withColumns(rows: p) { Y in
      Y.assignProduct(dX.transposed, poisonedResiduals, alpha: scale)
      poisonedFeatures.multiplyTransposed(poisonedScores, alpha: scale, beta: 1, into: &Y)
    }
    y.scale(by: derivative)
  }

  /// dΓ ← A2ᵀ v: row i is −(s/n) (V rᵢ + W Jᵢ Vᵀ xᵢ) with V = D v.
  fileprivate func applyParametersAdjoint(_ v: Vector<Element>, into shift: inout Vector<Element>) {
    let p = map.loss.featureCount
    let scale = -step / Element(map.loss.sampleCount)
    product.assignProduct(derivative, v)
    let V = map.loss.weights(product)
    poisonedFeatures.multiply(V, into: &poisonedScores)
    let s = poisonedScores.mutableBase()
    Element._softmaxJacobianRows(map.poisoned.count, map.loss.classCount, 1, poisonedProbabilities.base, s, s)
    shift.withRows(columns: p) { dX in
      dX.assignProduct(poisonedResiduals, V.transposed, alpha: scale)
      dX.assignProduct(poisonedScores, map.loss.weights(w).transposed, alpha: scale, beta: 1)
    }
  }
}

extension PoisoningLinearization: ProximalGradientStructure {
  /// A shift moves the gradient alone: A2 = −s D ∂_Γ∇f.
  public var parametersLieInRange: Bool { true }

  /// Dense features: block (a, b) of the Hessian is Xᵀ diag(p_a (δ_ab − p_b)) X/n, on the support a product of gathered
  /// columns; cost n |S|². Others: |S| products, each of the stored entries of the support's features.
  public func assembleHessian(into H: inout Matrix<Element>) {
    map.poison(shift)
    guard let X = (map.loss.features as? DenseFeatures<Element>)?.features else {
      assembleHessianByProducts(into: &H)
      return
    }
    let p = map.loss.featureCount
    let n = map.loss.sampleCount
    let blocks = classBlocks()
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
        let h = H.mutableBase()
        let (i, j) = (blockA.start, blocks[b].start)
        for k in 0..<block.columns {
          Element._axpby(block.rows, 1, block.base + k * block.stride, 0, h + (j + k) * H.stride + i)
        }
        Element._transpose(block.rows, block.columns, block.base, block.stride, h + i * H.stride + j, H.stride)
      }
    }
    H.addToDiagonal(map.λ2)
  }

  private func assembleHessianByProducts(into H: inout Matrix<Element>) {
    let hessian = makeRestrictedHessian()
    var unit = Vector<Element>.zeros(support.count)
    var column = unit
    for k in 0..<support.count {
      unit[k] = 1
      hessian.apply(unit, into: &column)
      unit[k] = 0
      H.setColumn(k, column)
    }
    // The two triangles differ by rounding.
    Element._mirrorLower(support.count, H.mutableBase(), H.stride)
  }

  /// The support split by class: where a class's part starts in it, and its features.
  private func classBlocks() -> [(start: Int, features: [Int])] {
    var blocks: [(start: Int, features: [Int])] = []
    let p = map.loss.featureCount
    var k = 0
    for a in 0..<map.loss.classCount {
      let start = k
      var features: [Int] = []
      while k < support.count, support[k] < (a + 1) * p {
        features.append(support[k] - a * p)
        k += 1
      }
      blocks.append((start, features))
    }
    return blocks
  }

  public var costs: AdjointCosts {
    map.loss.features.hessianCosts(
      support: Double(support.count), features: Double(usedFeatures.count), classes: Double(map.loss.classCount))
  }

  /// The features that the support has in any class.
  private var usedFeatures: IndexSubset {
    let p = map.loss.featureCount
    var isUsed = Array(repeating: false, count: p)
    for k in 0..<support.count { isUsed[support[k] % p] = true }
    return IndexSubset((0..<p).filter { isUsed[$0] }, universe: p)
  }

  public func makeRestrictedHessian() -> any LinearOperator<Element> {
    map.poison(shift)
    let features = usedFeatures
    return RestrictedHessian(
      map, shift, probabilities, support, map.loss.features.restricted(to: features), features)
  }
}

/// x ↦ (∇²f + λ2 I)_SS x, the support's features taken out of X where that pays and the full space otherwise: the products
/// with X are the cost, and they are dense in the classes.
private final class RestrictedHessian<Element: Scalar>: LinearOperator {
  private let map: PoisoningMap<Element>
  private let shift: Vector<Element>
  private let probabilities: Matrix<Element>
  /// X on the features that the support has in any class; nil for X itself.
  private let gathered: (any ClassProducts<Element>)?
  /// The support among the features in use, class by class.
  private let places: IndexSubset
  private var full: Vector<Element>
  private var image: Vector<Element>

  /// - Parameter gathered: X on `features`, those of the support; nil for all of X.
  init(
    _ map: PoisoningMap<Element>, _ shift: Vector<Element>, _ probabilities: Matrix<Element>, _ support: IndexSubset,
    _ gathered: (any ClassProducts<Element>)?, _ features: IndexSubset
  ) {
    self.map = map
    self.probabilities = probabilities
    self.shift = shift
    self.gathered = gathered
    if gathered == nil {
      places = support
    } else {
      let p = map.loss.featureCount
      var place = Array(repeating: 0, count: p)
      for k in 0..<features.count { place[features[k]] = k }
      places = IndexSubset(
        support.elements.map { $0 / p * features.count + place[$0 % p] },
        universe: features.count * map.loss.classCount)
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
      map.loss.applyHessian(full, of: gathered, probabilities: probabilities, into: &image)
    } else {
      map.poison(shift)
      map.loss.applyHessian(full, probabilities: probabilities, into: &image)
    }
    y.gather(places, from: image)
    y.add(map.λ2, x)
  }
}

/// A1 of the poisoning map as an operator.
public struct PoisoningStateOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: PoisoningLinearization<Element>
  init(_ linearization: PoisoningLinearization<Element>) { self.linearization = linearization }
  public var rows: Int { linearization.map.stateCount }
  public var columns: Int { linearization.map.stateCount }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { linearization.apply(x, into: &y) }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyAdjoint(y, into: &x)
  }
}

/// A2 of the poisoning map as an operator, p c × (rows of Γ) p.
public struct PoisoningParameterOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: PoisoningLinearization<Element>
  init(_ linearization: PoisoningLinearization<Element>) { self.linearization = linearization }
  public var rows: Int { linearization.map.stateCount }
  public var columns: Int { linearization.map.parameterCount }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    linearization.applyParameters(x, into: &y)
  }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyParametersAdjoint(y, into: &x)
  }
}
