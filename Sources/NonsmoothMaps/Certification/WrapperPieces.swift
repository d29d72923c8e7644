public import LinAlg

extension Translated: CertifiablePenalty where G: CertifiablePenalty {
  /// g's at u − a, which is rounded, as the sum with a is.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: G.Linearization
  ) -> PieceBound<Element>? {
    let argument = u - shift
    let size: Element = u.norm + shift.norm
    return base.ownPiece(at: argument, step: s, parameters: λ, linearization: L)?
      .moved(by: 2 * .ulpOfOne * size, rounding: 2 * .ulpOfOne * (x.norm + shift.norm))
  }

  public func strongConvexity(parameters λ: Vector<Element>) -> Element { base.strongConvexity(parameters: λ) }
}

extension WithQuadratic: CertifiablePenalty where G: CertifiablePenalty {
  /// g's at v = c(u − sb) with step cs: a move of u is one of v c times as long, D is c times as large, so that κ_D is c² times.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: RescaledLinearization<G.Linearization>
  ) -> PieceBound<Element>? {
    let c = 1 / (1 + s * curvature)
    var v = Vector(copying: u)
    if let linear { v.add(-s, linear) }
    let size: Element = u.norm + s * (linear?.norm ?? 0)
    v.scale(by: c)
    // c errs by two ulps, and with it v, by one more of each sum and product.
    guard let piece = base.ownPiece(at: v, step: s * c, parameters: λ, linearization: L.base) else { return nil }
    let moved = piece.moved(by: 8 * .ulpOfOne * c * size, rounding: 0)
    return moved.rescaled(
      argument: c, derivative: c, parameters: 1, products: L.parametersFrobeniusNorm ?? L.normOfParameters(λ.count))
  }

  public func strongConvexity(parameters λ: Vector<Element>) -> Element {
    (curvature + base.strongConvexity(parameters: λ)) * (1 - 4 * .ulpOfOne)
  }
}

extension Scaled: CertifiablePenalty where G: CertifiablePenalty {
  /// g's at a u with step s c a²: D is g's, the value and B are g's over a.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: RescaledLinearization<G.Linearization>
  ) -> PieceBound<Element>? {
    let a = argumentFactor
    let v = a * u
    let inner = s * factor * a * a
    guard let piece = base.ownPiece(at: v, step: inner, parameters: λ, linearization: L.base) else { return nil }
    let moved = piece.moved(by: 2 * .ulpOfOne * v.norm, rounding: 2 * .ulpOfOne * a.magnitude * x.norm)
    return moved.rescaled(
      argument: a.magnitude, derivative: 1, parameters: 1 / a.magnitude,
      products: L.parametersFrobeniusNorm ?? L.normOfParameters(λ.count))
  }

  public func strongConvexity(parameters λ: Vector<Element>) -> Element {
    factor * argumentFactor * argumentFactor * base.strongConvexity(parameters: λ) * (1 - 8 * .ulpOfOne)
  }
}

extension TightFrame: CertifiablePenalty where G: CertifiablePenalty {
  /// g's at W u with step sα: W is √α times an isometry on its rows, and x = u + Wᵀ(prox − W u)/α.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: RotatedLinearization<G.Linearization>
  ) -> PieceBound<Element>? {
    let image = transform * u
    let (p, root) = (Element(u.count), scale.squareRoot())
    guard let piece = base.ownPiece(at: image, step: s * scale, parameters: λ, linearization: L.base) else {
      return nil
    }
    // Products with W err by p ulps of √k ‖W‖ and are not quite isometric: the test at the beginning admits 16 p ulps.
    let share: Element = 32 * (p + 16) * p.squareRoot() * .ulpOfOne
    var moved = piece.moved(by: share * root * u.norm, rounding: 0)
      .rescaled(
        argument: root, derivative: 1, parameters: 1 / root,
        products: L.parametersFrobeniusNorm ?? L.normOfParameters(λ.count))
    moved.valueRounding += share * (u.norm + x.norm)
    moved.derivativeRounding += share
    moved.parametersRounding += share * (L.parametersFrobeniusNorm ?? L.normOfParameters(λ.count))
    return moved
  }
}

