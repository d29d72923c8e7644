public import ImplicitDiff
public import LinAlg
internal import NonsmoothMaps

/// [A1, A2] of a traced map at a point: products by the tape, and by parts where `prox(w − s ∇f(w))` was recognised.
public final class TracedLinearization<Element: Scalar>: Linearization {
  let map: MapTape<Element>
  let machine: Machine<Element>
  private let count: Int
  private let parameterCount: Int
  private let pointNodes: [Int]
  private let stateNodes: [Int]
  private let parameterNodes: [Int]
  private let stateAdjointNodes: [Int]
  private let parameterAdjointNodes: [Int]
  private let mask: TracedMask<Element>
  private let symmetric: TracedSymmetricForm<Element>?
  private var product: Vector<Element>
  private var blockProduct: Matrix<Element>?
  /// Whether Φ was a number where it was linearized: a threshold may hide a NaN from the products that are asked for.
  private var isValid = true

  /// - Parameter isSymmetric: whether the caller vouches that ∂u/∂w is symmetric.
  init(_ map: MapTape<Element>, count: Int, parameterCount: Int, isSymmetric: Bool) {
    self.map = map
    self.count = count
    self.parameterCount = parameterCount
    let products = [map.stateProduct, map.parametersProduct, map.stateAdjoint, map.parametersAdjoint]
    var outputs = products + [map.value, map.argument] + (map.form?.nodes ?? [])
    if case .softThreshold(_, let mask) = map.outer { outputs.append(mask) }
    machine = Machine(map.tape, map.tape.stored(for: outputs))
    machine.linearizes = true
    pointNodes = map.pointNodes(for: outputs)
    stateNodes = map.productNodes(for: map.stateProduct)
    parameterNodes = map.productNodes(for: map.parametersProduct)
    stateAdjointNodes = map.productNodes(for: map.stateAdjoint)
    parameterAdjointNodes = map.productNodes(for: map.parametersAdjoint)
    mask = TracedMask(count: count)
    product = .zeros(count)
    var form: TracedSymmetricForm<Element>?
    if let outer = map.outer, map.form != nil || isSymmetric {
      let range: any ProximalLinearization<Element> =
        if case .proximal(let node) = outer { machine.proximals[node]!.range } else { mask }
      form = TracedSymmetricForm(map, count: count, range: range)
    }
    symmetric = form
    symmetric?.multiply = { [unowned self] x, y in self.subtractSlope(x, into: &y) }
  }

  func fill(at w: Vector<Element>, parameters λ: Vector<Element>) {
    machine.set(MapInput.state, w)
    machine.set(MapInput.parameters, λ)
    machine.run(pointNodes)
    switch map.outer {
    case .softThreshold(_, let node): mask.fill(machine.slots[node].vector)
    case .identity: mask.fill(nil)
    case .proximal, nil: break
    }
    symmetric?.fill(from: machine)
    isValid =
      machine.slots[map.value].vector.firstNonFinite == nil && machine.slots[map.argument].vector.firstNonFinite == nil
      && machine.hasDerivatives
  }

  public var isDefined: Bool { machine.hasDerivatives }

  var value: Vector<Element> { machine.slots[map.value].vector }

  /// y ← (I − ∂u/∂w) x by the tape, for a map whose outer operation is the identity.
  private func subtractSlope(_ x: Vector<Element>, into y: inout Vector<Element>) {
    run(stateNodes, MapInput.direction, x, map.stateProduct, into: &y)
    y.combine(1, x, -1)
  }

  private func run(
    _ nodes: [Int], _ input: Int, _ x: Vector<Element>, _ output: Int, into y: inout Vector<Element>
  ) {
    machine.set(input, x)
    machine.run(nodes)
    y.copy(from: machine.slots[output].vector)
  }

  fileprivate func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let hessian = symmetric?.recognized {
      hessian.apply(x, into: &product)
      product.combine(1, x, -1)
      symmetric!.range.apply(product, into: &y)
    } else {
      run(stateNodes, MapInput.direction, x, map.stateProduct, into: &y)
    }
  }

  fileprivate func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    if let hessian = symmetric?.recognized {
      symmetric!.range.apply(y, into: &product)
      hessian.apply(product, into: &x)
      x.combine(1, product, -1)
    } else {
      run(stateAdjointNodes, MapInput.cotangent, y, map.stateAdjoint, into: &x)
    }
  }

  /// Y ← A1 X; column by column where nothing was recognised.
  fileprivate func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    guard let hessian = symmetric?.recognized else { return eachColumn(of: X, into: &Y) { apply($0, into: &$1) } }
    hessian.apply(block: X, into: &Y)
    Y.combine(1, X, -1)
    symmetric!.range.apply(block: &Y)
  }

  fileprivate func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    guard let hessian = symmetric?.recognized else {
      return eachColumn(of: Y, into: &X) { applyAdjoint($0, into: &$1) }
    }
    if blockProduct?.columns != Y.columns { blockProduct = .zeros(count, Y.columns) }
    blockProduct!.copy(from: Y)
    symmetric!.range.apply(block: &blockProduct!)
    hessian.apply(block: blockProduct!, into: &X)
    X.combine(1, blockProduct!, -1)
  }

  private func eachColumn(
    of X: Matrix<Element>, into Y: inout Matrix<Element>, _ product: (Vector<Element>, inout Vector<Element>) -> Void
  ) {
    var y = Vector<Element>.zeros(count)
    for k in 0..<X.columns {
      product(X.column(k), &y)
      Y.setColumn(k, y)
    }
  }

  fileprivate func applyParameters(_ μ: Vector<Element>, into y: inout Vector<Element>) {
    run(parameterNodes, MapInput.parameterDirection, μ, map.parametersProduct, into: &y)
    if !isValid { y.fill(.nan) }
  }

  fileprivate func applyParametersAdjoint(_ y: Vector<Element>, into g: inout Vector<Element>) {
    run(parameterAdjointNodes, MapInput.cotangent, y, map.parametersAdjoint, into: &g)
    if !isValid { g.fill(.nan) }
  }

  public var state: TracedStateOperator<Element> { TracedStateOperator(linearization: self, count: count) }
  public var parameters: TracedParameterOperator<Element> {
    TracedParameterOperator(linearization: self, rows: count, columns: parameterCount)
  }

  /// A symmetric form where it was recognised, or vouched for, and D has a factor; otherwise general.
  public var structure: LinearizationStructure<Element> {
    guard let symmetric, symmetric.range.hasFactor else { return .general }
    return .symmetric(symmetric)
  }
}

/// A1 of a traced map.
public struct TracedStateOperator<Element: Scalar>: AdjointableOperator {
  let linearization: TracedLinearization<Element>
  let count: Int
  public var rows: Int { count }
  public var columns: Int { count }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { linearization.apply(x, into: &y) }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyAdjoint(y, into: &x)
  }
  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    linearization.apply(block: X, into: &Y)
  }
  public func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    linearization.applyAdjoint(block: Y, into: &X)
  }
}

/// A2 of a traced map.
public struct TracedParameterOperator<Element: Scalar>: AdjointableOperator {
  let linearization: TracedLinearization<Element>
  public let rows: Int
  public let columns: Int
  public func apply(_ μ: Vector<Element>, into y: inout Vector<Element>) { linearization.applyParameters(μ, into: &y) }
  public func applyAdjoint(_ y: Vector<Element>, into g: inout Vector<Element>) {
    linearization.applyParametersAdjoint(y, into: &g)
  }
}
