public import LinAlg
public import NonsmoothMaps

/// [A1, A2] of a ``ProximalGradientMap``: `A1 = D (I − s H)`, `A2 = −s D ∂_λ∇f + B`, with H = ∇²f and [D, B] the derivative of the proximal map.
public final class ProximalGradientLinearization<F: SmoothFunction, G: ProximalMap>: Linearization
where F.Element == G.Element {
  public typealias Element = F.Element

  let owner: ProximalGradientMap<F, G>
  public let hessian: F.Hessian
  public let proximal: G.Linearization
  public private(set) var step: Element = 0
  private var w: Vector<Element>
  private var λ: Vector<Element>
  private var isValid = true
  /// Whether s may multiply a product with H as it is.
  private var stepIsModerate = true
  /// Of a ridge the derivative by its strength is −s D w. A product below the smallest normal number has lost digits or vanished, where what it
  /// is divided by later may be as small: with it the answer is no number, and says so. Adjoint products are scaled instead.
  private var columnsVanish = false
  fileprivate var product: Vector<Element>
  fileprivate var image: Vector<Element>
  /// Derivatives by the parameters of g and of f.
  private var penaltyPart: Vector<Element>
  private var smoothPart: Vector<Element>
  private var blockProduct: Matrix<Element>?
  private var column: Vector<Element>?
  /// The diagonal of H on the active coordinates.
  private var curvatures = Vector<Element>.zeros(0)

  init(_ owner: ProximalGradientMap<F, G>) {
    self.owner = owner
    hessian = owner.smooth.makeHessian()
    proximal = owner.penalty.makeLinearization(count: owner.stateCount)
    w = .zeros(owner.stateCount)
    λ = .zeros(owner.smooth.parameterCount)
    product = .zeros(owner.stateCount)
    image = .zeros(owner.stateCount)
    penaltyPart = .zeros(owner.penalty.parameterCount)
    smoothPart = .zeros(owner.smooth.parameterCount)
  }

  /// Before it is filled by `map`.
  func open(_ map: ProximalGradientMap<F, G>) {
    precondition(owner === map, "ProximalGradientMap: the linearization was made by another map, and holds its data")
    isValid = true
  }

  /// After H and D were filled at w.
  func close(at w: Vector<Element>, step s: Element, parameters λ: Vector<Element>) {
    self.w.copy(from: w)
    self.λ.copy(from: λ)
    step = s
    stepIsModerate = s.isModerate
    columnsVanish = λ.count > 0 && s * w.smallestNonzeroMagnitude(on: proximal.active) < .leastNormalMagnitude
    if !proximal.isDefined { invalidate() }
  }

  /// The power of two below 1/h, h the largest diagonal entry of H on the active coordinates S: h ≤ ‖H_SS‖ ≤ |S| h. Where the diagonal costs
  /// too much, h is the norm of one product with signs without a pattern, whose mean square is ‖H_S‖_F². 1 where h is 0 or no number.
  ///
  /// A power of two rounds nothing, and of features in other units it changes by the square of the unit.
  func balancedStep() -> Element {
    let S = proximal.active
    if S.count == 0 { return 1 }
    if curvatures.count != S.count { curvatures = .zeros(S.count) }
    var size: Element
    if hessian.diagonal(on: S, into: &curvatures) {
      size = curvatures.maxNorm
    } else {
      for k in 0..<S.count {
        // The upper bits of multiples of the golden ratio.
        curvatures[k] = (UInt64(truncatingIfNeeded: k + 1) &* 0x9E37_79B9_7F4A_7C15) >> 63 == 0 ? 1 : -1
      }
      product.scatter(S, from: curvatures)
      hessian.apply(product, into: &image)
      size = image.norm
    }
    guard size > 0, size.isFinite else { return 1 }
    // Where 1/h or h itself leaves the range of the type, the nearest power of two that does not.
    size = Swift.min(Swift.max(size, 4 * .leastNormalMagnitude), 1 / (4 * .leastNormalMagnitude))
    return 1 / (2 * size.binade)
  }

  public var isDefined: Bool { proximal.isDefined }

  /// Makes every product with A2 a NaN.
  func invalidate() { isValid = false }

  public var state: ProximalGradientStateOperator<F, G> { ProximalGradientStateOperator(self) }
  public var parameters: ProximalGradientParameterOperator<F, G> { ProximalGradientParameterOperator(self) }
  /// A D whose factor is not known, or with eigenvalues above 1, has no positive definite form that could be relied on.
  public var structure: LinearizationStructure<Element> { proximal.hasFactor ? .symmetric(self) : .general }
  /// ‖I − s H‖ ≤ 1 for a contracting step, so a move of w moves the argument of the proximal map by no more.
  public var kinkDistance: Element? { proximal.kinkDistance }

  /// ‖D‖ ≤ 1.
  public var parametersFrobeniusNorm: Element {
    guard owner.penalty.isConvex,
      let ofPenalty = owner.penaltyParameterCount == 0 ? 0 : proximal.parametersFrobeniusNorm,
      let ofSmooth = owner.smooth.mixedDerivativeFrobeniusNorm(at: w, parameters: λ)
    else { return parameters.dense().frobeniusNorm }
    // Of two norms, so that no square under- or overflows.
    return isValid ? .hypot(ofPenalty, step * ofSmooth) : .nan
  }

  // MARK: - Products

  /// y ← A1 x.
  fileprivate func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    subtractHessian(x, into: &image)
    proximal.apply(image, into: &y)
  }

  /// x ← A1ᵀ y.
  fileprivate func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    proximal.apply(y, into: &product)
    subtractHessian(product, into: &x)
  }

  fileprivate func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    hessian.apply(block: X, into: &Y)
    Y.combine(1, X, -step)
    proximal.apply(block: &Y)
  }

  fileprivate func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    if blockProduct?.columns != Y.columns { blockProduct = .zeros(Y.rows, Y.columns) }
    blockProduct!.copy(from: Y)
    proximal.apply(block: &blockProduct!)
    hessian.apply(block: blockProduct!, into: &X)
    X.combine(1, blockProduct!, -step)
  }

  /// y ← x − s H x.
  private func subtractHessian(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if stepIsModerate {
      hessian.apply(x, into: &y)
      y.combine(1, x, -step)
    } else {
      let size = x.powerOfTwo
      hessian.apply((1 / size) * x, into: &y)
      y.scale(by: step)
      y.combine(1, x, -size)
    }
  }

  fileprivate func applyParameters(_ μ: Vector<Element>, into y: inout Vector<Element>) {
    let m = owner.penaltyParameterCount
    let ofSmooth = μ[segment: m..<μ.count]
    // Directions are unit vectors mostly, and most of them move g alone.
    if ofSmooth.nonzeroCount > 0 {
      image.fill(0)
      owner.smooth.addMixedDerivative(
        ofSmooth, at: w, parameters: λ, hessian: hessian, scale: -step, to: &image)
      proximal.apply(image, into: &y)
    } else {
      y.fill(0)
    }
    if m > 0 { proximal.addParameters(μ[segment: 0..<m], to: &y) }
    if !isValid || columnsVanish { y.fill(.nan) }
  }

  fileprivate func applyParameters(block M: Matrix<Element>, into Y: inout Matrix<Element>) {
    if column == nil { column = .zeros(owner.stateCount) }
    for k in 0..<M.columns {
      applyParameters(M.column(k), into: &column!)
      Y.setColumn(k, column!)
    }
  }

  fileprivate func applyParametersAdjoint(_ v: Vector<Element>, into g: inout Vector<Element>) {
    let m = owner.penaltyParameterCount
    if m > 0 {
      penaltyPart.fill(0)
      proximal.addParametersAdjoint(v, scale: 1, to: &penaltyPart)
      g[segment: 0..<m] = penaltyPart
    }
    if m < owner.parameterCount {
      proximal.apply(v, into: &product)
      smoothPart.fill(0)
      var scale = -step
      if !stepIsModerate {
        let size = product.powerOfTwo
        product.scale(by: 1 / size)
        scale *= size
      }
      owner.smooth.addMixedDerivativeAdjoint(
        product, at: w, parameters: λ, hessian: hessian, scale: scale, to: &smoothPart)
      g[segment: m..<g.count] = smoothPart
    }
    if !isValid { g.fill(.nan) }
  }
}