extension Conjugate: CertifiablePenalty where G: CertifiablePenalty {
  /// g's at u/s with step 1/s: the value is u − s times g's, D is I less g's, B is −s times g's.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ConjugateLinearization<G.Linearization>
  ) -> PieceBound<Element>? {
    let v = (1 / s) * u
    guard let piece = base.ownPiece(at: v, step: 1 / s, parameters: λ, linearization: L.base) else { return nil }
    var moved = piece.moved(by: 4 * .ulpOfOne * v.norm, rounding: 0)
      .rescaled(argument: 1 / s, derivative: 1, parameters: s, products: L.normOfParameters(λ.count))
    moved.valueRounding += 4 * .ulpOfOne * (u.norm + x.norm)
    moved.derivativeRounding += L.isMask ? 0 : 8 * .ulpOfOne
    // Known where D is diagonal.
    moved.rangeIsConstant = moved.rangeIsConstant && L.hasFactor
    return moved
  }
}

extension CertifiablePenalty {
  /// The value of prox and the piece there, of a penalty that is part of another one, at a step that is a few ulps off: by what it makes of thresholds and slopes the rounding errors
  /// count twice.
  func ownPiece(
    at v: Vector<Element>, step s: Element, parameters λ: Vector<Element>, linearization L: Linearization
  ) -> PieceBound<Element>? {
    var value = Vector(copying: v)
    apply(step: s, parameters: λ, to: &value)
    guard var bound = piece(at: v, value: value, step: s, parameters: λ, linearization: L) else { return nil }
    bound.radius -= bound.valueRounding
    bound.valueRounding *= 2
    bound.derivativeRounding *= 2
    bound.parametersRounding *= 2
    return bound
  }
}

extension ProximalLinearization {
  /// ‖B‖_F, column by column.
  func normOfParameters(_ m: Int) -> Element {
    var norm: Element = 0
    for i in 0..<m {
      var column = Vector<Element>.zeros(active.universe)
      addParameters(Vector(count: m) { $0 == i ? 1 : 0 }, to: &column)
      norm = .hypot(norm, column.norm)
    }
    return norm
  }
}

extension PieceBound {
  /// The same for an argument that is off by up to `error`, and a value by `rounding` more: prox does not expand, derivatives change by their constants.
  func moved(by error: Element, rounding: Element) -> PieceBound {
    var result = self
    let constants = curvature(error)
    result.radius = (radius - error) * (1 - 4 * .ulpOfOne)
    result.valueRounding = (valueRounding + error + rounding) * (1 + 4 * .ulpOfOne)
    result.derivativeRounding += constants.derivative * error
    result.parametersRounding += constants.parameters * error
    result.curvature = { [curvature] ε in curvature((ε + error) * (1 + 4 * .ulpOfOne)) }
    return result
  }

  /// Of a map whose argument is taken `a` times, whose derivative D is that of this one times `c`, and B times `b`; its value is `c/a` times as large.
  ///
  /// - Parameter products: ‖B‖, whose products with the factor are rounded once more.
  func rescaled(argument a: Element, derivative c: Element, parameters b: Element, products: Element) -> PieceBound {
    let up = 1 + 8 * Element.ulpOfOne
    var result = self
    result.radius = radius / a * (1 - 8 * .ulpOfOne)
    result.valueRounding = valueRounding * (c / a) * up
    result.derivativeRounding = c * derivativeRounding * up + (c == 1 ? 0 : 4 * .ulpOfOne)
    result.parametersRounding = b * parametersRounding * up + 4 * .ulpOfOne * products
    result.curvature = { [curvature] ε in
      let (κ, κB) = curvature(a * ε * up)
      return (κ * a * c * up, κB * a * b * up)
    }
    return result
  }
}
