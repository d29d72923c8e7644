public import LinAlg

/// The constraint that at most k entries are not zero. Not convex, no parameters.
///
/// prox keeps the k entries of largest size; D is their mask. Where an entry that is kept and one that is not are equal in size, and not 0, the
/// value jumps: the first of them are kept, and
/// nothing is differentiated (``ProximalLinearization/isDefined``). Cost: one sort.
public struct SparseVectors<Element: Scalar>: ProximalMap {
  /// k.
  public let most: Int

  /// - Precondition: k is not negative.
  public init(most k: Int) {
    precondition(k >= 0, "SparseVectors: at most \(k) entries")
    most = k
  }

  public var parameterCount: Int { 0 }
  public var isConvex: Bool { false }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element { .infinity }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    w.contains { $0.isNaN } ? .nan : (w.nonzeroCount <= most ? 0 : .infinity)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.contains(where: { $0.isNaN }) { return u.fill(.nan) }
    if most >= u.count { return }
    for j in SortedOrder.falling(u, magnitudes: true)[most...] { u[j] = 0 }
  }

  public func makeLinearization(count p: Int) -> SelectionLinearization<Element> { SelectionLinearization(count: p) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: SelectionLinearization<Element>
  ) {
    let order = SortedOrder.falling(u, magnitudes: true)
    guard most > 0 && most < u.count else {
      return L.fill(order.prefix(most), kinkDistance: .infinity, jumps: false)
    }
    let (last, next) = (u[order[most - 1]].magnitude, u[order[most]].magnitude)
    // Two coordinates move towards each other.
    L.fill(order.prefix(most), kinkDistance: (last - next) / Element(2).squareRoot(), jumps: last == next && last != 0)
  }
}

/// The mask of chosen coordinates.
public final class SelectionLinearization<Element: Scalar>: MaskLinearization<Element> {
  private var jumps = false

  func fill(_ chosen: some Sequence<Int>, kinkDistance: Element, jumps: Bool) {
    self.jumps = jumps
    setDerivative(kinkDistance: kinkDistance, isMask: true) { d in
      d.fill(0)
      for j in chosen { d[j] = 1 }
    }
  }

  public override var isDefined: Bool { !jumps }
}
