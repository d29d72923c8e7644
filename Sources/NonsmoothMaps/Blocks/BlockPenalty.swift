public import LinAlg

/// A penalty or constraint `g(w, λ) = Σ_b g_b(w_b, λ)` over blocks of coordinates: working sets can be made of its blocks, so
/// `BlockWorkingSetSolver` takes it.
///
/// A penalty of one's own becomes one by saying what it is at given parameters, a ``BlockSeparableFunction``: ``GroupNorms`` or
/// ``Intervals`` where it is one of these, otherwise one further type.
public protocol BlockPenalty<Element>: ProximalMap {
  associatedtype Blocks: BlockSeparableFunction<Element>

  /// g(·, λ) on p coordinates, for parameters in the domain.
  func makeBlocks(count p: Int, parameters λ: Vector<Element>) -> Blocks
}

/// A convex function `g(w) = Σ_b g_b(w_b)` over blocks of coordinates, as `BlockWorkingSetSolver` uses it. A block's numbers are the
/// first ``Groups/size(_:)`` entries of the vectors. A NaN among them comes out as one.
public protocol BlockSeparableFunction<Element>: Sendable {
  associatedtype Element: Scalar

  /// The blocks; their weights play no role.
  var blocks: Groups { get }

  /// g_b(x).
  func value(block b: Int, at x: Vector<Element>) -> Element

  /// x ← prox_{s g_b}(x).
  func apply(block b: Int, step s: Element, to x: inout Vector<Element>)

  /// Whether no coordinate of the block may move within the piece that x lies on: the block is zero, or at its bounds.
  func isFixed(block b: Int, at x: Vector<Element>) -> Bool

  /// The distance of v from the subdifferential ∂g_b(x): for v = −∇f, how far the block violates the optimality conditions.
  func distance(block b: Int, at x: Vector<Element>, of v: Vector<Element>) -> Element

  /// How large the subgradients of g_b are: rounding errors of violations are measured by it. 0 where g is a constraint.
  func scale(block b: Int) -> Element

  /// The smooth function that g_b is on the piece that x lies on.
  func fill(_ piece: inout BlockPiece<Element>, block b: Int, at x: Vector<Element>)

  /// Moves `trial` back into the piece of x where it left it: signs that changed become zeros, bounds hold.
  func clip(block b: Int, _ trial: inout Vector<Element>, from x: Vector<Element>)

  /// The least c ≥ 0 for which v lies in c ∂g_b(0), where g_b is a norm; nil where it is none, and no duality gap is known.
  func dualNorm(block b: Int, of v: Vector<Element>) -> Element?

  /// Whether every point within `radius` of v lies in the interior of ∂g_b(0): then the block is zero in the solution.
  func isScreened(block b: Int, _ v: Vector<Element>, radius: Element) -> Bool

  /// The function of v = w/σ that is g(σ v)/σ², for σ > 0: what g becomes where a quadratic problem is solved for w in units of σ. nil where a
  /// number of it would leave the range.
  func scaled(to σ: Element) -> Self?
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

  /// Room for m coordinates.
  public init(largestSize m: Int) {
    gradient = .zeros(m)
    normal = .zeros(m)
    isFree = Array(repeating: false, count: m)
  }
}

extension Scalar {
  /// x / σ, or nil where a nonzero number loses digits or becomes infinite on the way.
  func scaled(to σ: Self) -> Self? {
    let y = self / σ
    return y == self || (y.isFinite && y.magnitude >= .leastNormalMagnitude) ? y : nil
  }
}
