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
  /// The poisoned rows of X, of P and of P − Y, and a scratch of that shape.
  private var poisonedFeatures: Matrix<Element>
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
    poisonedFeatures = .zeros(m, map.loss.featureCount, layout: .rowMajor)
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
    poisonedFeatures.gatherRows(map.poisoned, from: map.loss.features)
    poisonedProbabilities.gatherRows(map.poisoned, from: probabilities)
    poisonedResiduals.copy(from: poisonedProbabilities)
    for (k, i) in map.poisoned.enumerated() { poisonedResiduals[k, map.loss.labels[i]] -= 1 }
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
      Y.assignProduct(poisonedFeatures.transposed, poisonedScores, alpha: scale, beta: 1)
    }
    y.scale(by: derivative)
  }

  /// dΓ ← A2ᵀ v: row i is −(s/n) (V rᵢ + W Jᵢ Vᵀ xᵢ) with V = D v.
  fileprivate func applyParametersAdjoint(_ v: Vector<Element>, into shift: inout Vector<Element>) {
    let p = map.loss.featureCount
    let scale = -step / Element(map.loss.sampleCount)
    product.assignProduct(derivative, v)
    let V = map.loss.weights(product)
    poisonedScores.assignProduct(poisonedFeatures, V)
    let s = poisonedScores.mutableBase()
    Element._softmaxJacobianRows(map.poisoned.count, map.loss.classCount, 1, poisonedProbabilities.base, s, s)
    shift.withRows(columns: p) { dX in
      dX.assignProduct(poisonedResiduals, V.transposed, alpha: scale)
      dX.assignProduct(poisonedScores, map.loss.weights(w).transposed, alpha: scale, beta: 1)
    }
  }
}

extension PoisoningLinearization: ProximalGradientStructure {
  /// Block (a, b) of the Hessian is Xᵀ diag(p_a (δ_ab − p_b)) X/n; on the support each block is a product of gathered
  /// columns. Cost n |S|².
  public func assembleHessian(into H: inout Matrix<Element>) {
    let p = map.loss.featureCount
    let n = map.loss.sampleCount
    map.poison(shift)
    let blocks = classBlocks()
    var weights = Vector<Element>.zeros(n)
    for (a, blockA) in blocks.enumerated() where !blockA.features.isEmpty {
      let XA = map.loss.features.columns(IndexSubset(blockA.features, universe: p))
      for b in 0...a where !blocks[b].features.isEmpty {
        let XB = b == a ? XA : map.loss.features.columns(IndexSubset(blocks[b].features, universe: p))
        for i in 0..<n {
          let pa = probabilities[i, a]
          weights[i] = pa * ((a == b ? 1 : 0) - probabilities[i, b]) / Element(n)
        }
        var weighted = XB
        weighted.scaleRows(by: weights)
        var block = Matrix<Element>.zeros(XA.columns, XB.columns)
        block.assignProduct(XA.transposed, weighted)
        for j in 0..<XB.columns {
          for i in 0..<XA.columns {
            H[blockA.start + i, blocks[b].start + j] = block[i, j]
            H[blocks[b].start + j, blockA.start + i] = block[i, j]
          }
        }
      }
    }
    H.addToDiagonal(map.λ2)
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
    let n = Double(map.loss.sampleCount)
    let s = Double(support.count)
    // A product goes through the full space: X twice, at matrix-matrix speed, so that its c columns count as memory.
    return AdjointCosts(
      assemblyMultiplications: n * s * s / 2,
      productBytes: Double(2 * MemoryLayout<Element>.stride * map.loss.classCount) * n * Double(map.loss.featureCount)
        / 4)
  }

  public func makeRestrictedHessian() -> any LinearOperator<Element> {
    RestrictedHessian(map, shift, probabilities, support)
  }
}

/// x ↦ (∇²f + λ2 I)_SS x through the full space: the products with X are the cost, and they are dense in the classes.
private final class RestrictedHessian<Element: Scalar>: LinearOperator {
  private let map: PoisoningMap<Element>
  private let shift: Vector<Element>
  private let probabilities: Matrix<Element>
  private let support: IndexSubset
  private var full: Vector<Element>
  private var image: Vector<Element>

  init(
    _ map: PoisoningMap<Element>, _ shift: Vector<Element>, _ probabilities: Matrix<Element>, _ support: IndexSubset
  ) {
    self.map = map
    self.probabilities = probabilities
    self.support = support
    self.shift = shift
    full = .zeros(map.stateCount)
    image = .zeros(map.stateCount)
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    full.scatter(support, from: x)
    map.poison(shift)
    map.loss.applyHessian(full, probabilities: probabilities, into: &image)
    y.gather(support, from: image)
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
