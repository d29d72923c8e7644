public import LinAlg

extension FusedLasso: PolyhedralPenalty {
  private func fused(_ u: Vector<Element>, _ s: Element, _ λ: Vector<Element>) -> Vector<Element> {
    var x = Vector(copying: u)
    TotalVariationKernel.apply(threshold: s * λ[1], to: &x)
    return x
  }

  /// The runs of the total variation and the edges at its limits, thresholded: a run inside the threshold does not move, one at the threshold may enter with its sign. A run at the
  /// threshold with an edge at a kink in it is refused: more than two pieces meet there.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    let (t, l) = (s * λ[1], s * λ[0])
    let x = fused(u, s, λ)
    if x.firstNonFinite != nil { throw .notFinite }
    let edges = try Edges(u, value: x, limits: (-t, t), tolerance: tolerance)
    let whole = edges.cone(x, radius: radius, isWeighed: { _ in true })
    var cone = CriticalCone(point: Vector<Element>.zeros(x.count))
    cone.nearby = whole.nearby
    cone.slope = whole.slope.map { .init($0.coordinate, 1, $0.value) }
    // The state of the run of every coordinate: 0 inside the threshold.
    var signs = Vector<Element>.zeros(x.count)
    for (k, run) in edges.runs.enumerated() {
      let level = whole.point[run.lowerBound]
      let distance = (level.magnitude - l).magnitude * Element(run.count).squareRoot()
      let sign: Element = level < 0 ? -1 : 1
      let record = KinkRecord<Element>(
        place: .run(run.lowerBound, run.upperBound - 1), distance: distance, tolerance: tolerance,
        branches: sign < 0 ? ("enter with sign −", "leave the support") : ("leave the support", "enter with sign +"),
        isBelow: (sign < 0) == (level.magnitude > l && distance > tolerance))
      if distance <= tolerance {
        if l <= tolerance {
          throw .meetingKinks("the run from \(run.lowerBound) to \(run.upperBound - 1) is at a threshold of zero")
        }
        if whole.kinks.contains(where: { $0.record.isWithin(run) }) {
          throw .meetingKinks(
            "the run from \(run.lowerBound) to \(run.upperBound - 1) is at its threshold and may split")
        }
        let entries = whole.free[k].entries
        cone.kinks.append(
          .init(
            record: record, entries: entries, lower: sign < 0 ? .init() : nil, upper: sign < 0 ? nil : .init(),
            isFlat: true))
        for j in run { cone.slope.append(.init(j, 0, sign)) }
      } else {
        if distance <= radius { cone.nearby.append(record) }
        guard level.magnitude > l else { continue }
        cone.free.append(whole.free[k])
        for j in run {
          signs[j] = sign
          cone.point[j] = level - sign * l
          cone.slope.append(.init(j, 0, sign))
        }
      }
    }
    cone.kinks += whole.kinks.filter { $0.entries.contains { signs[$0.coordinate] != 0 } }
    return cone
  }

  public func firstCrossing(
    at u: Vector<Element>, value: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    // Inside the threshold the rate of a run of the total variation is not that of the value, which rests: it is found as its derivative.
    let (t, l, δ) = (s * λ[1], s * λ[0], s * rates.parameters[1])
    let x = fused(u, s, λ)
    guard let edges = try? Edges(u, value: x, limits: (-t, t), tolerance: tolerance) else { return nil }
    var ẋ = Vector<Element>.zeros(x.count)
    for run in edges.runs {
      if x[run.lowerBound].magnitude <= l {
        guard edges.fillRates(of: run, x, argument: rates.argument, threshold: δ, into: &ẋ) else { return nil }
      } else {
        for j in run { ẋ[j] = rates.value[j] + (x[j] < 0 ? -1 : 1) * s * rates.parameters[0] }
      }
    }
    var least = edges.firstCrossing(
      u, value: x, limits: (-t, t), limitRates: (-δ, δ), argument: rates.argument, value: ẋ)
    for run in edges.runs {
      let j = run.lowerBound
      for sign: Element in [-1, 1] {
        let gap = sign * l - x[j]
        if gap.magnitude * Element(run.count).squareRoot() <= tolerance { continue }
        let time = gap / (ẋ[j] - sign * s * rates.parameters[0])
        if time > 0 && time < least ?? .infinity { least = time }
      }
    }
    return least
  }
}

extension Edges {
  /// ẋ of a run of the total variation: of the choices which of its edges at kinks open, the one that meets the conditions of a one-sided derivative; false beyond 12 such edges.
  fileprivate func fillRates(
    of run: Range<Int>, _ x: Vector<Element>, argument u̇: Vector<Element>, threshold δ: Element,
    into ẋ: inout Vector<Element>
  ) -> Bool {
    func sign(_ j: Int) -> Element? {
      switch states[j] {
      case .fused: nil
      case .jump(let sign), .weak(let sign): sign
      }
    }
    let weak = run.dropLast().filter { sign($0) != nil }
    if weak.count > 12 { return false }
    var least = Element.infinity
    for mask in 0..<1 << weak.count {
      var trial = ẋ
      var start = run.lowerBound
      for (k, end) in (weak + [run.upperBound - 1]).enumerated() where k == weak.count || mask >> k & 1 == 1 {
        var mean: Element = 0
        for j in start...end { mean += u̇[j] }
        if start > 0, let σ = sign(start - 1) { mean -= σ * δ }
        if end + 1 < x.count, let σ = sign(end) { mean += σ * δ }
        mean /= Element(end - start + 1)
        for j in start...end { trial[j] = mean }
        start = end + 1
      }
      // By how much the worst condition is missed: an edge that opens does so with its sign, one that stays shut keeps within its limit.
      var missed: Element = 0
      var dual: Element = run.lowerBound > 0 ? (sign(run.lowerBound - 1) ?? 0) * δ : 0
      for j in run.dropLast() {
        dual -= u̇[j] - trial[j]
        guard let k = weak.firstIndex(of: j), let σ = sign(j) else { continue }
        missed = max(missed, mask >> k & 1 == 1 ? -σ * (trial[j + 1] - trial[j]) : σ * dual - δ)
      }
      if missed < least {
        least = missed
        for j in run { ẋ[j] = trial[j] }
      }
    }
    return true
  }
}

extension KinkRecord {
  /// Whether it is an edge between two members of a run.
  fileprivate func isWithin(_ run: Range<Int>) -> Bool {
    if case .edge(let j) = place { return run.contains(j) && run.contains(j + 1) }
    return false
  }
}
