public import LinAlg
public import NonsmoothMaps

/// A convex penalty or constraint `g(w, λ) = Σ_b g_b(w_b, λ)` over blocks of coordinates, as ``BlockWorkingSetSolver`` uses
/// it. A block's numbers are the first ``BlockPartition/size(_:)`` entries of the vectors.
///
/// A new block-separable penalty is one type.
public protocol BlockPenalty<Element>: Sendable {
  associatedtype Element: Scalar

  var blocks: BlockPartition { get }
  /// The number of parameters λ of g.
  var parameterCount: Int { get }

  /// Why working sets cannot be used with these parameters, or nil. Those beyond ``parameterCount`` are not g's.
  func violation(parameters λ: Vector<Element>) -> ParameterViolation?

  /// g_b(x).
  func value(block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>) -> Element

  /// x ← prox_{s g_b}(x).
  func apply(block b: Int, step s: Element, parameters λ: Vector<Element>, to x: inout Vector<Element>)

  /// Whether no coordinate of the block may move within the piece that x lies on: the block is zero, or at its bounds.
  func isFixed(block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>) -> Bool

  /// The distance of v from the subdifferential ∂g_b(x): for v = −∇f, how far the block violates the optimality conditions.
  func distance(block b: Int, at x: Vector<Element>, of v: Vector<Element>, parameters λ: Vector<Element>) -> Element

  /// How large the subgradients of g_b are: violations are measured by it. 0 where g is a constraint.
  func scale(block b: Int, parameters λ: Vector<Element>) -> Element

  /// The smooth function that g_b is on the piece that x lies on.
  func fill(_ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>, parameters λ: Vector<Element>)

  /// Moves `trial` back into the piece of x where it left it: signs that changed become zeros, bounds hold.
  func clip(block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>, parameters λ: Vector<Element>)

  /// The least c ≥ 0 for which v lies in c ∂g_b(0), where g_b is a norm; nil where it is none, and no duality gap is known.
  func dualNorm(block b: Int, of v: Vector<Element>, parameters λ: Vector<Element>) -> Element?

  /// Whether every point within `radius` of v lies in the interior of ∂g_b(0): then the block is zero in the solution.
  func isScreened(block b: Int, _ v: Vector<Element>, radius: Element, parameters λ: Vector<Element>) -> Bool
}

/// A block's penalty as the smooth function that it is on a piece: its gradient, and its Hessian α (I − h hᵀ), on the
/// coordinates that are free to move.
public struct BlockPiece<Element: Scalar>: Sendable {
  public var gradient: Vector<Element>
  /// h.
  public var normal: Vector<Element>
  /// α.
  public var curvature: Element = 0
  public var isFree: [Bool]

  init(largestSize m: Int) {
    gradient = .zeros(m)
    normal = .zeros(m)
    isFree = Array(repeating: false, count: m)
  }
}
