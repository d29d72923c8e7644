public import LinAlg

/// A penalty whose proximal map is piecewise linear in u, and which can say which pieces meet at or near an argument.
///
/// That is what one-sided derivatives at kinks, the set of all derivatives there and the path of solutions need (`KinkAnalysis` and `PathPredictor`
/// in ImplicitDiff); a penalty without it is differentiated at kinks by a ``KinkRule``.
public protocol PolyhedralPenalty<Element>: ProximalMap {
  /// The pieces at u.
  ///
  /// - Parameters:
  ///   - tolerance: up to this distance u counts as on a kink.
  ///   - radius: up to this distance kinks are listed.
  func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element>

  /// The least t > 0 at which u + t u̇ with the parameters λ + t δ comes to a kink that u is not on; nil where there is none.
  ///
  /// - Parameters:
  ///   - x: the value at u, the kinks that u is on taken for exact, and ẋ how it moves.
  ///   - tolerance: up to this distance u counts as on a kink.
  func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element?

  /// The parameters in which the pieces are not affine: with these held fixed prox is piecewise affine in (u, λ). Empty for norms, bounds and
  /// sums; a curvature is one.
  var nonlinearParameters: [Int] { get }
}

extension PolyhedralPenalty {
  public var nonlinearParameters: [Int] { [] }
}

extension FixedParameters: PolyhedralPenalty where G: PolyhedralPenalty {
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    var cone = try base.criticalCone(at: u, step: s, parameters: constants, tolerance: tolerance, radius: radius)
    cone.offset = []
    cone.slope = []
    for k in 0..<cone.kinks.count {
      cone.kinks[k].lower?.slope = []
      cone.kinks[k].upper?.slope = []
    }
    return cone
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    base.firstCrossing(
      at: u, value: x, step: s, parameters: constants, tolerance: tolerance,
      rates: (rates.argument, rates.value, .zeros(constants.count)))
  }
}

extension Translated: PolyhedralPenalty where G: PolyhedralPenalty {
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    var cone = try base.criticalCone(at: u - shift, step: s, parameters: λ, tolerance: tolerance, radius: radius)
    cone.point.add(1, shift)
    return cone
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    base.firstCrossing(at: u - shift, value: x - shift, step: s, parameters: λ, tolerance: tolerance, rates: rates)
  }

  public var nonlinearParameters: [Int] { base.nonlinearParameters }
}
