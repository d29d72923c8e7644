public import LinAlg

/// The kinks of penalties on the differences of neighbours. An edge is a jump, or fused with a dual θ = −Σ_{i ≤ edge} (uᵢ − xᵢ) between two limits; at a limit
/// the run may split there, one way.
///
/// A run with its edges at a limit moves along its indicator, and along the indicators of what is right of such an edge.
struct Edges<Element: Scalar> {
  enum State {
    case fused
    /// With the sign that the jump has, or would have.
    case jump(Element)
    case weak(Element)
  }

  var states: [State] = []
  var records: [KinkRecord<Element>?] = []
  /// The runs of edges that are not jumps, as ranges of coordinates.
  var runs: [Range<Int>] = []

  /// - Parameters:
  ///   - limits: θ of a fused edge is between these; an edge at the upper one may become a jump upwards, at the lower one downwards.
  init(
    _ u: Vector<Element>, value x: Vector<Element>, limits: (lower: Element, upper: Element), tolerance: Element
  ) throws(KinkRefusal) {
    let labels = x.runs
    var sizes: [Int] = []
    for label in labels {
      if label == sizes.count { sizes.append(0) }
      sizes[label] += 1
    }
    var (sum, place) = (Element(0), 0)
    for j in 0..<max(0, x.count - 1) {
      sum -= u[j] - x[j]
      place += 1
      if labels[j] != labels[j + 1] {
        let (a, b) = (Element(sizes[labels[j]]), Element(sizes[labels[j + 1]]))
        let rise = x[j + 1] - x[j]
        let distance = rise.magnitude / (1 / a + 1 / b).squareRoot()
        var sign: Element = rise < 0 ? -1 : 1
        if distance <= tolerance {
          // Of a jump at the rounding level the sign is rounding too; the limit that θ is at says which way the edge opens.
          if limits.upper - limits.lower <= tolerance {
            throw .meetingKinks("the edge between \(j) and \(j + 1) may open both ways: the penalty is zero there")
          }
          sign = (limits.upper - sum).magnitude < (sum - limits.lower).magnitude ? 1 : -1
        }
        add(j, sign: sign, distance, tolerance, isJump: true)
        place = 0
      } else {
        let (n, k) = (Element(sizes[labels[j]]), Element(place))
        let scale = (k * (n - k) / n).squareRoot()
        let (down, up) = ((sum - limits.lower) / scale, (limits.upper - sum) / scale)
        if down.magnitude <= tolerance && up.magnitude <= tolerance {
          throw .meetingKinks("the edge between \(j) and \(j + 1) may open both ways: the penalty is zero there")
        }
        add(j, sign: up < down ? 1 : -1, max(0, min(up, down)), tolerance, isJump: false)
      }
    }
    var start = 0
    for j in 0..<x.count {
      if j + 1 < x.count, case .jump = states[j] {
        runs.append(start..<j + 1)
        start = j + 1
      }
    }
    if x.count > 0 { runs.append(start..<x.count) }
  }

  private mutating func add(
    _ j: Int, sign: Element, _ distance: Element, _ tolerance: Element, isJump: Bool
  ) {
    states.append(distance <= tolerance ? .weak(sign) : isJump ? .jump(sign) : .fused)
    let open = "open \(sign < 0 ? "downwards" : "upwards")"
    records.append(
      KinkRecord(
        place: .edge(j), distance: distance, tolerance: tolerance,
        branches: sign < 0 ? (open, "close") : ("close", open),
        isBelow: (sign < 0) == (isJump && distance > tolerance)))
  }

  /// - Parameter isWeighed: whether λ's only entry weighs jumps of this sign.
  func cone(
    _ x: Vector<Element>, radius: Element, isWeighed: (Element) -> Bool
  ) -> CriticalCone<Element> {
    var cone = CriticalCone(point: Vector(copying: x))
    for run in runs {
      let scale = 1 / Element(run.count).squareRoot()
      cone.free.append(.init(run.map { .init($0, scale) }))
      var mean: Element = 0
      for j in run { mean += (x[j] - mean) / Element(j - run.lowerBound + 1) }
      for j in run {
        cone.point[j] = mean
        guard j + 1 < run.upperBound, case .weak(let sign) = states[j] else { continue }
        let right = (j + 1..<run.upperBound).map { CriticalCone<Element>.Entry($0, 1) }
        cone.kinks.append(
          .init(
            record: records[j]!, entries: right, lower: sign < 0 ? .init() : nil, upper: sign < 0 ? nil : .init(),
            isFlat: true))
      }
    }
    for j in 0..<states.count {
      if let record = records[j], record.distance > record.tolerance, record.distance <= radius {
        cone.nearby.append(record)
      }
      switch states[j] {
      case .fused: continue
      case .jump(let sign), .weak(let sign):
        if !isWeighed(sign) { continue }
        cone.slope.append(.init(j, 0, -sign))
        cone.slope.append(.init(j + 1, 0, sign))
      }
    }
    return cone
  }

