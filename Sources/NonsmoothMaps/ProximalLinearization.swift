public import LinAlg

/// One element of the conservative Jacobian of a proximal map: D = ∂prox/∂u, p × p symmetric with eigenvalues in [0, 1], and B = ∂prox/∂λ
/// at fixed u, p × m.
///
/// Where ``hasFactor`` is false D is known by its products alone (and, of a g that is not convex, may have eigenvalues above 1): nothing that names
/// R may be asked.
///
/// D = R Rᵀ with R = E R_S: the coordinates S = ``active`` outside of which D vanishes, and R_S, |S| × r. Where D is a 0/1 mask R_S
/// is the identity, where it is an orthogonal projector the columns of R_S are orthonormal. Vectors of |S| entries are called compact here.
public protocol ProximalLinearization<Element>: AnyObject {
  associatedtype Element: Scalar

  /// Whether R is known, and the eigenvalues of D are at most 1.
  var hasFactor: Bool { get }

  /// Whether there is a derivative here: false where the value of prox itself jumps, as of a g that is not convex.
  var isDefined: Bool { get }

  /// S: D has no other nonzero rows or columns.
  var active: IndexSubset { get }
  /// r.
  var rank: Int { get }
  /// Whether D is 1 on S and 0 elsewhere: R_S is the identity and r = |S|.
  var isMask: Bool { get }
  /// Whether D is an orthogonal projector: R_SᵀR_S is the identity. Then nothing that is solved for depends on the step.
  var isProjection: Bool { get }

  /// The diagonal of R_S where D is diagonal but no mask; nil otherwise.
  var diagonalRoots: Vector<Element>? { get }

  /// z ← R_Sᵀ x, x compact.
  func restrict(_ x: Vector<Element>, into z: inout Vector<Element>)
  /// x ← R_S z, x compact.
  func expand(_ z: Vector<Element>, into x: inout Vector<Element>)
  /// y ← R_SᵀR_S z; asked for only where D is no projector.
  func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>)
  /// x ← R_S (R_SᵀR_S)⁻¹ z, the compact x with R_Sᵀ x = z that lies in the range.
  func lift(_ z: Vector<Element>, into x: inout Vector<Element>)
  /// z ← (R_SᵀR_S)⁻¹ R_Sᵀ x: the z with R_S z = x for a compact x in the range.
  func project(_ x: Vector<Element>, into z: inout Vector<Element>)

  /// y ← D x, both of p entries.
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>)
  /// Y ← D Y, p × k.
  func apply(block Y: inout Matrix<Element>)

  /// x ← x + B μ, x of p entries.
  func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>)
  /// g ← g + α Bᵀ v, v of p entries.
  func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  /// Whether the columns of B lie in the range of D, as those of strengths do. Those of radii, bounds and sums do not.
  var parametersLieInRange: Bool { get }

  /// ‖B‖_F, or a bound on it; nil where nobody counted: then it takes a product per parameter.
  var parametersFrobeniusNorm: Element? { get }

  /// A lower bound on the distance from u to the nearest argument at which prox changes its piece, nil where it is not known.
  var kinkDistance: Element? { get }
}

extension ProximalLinearization {
  public var hasFactor: Bool { true }
  public var isDefined: Bool { true }
  public var isProjection: Bool { isMask }
  public var kinkDistance: Element? { nil }
  public var diagonalRoots: Vector<Element>? { nil }
  public var parametersFrobeniusNorm: Element? { nil }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { z.copy(from: x) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { x.copy(from: z) }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) { y.copy(from: z) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { expand(z, into: &x) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { restrict(x, into: &z) }

  public func apply(block Y: inout Matrix<Element>) {
    var column = Vector<Element>.zeros(Y.rows)
    for k in 0..<Y.columns {
      apply(Y.column(k), into: &column)
      Y.setColumn(k, column)
    }
  }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    var compact = Vector<Element>.zeros(active.count)
    compact.gather(active, from: x)
    if !isMask {
      var z = Vector<Element>.zeros(rank)
      restrict(compact, into: &z)
      expand(z, into: &compact)
    }
    y.scatter(active, from: compact)
  }
}
