public import LinAlg

extension L1Norm: PolyhedralPenalty {
  private func pieces(_ s: Element, _ λ: Vector<Element>) -> (Int) -> [ScalarPiece<Element>] {
    func make(_ place: Int, _ factor: Element) -> [ScalarPiece<Element>] {
      if factor == 0 { return [ScalarPiece(end: .infinity, slope: 1)] }
      let (t, rate) = (s * (factor * λ[place]), s * factor)
      return [
        ScalarPiece(end: -t, slope: 1, anchor: -t, shift: [(place, rate)], name: "enter with sign −"),
        ScalarPiece(end: t, slope: 0, name: "leave the support"),
        ScalarPiece(end: .infinity, slope: 1, anchor: t, shift: [(place, -rate)], name: "enter with sign +"),
      ]
    }
    if strengths.isSingle {
      let all = make(0, 1)
      return { _ in all }
    }
    return { make(strengths.place($0), strengths.factor($0)) }
  }

  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    try ScalarPieces.cone(at: u, step: s, tolerance: tolerance, radius: radius, pieces: pieces(s, λ))
  }

  /// The thresholds ±s λⱼ, without a list of pieces for each coordinate: a path asks for this at every node.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    var least = Element.infinity
    for j in 0..<u.count {
      let (threshold, rate) = (s * strengths.strength(j, λ), s * strengths.strength(j, rates.parameters))
      if strengths.factors != nil && strengths.factors![j] == 0 { continue }
      for sign: Element in [-1, 1] {
        let gap = sign * threshold - u[j]
        if gap.magnitude <= tolerance { continue }
        let t = gap / (rates.argument[j] - sign * rate)
        if t > 0 && t < least { least = t }
      }
    }
    return least.isFinite ? least : nil
  }
}

extension Box: PolyhedralPenalty {
  private func pieces(_ λ: Vector<Element>) -> (Int) -> [ScalarPiece<Element>] {
    { j in
      let (l, h) = (lower(j, λ), upper(j, λ))
      let (below, above) = (lower.place(j), upper.place(j).map { lower.parameterCount + $0 })
      func shift(_ place: Int?) -> ScalarPiece<Element>.Pull { place.map { [($0, 1 as Element)] } ?? [] }
      // A coordinate whose bounds are one number is a constant.
      if l == h && below == nil && above == nil { return [ScalarPiece(end: .infinity, slope: 0, value: l)] }
      var all: [ScalarPiece<Element>] = []
      if l > -.infinity {
        all.append(
          ScalarPiece(end: l, slope: 0, value: l, shift: shift(below), name: "stop at its lower bound"))
      }
      all.append(ScalarPiece(end: h, slope: 1, name: "leave its bound"))
      if h < .infinity {
        all.append(
          ScalarPiece(end: .infinity, slope: 0, value: h, shift: shift(above), name: "stop at its upper bound"))
      }
      return all
    }
  }

  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    try ScalarPieces.cone(at: u, step: s, tolerance: tolerance, radius: radius, pieces: pieces(λ))
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    ScalarPieces.firstCrossing(
      at: u, tolerance: tolerance, argument: rates.argument, parameters: rates.parameters, pieces: pieces(λ))
  }
}

extension PolyhedralPenalty where Self: PiecewiseLinearMap {
  private func scalarPieces(_ s: Element, _ λ: Vector<Element>) -> [ScalarPiece<Element>] {
    withPieces(step: s, parameters: λ) { pieces in
      let m = pieces.parameterCount
      func pull(_ all: UnsafePointer<Element>) -> ScalarPiece<Element>.Pull {
        (0..<m).filter { all[$0] != 0 }.map { ($0, all[$0]) }
      }
      var scalar: [ScalarPiece<Element>] = []
      for i in 0..<pieces.count {
        scalar.append(
          ScalarPiece(
            end: pieces.ends[i], slope: pieces.slopes[i], anchor: pieces.anchors[i], value: pieces.values[i],
            shift: pull(pieces.shift(i)), growth: pull(pieces.growth(i))))
      }
      return scalar
    }
  }

  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let all = scalarPieces(s, λ)
    return try ScalarPieces.cone(at: u, step: s, tolerance: tolerance, radius: radius) { _ in all }
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let all = scalarPieces(s, λ)
    return ScalarPieces.firstCrossing(
      at: u, tolerance: tolerance, argument: rates.argument, parameters: rates.parameters
    ) { _ in all }
  }
}

extension AsymmetricL1: PolyhedralPenalty {}
extension NonnegativeL1: PolyhedralPenalty {}
extension HingePenalty: PolyhedralPenalty {}
extension InsensitivePenalty: PolyhedralPenalty {}
extension LInfinityBall: PolyhedralPenalty {}

extension ElasticNet: PolyhedralPenalty {
  /// The ridge.
  public var nonlinearParameters: [Int] { [1] }
}

extension LeakyRectifier: PolyhedralPenalty {
  /// The curvature.
  public var nonlinearParameters: [Int] { [0] }
}

extension HuberPenalty: PolyhedralPenalty {
  /// The strength.
  public var nonlinearParameters: [Int] { [0] }
}