  /// - Parameter limitRates: of the limits of θ.
  func firstCrossing(
    _ u: Vector<Element>, value x: Vector<Element>, limits: (lower: Element, upper: Element),
    limitRates: (lower: Element, upper: Element), argument u̇: Vector<Element>, value ẋ: Vector<Element>
  ) -> Element? {
    var least: Element?
    func consider(_ value: Element, _ rate: Element) {
      let t = -value / rate
      if value > 0 && t > 0 && t < least ?? .infinity { least = t }
    }
    var (dual, dualRate) = (Element(0), Element(0))
    for j in 0..<states.count {
      dual -= u[j] - x[j]
      dualRate -= u̇[j] - ẋ[j]
      switch states[j] {
      case .fused:
        consider(limits.upper - dual, limitRates.upper - dualRate)
        consider(dual - limits.lower, dualRate - limitRates.lower)
      case .jump(let sign): consider(sign * (x[j + 1] - x[j]), sign * (ẋ[j + 1] - ẋ[j]))
      case .weak(let sign):
        // At one limit; the other one is still to come where it stays fused.
        if sign < 0 {
          consider(limits.upper - dual, limitRates.upper - dualRate)
        } else {
          consider(dual - limits.lower, dualRate - limitRates.lower)
        }
      }
    }
    return least
  }
}

extension TotalVariation: PolyhedralPenalty {
  private func value(_ u: Vector<Element>, _ s: Element, _ λ: Vector<Element>) -> Vector<Element> {
    var x = Vector(copying: u)
    apply(step: s, parameters: λ, to: &x)
    return x
  }

  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let (t, x) = (s * λ[0], value(u, s, λ))
    if x.firstNonFinite != nil { throw .notFinite }
    return try Edges(u, value: x, limits: (-t, t), tolerance: tolerance).cone(
      x, radius: radius, isWeighed: { _ in true })
  }

  public func firstCrossing(
    at u: Vector<Element>, value: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let (t, δ) = (s * λ[0], s * rates.parameters[0])
    let x = self.value(u, s, λ)
    return (try? Edges(u, value: x, limits: (-t, t), tolerance: tolerance))?.firstCrossing(
      u, value: x, limits: (-t, t), limitRates: (-δ, δ), argument: rates.argument, value: rates.value)
  }
}

extension NearlyIsotonic: PolyhedralPenalty {
  private func value(_ u: Vector<Element>, _ s: Element, _ λ: Vector<Element>) -> Vector<Element> {
    var x = Vector(copying: u)
    apply(step: s, parameters: λ, to: &x)
    return x
  }

  /// Rising jumps cost nothing, falling ones λ.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let x = value(u, s, λ)
    if x.firstNonFinite != nil { throw .notFinite }
    return try Edges(u, value: x, limits: (-s * λ[0], 0), tolerance: tolerance).cone(x, radius: radius) { $0 < 0 }
  }

  public func firstCrossing(
    at u: Vector<Element>, value: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let x = self.value(u, s, λ)
    let limits = (lower: -s * λ[0], upper: Element(0))
    return (try? Edges(u, value: x, limits: limits, tolerance: tolerance))?.firstCrossing(
      u, value: x, limits: limits, limitRates: (-s * rates.parameters[0], 0), argument: rates.argument,
      value: rates.value)
  }
}

extension Isotonic: PolyhedralPenalty {
  private func value(_ u: Vector<Element>, _ s: Element, _ λ: Vector<Element>) -> Vector<Element> {
    var x = Vector(copying: u)
    apply(step: s, parameters: λ, to: &x)
    return x
  }

  /// Of a fused edge Σ (uᵢ − xᵢ) is at least 0, and an edge opens upwards only.
  private var limits: (lower: Element, upper: Element) { (-.infinity, 0) }

  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let x = value(u, s, λ)
    if x.firstNonFinite != nil { throw .notFinite }
    return try Edges(u, value: x, limits: limits, tolerance: tolerance).cone(
      x, radius: radius, isWeighed: { _ in false })
  }

  public func firstCrossing(
    at u: Vector<Element>, value: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let x = self.value(u, s, λ)
    return (try? Edges(u, value: x, limits: limits, tolerance: tolerance))?.firstCrossing(
      u, value: x, limits: limits, limitRates: (0, 0), argument: rates.argument, value: rates.value)
  }
}
