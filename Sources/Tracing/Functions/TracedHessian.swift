public import LinAlg

/// ∇²f of a ``TracedFunction`` at a point: by its parts where the form was recognised, otherwise by the tape's products.
public final class TracedHessian<Element: Scalar>: SupportedHessian {
  let function: FunctionTape<Element>
  private(set) var machine: Machine<Element>
  /// Whether the machine has places for the gradient, which not every use asks for.
  private var hasGradient = false
  private let outputs: [Int]
  private let recognized: RecognizedHessian<Element>?
  private let pointNodes: [Int]
  private let gradientNodes: [Int]
  private let productNodes: [Int]
  private let mixedNodes: [Int]
  private let mixedAdjointNodes: [Int]
  private let count: Int

  init(_ function: FunctionTape<Element>, count: Int) {
    self.function = function
    self.count = count
    let products = function.form == nil ? [function.hessianProduct] : function.form!.nodes
    let outputs = products + [function.mixed, function.mixedAdjoint]
    self.outputs = outputs
    machine = Machine(function.tape, function.tape.stored(for: outputs))
    recognized = function.form.map { RecognizedHessian($0, shared: function.sharedDesigns, count: count) }
    pointNodes = function.pointNodes(for: outputs)
    gradientNodes = function.pointNodes(for: outputs + [function.gradient])
    productNodes = function.form == nil ? function.productNodes(for: function.hessianProduct) : []
    mixedNodes = function.productNodes(for: function.mixed)
    mixedAdjointNodes = function.productNodes(for: function.mixedAdjoint)
  }

  func fill(at w: Vector<Element>, parameters λ: Vector<Element>, gradient: Bool) {
    if gradient && !hasGradient {
      machine = Machine(function.tape, function.tape.stored(for: outputs + [function.gradient]))
      hasGradient = true
    }
    machine.set(FunctionInput.state, w)
    machine.set(FunctionInput.parameters, λ)
    machine.run(gradient ? gradientNodes : pointNodes)
    if let form = function.form { recognized!.fill(form, from: machine) }
  }

  /// ∂_λ∇f μ.
  func mixedDerivative(_ μ: Vector<Element>) -> Vector<Element> {
    machine.set(FunctionInput.parameterDirection, μ)
    machine.run(mixedNodes)
    return machine.slots[function.mixed].vector
  }

  /// (∂_λ∇f)ᵀ v.
  func mixedDerivativeAdjoint(_ v: Vector<Element>) -> Vector<Element> {
    machine.set(FunctionInput.direction, v)
    machine.run(mixedAdjointNodes)
    return machine.slots[function.mixedAdjoint].vector
  }

  public var rows: Int { count }
  public var columns: Int { count }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if let recognized {
      recognized.apply(x, into: &y)
      return
    }
    machine.set(FunctionInput.direction, x)
    machine.run(productNodes)
    y.copy(from: machine.slots[function.hessianProduct].vector)
  }

  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    if let recognized {
      recognized.apply(block: X, into: &Y)
      return
    }
    var y = Vector<Element>.zeros(count)
    for k in 0..<X.columns {
      apply(X.column(k), into: &y)
      Y.setColumn(k, y)
    }
  }

  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    recognized.map { $0.restricted(to: S) } ?? ProductsOnSupport(self, S)
  }

  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    if let recognized {
      recognized.assemble(on: S, into: &M)
      return
    }
    let H = restricted(to: S)
    H.apply(block: .identity(S.count), into: &M)
    // The two triangles differ by rounding.
    for j in 0..<S.count { for i in 0..<j { M[i, j] = M[j, i] } }
  }

  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    recognized?.diagonal(on: S, into: &d) ?? false
  }

  public func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)? { recognized?.lowRank(on: S) }

  public func sparse(on S: IndexSubset) -> SparseSymmetricMatrix<Element>? { recognized?.sparse(on: S) }

  public var assemblesSingle: Bool { recognized?.assemblesSingle ?? false }

  public func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    recognized!.assembleSingle(on: S, into: &M)
  }

  public func single(on S: IndexSubset) -> (any LinearOperator<Float>)? { recognized?.single(on: S) }

  public func costs(on S: IndexSubset) -> AdjointCosts {
    if let recognized { return recognized.costs(on: S) }
    let nodes = function.tape.nodes
    let product = Double(productNodes.reduce(count) { $0 + function.tape.multiplications(nodes[$1]) })
    return AdjointCosts(
      assemblyMultiplications: product * Double(S.count), productBytes: Double(MemoryLayout<Element>.stride) * product)
  }
}
