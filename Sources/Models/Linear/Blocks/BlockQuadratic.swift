import LinAlg

/// The quadratic `−g₀ᵀ(u − u₀) + ½ (u − u₀)ᵀH(u − u₀)` of a working set's problem, k unknowns in blocks, in the form that suits its size: on its
/// Gram matrix or through its columns.
protocol BlockQuadratic<Element> {
  associatedtype Element: Scalar

  /// Begins at u = u₀, with minus the gradient there.
  mutating func load(gradient: Vector<Element>)

  /// A bound on the largest eigenvalue of H on each block.
  var curvatures: [Element] { get }
  /// A bound on the largest eigenvalue of H.
  var trace: Element { get }

  /// v ← minus the gradient on block i, in its first entries.
  mutating func copyGradient(block i: Int, into v: inout Vector<Element>)

  /// Moves block i by δ.
  mutating func move(block i: Int, by δ: Vector<Element>)

  /// Moves to u, where rounding errors of many single moves are forgotten.
  mutating func refresh(moved: Vector<Element>)

  /// dᵀ H d.
  mutating func curvature(along d: Vector<Element>) -> Element

  /// Moves by the d that ``curvature(along:)`` was last asked about.
  mutating func moveAlongLast()

  /// Minus the gradient, k entries.
  mutating func gradients() -> Vector<Element>

  /// The solution of Newton's equations, or nil where it was not found.
  ///
  /// - Parameter precision: the residual relative to the right-hand side that is enough; nil for rounding.
  mutating func solve(_ system: NewtonSystem<Element>, precision: Element?) -> NewtonStep<Element>?
}

/// Newton's equations of a working set: (H_FF + λ_G I + Σ α (I − h hᵀ)) δ = r on the coordinates F that are free to move.
struct NewtonSystem<Element: Scalar> {
  /// F, places among the working set's unknowns.
  var free: IndexSubset
  /// r.
  var rightHandSide: Vector<Element>
  /// λ_G.
  var ridge: Element
  /// The penalty's curvature, its positions counted among the free coordinates.
  var pieces: [(curvature: Element, positions: [Int], normal: [Element])]

  /// The diagonal of what is added to H_FF.
  var diagonal: Vector<Element> {
    var d = Vector<Element>(count: free.count) { _ in ridge }
    for (α, at, h) in pieces { for a in 0..<at.count { d[at[a]] += α * (1 - h[a] * h[a]) } }
    return d
  }

  /// The shift, in units of the diagonal, by which a singular system is solved: a step then leaves this part of what belongs to a small eigenvalue,
  /// and moves by ε over it within the null space.
  static var shift: Element { Element.ulpOfOne.squareRoot() * Element.ulpOfOne.squareRoot().squareRoot() }
}

struct NewtonStep<Element: Scalar> {
  var δ: Vector<Element>
  enum Kind {
    case exact
    /// Of a system that was singular, shifted.
    case shifted
    /// As far as an iterative solver came.
    case rough
  }
  var kind: Kind
}