extension ProximalGradientLinearization: SymmetricForm {
  public var range: any ProximalLinearization<Element> { proximal }
  public var supportedHessian: any SupportedHessian<Element> { hessian }
  public var parametersLieInRange: Bool { proximal.parametersLieInRange }
}

/// A1 of a ``ProximalGradientMap`` as an operator.
public struct ProximalGradientStateOperator<F: SmoothFunction, G: ProximalMap>: AdjointableOperator
where F.Element == G.Element {
  private let linearization: ProximalGradientLinearization<F, G>
  init(_ linearization: ProximalGradientLinearization<F, G>) { self.linearization = linearization }
  public var rows: Int { linearization.owner.stateCount }
  public var columns: Int { linearization.owner.stateCount }
  public func apply(_ x: Vector<F.Element>, into y: inout Vector<F.Element>) { linearization.apply(x, into: &y) }
  public func applyAdjoint(_ y: Vector<F.Element>, into x: inout Vector<F.Element>) {
    linearization.applyAdjoint(y, into: &x)
  }
  public func apply(block X: Matrix<F.Element>, into Y: inout Matrix<F.Element>) {
    linearization.apply(block: X, into: &Y)
  }
  public func applyAdjoint(block Y: Matrix<F.Element>, into X: inout Matrix<F.Element>) {
    linearization.applyAdjoint(block: Y, into: &X)
  }
}

/// A2 of a ``ProximalGradientMap`` as an operator, p × (parameters of g, then of f).
public struct ProximalGradientParameterOperator<F: SmoothFunction, G: ProximalMap>: AdjointableOperator
where F.Element == G.Element {
  private let linearization: ProximalGradientLinearization<F, G>
  init(_ linearization: ProximalGradientLinearization<F, G>) { self.linearization = linearization }
  public var rows: Int { linearization.owner.stateCount }
  public var columns: Int { linearization.owner.parameterCount }
  public func apply(_ x: Vector<F.Element>, into y: inout Vector<F.Element>) {
    linearization.applyParameters(x, into: &y)
  }
  public func apply(block X: Matrix<F.Element>, into Y: inout Matrix<F.Element>) {
    precondition(
      X.rows == columns && Y.rows == rows && X.columns == Y.columns,
      "ProximalGradientParameterOperator: \(rows) × \(columns) times \(X.rows) × \(X.columns) into \(Y.rows) × \(Y.columns)"
    )
    linearization.applyParameters(block: X, into: &Y)
  }
  public func applyAdjoint(_ y: Vector<F.Element>, into x: inout Vector<F.Element>) {
    linearization.applyParametersAdjoint(y, into: &x)
  }
}
