public import ImplicitDiff
public import LinAlg

/// A smooth function f(w, λ) from closures: its value, gradient and Hessian products, and where it has parameters (∂_λ∇f)ᵀ v.
public final class CustomFunction<Element: Scalar>: SmoothFunction {
  public typealias Value = (_ w: Vector<Element>, _ λ: Vector<Element>) -> Element
  public typealias Gradient = (_ w: Vector<Element>, _ λ: Vector<Element>) -> Vector<Element>
  /// A product with a derivative at (w, λ).
  public typealias Product = (_ w: Vector<Element>, _ λ: Vector<Element>, _ x: Vector<Element>) -> Vector<Element>
  public typealias Curvature = (_ λ: Vector<Element>) -> (smallest: Element, largest: Element)

  public let stateCount: Int
  public let parameterCount: Int
  private let value: Value
  private let slope: Gradient
  fileprivate let product: Product
  private let mixedAdjoint: Product?
  private let curvature: Curvature?

  /// - Parameters:
  ///   - hessianProduct: ∇²f(w, λ) x, p entries.
  ///   - mixedAdjoint: (∂_λ∇f(w, λ))ᵀ v, m entries; nil where f has no parameters.
  ///   - curvature: bounds on the eigenvalues of ∇²f over all w; nil where none are known: then a map's step must be fixed.
  /// - Precondition: a function with parameters has its mixed derivative.
  public init(
    state p: Int, parameters m: Int = 0, value: @escaping Value, gradient: @escaping Gradient,
    hessianProduct: @escaping Product, mixedAdjoint: Product? = nil, curvature: Curvature? = nil
  ) {
    precondition(m == 0 || mixedAdjoint != nil, "CustomFunction: \(m) parameters without a mixed derivative")
    stateCount = p
    parameterCount = m
    self.value = value
    slope = gradient
    product = hessianProduct
    self.mixedAdjoint = mixedAdjoint
    self.curvature = curvature
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { value(w, λ) }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    g.copy(from: slope(w, λ))
  }

  public func makeHessian() -> CustomHessian<Element> { CustomHessian(self) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: CustomHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.move(to: w, λ)
    gradient(at: w, parameters: λ, into: &g)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: CustomHessian<Element>
  ) { H.move(to: w, λ) }

  /// By one adjoint product per unknown.
  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: CustomHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) {
    guard let mixedAdjoint else { return }
    var unit = Vector<Element>.zeros(stateCount)
    for i in 0..<stateCount {
      unit[i] = 1
      x[i] += α * mixedAdjoint(w, λ, unit).dot(μ)
      unit[i] = 0
    }
  }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: CustomHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { if let mixedAdjoint { r.add(α, mixedAdjoint(w, λ, v)) } }

  /// NaN where none were given: a step of the map's own choice then ends in an outcome that says so.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    curvature?(λ) ?? (.nan, .nan)
  }

  public var curvatureBoundsAreAttained: Bool { false }

  /// ‖∇f(w)‖, ‖∇²f(w) w‖ and, where zero has a gradient, ‖∇f(0)‖.
  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let atZero = slope(.zeros(stateCount), λ).norm
    return slope(w, λ).norm + (atZero.isFinite ? atZero : 0) + product(w, λ, w).norm
  }
}

/// ∇²f of a ``CustomFunction``, by products.
public final class CustomHessian<Element: Scalar>: SupportedHessian {
  private let function: CustomFunction<Element>
  private var w: Vector<Element>
  private var λ: Vector<Element>

  init(_ function: CustomFunction<Element>) {
    self.function = function
    w = .zeros(function.stateCount)
    λ = .zeros(function.parameterCount)
  }

  func move(to w: Vector<Element>, _ λ: Vector<Element>) {
    self.w.copy(from: w)
    self.λ.copy(from: λ)
  }

  public var rows: Int { w.count }
  public var columns: Int { w.count }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.copy(from: function.product(w, λ, x)) }
}
