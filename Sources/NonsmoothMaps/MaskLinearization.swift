public import LinAlg

/// The derivative of a separable proximal map: D diagonal with entries in [0, 1], a 0/1 mask away from kinks.
///
/// Serves penalties that act entry by entry: they fill ``derivative`` and say how B works by two closures or by a subclass.
open class MaskLinearization<Element: Scalar>: ProximalLinearization {
  /// The diagonal of D, p entries.
  public private(set) var derivative: Vector<Element>
  public private(set) var active: IndexSubset
  public private(set) var isMask = true
  public private(set) var kinkDistance: Element?
  public private(set) var hasFactor = true
  private var roots = Vector<Element>.zeros(0)

  public init(count p: Int) {
    derivative = .zeros(p)
    active = IndexSubset(universe: p)
  }

  /// Fills the diagonal.
  ///
  /// - Parameters:
  ///   - kinkDistance: see ``ProximalLinearization/kinkDistance``.
  ///   - isMask: whether all entries are 0 or 1; nil to look.
  ///   - fill: writes p entries in [0, 1].
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public final func setDerivative(
    kinkDistance: Element?, isMask known: Bool? = nil, _ fill: (inout Vector<Element>) -> Void
  ) {
    fill(&derivative)
    active.refill(nonzerosOf: derivative)
    self.kinkDistance = kinkDistance
    isMask = known ?? Self.isMask(derivative, active)
    hasFactor = true
    if isMask { return }
    if roots.count != active.count { roots = .zeros(active.count) }
    fillRoots()
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func fillRoots() {
    for k in 0..<active.count {
      let d = derivative[active[k]]
      if d > 1 { hasFactor = false }
      roots[k] = d.squareRoot()
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private static func isMask(_ d: Vector<Element>, _ active: IndexSubset) -> Bool {
    for k in 0..<active.count where d[active[k]] != 1 { return false }
    return true
  }

  public final var rank: Int { active.count }
  public final var isProjection: Bool { isMask }
  public final var diagonalRoots: Vector<Element>? { isMask ? nil : roots }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public final func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    if isMask { z.copy(from: x) } else { z.assignProduct(roots, x) }
  }

  public final func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { restrict(z, into: &x) }

  public final func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    restrict(z, into: &y)
    if !isMask { y.scale(by: roots) }
  }

  public final func lift(_ z: Vector<Element>, into x: inout Vector<Element>) {
    for k in 0..<z.count { x[k] = isMask ? z[k] : z[k] / roots[k] }
  }

  public final func project(_ x: Vector<Element>, into z: inout Vector<Element>) { lift(x, into: &z) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public final func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(derivative, x) }
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public final func apply(block Y: inout Matrix<Element>) { Y.scaleRows(by: derivative) }

  open var isDefined: Bool { true }
  open var parametersFrobeniusNorm: Element? { nil }

  /// Where there are no parameters nothing is added.
  open func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {}
  open func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {}
  /// Strengths move a coordinate only where D is not zero.
  open var parametersLieInRange: Bool { true }
}
