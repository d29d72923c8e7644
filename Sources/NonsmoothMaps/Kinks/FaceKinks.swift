public import LinAlg

/// The kinks of projections on the simplex and on the boundary of the ℓ1 ball: with S strictly inside, S's contrasts are free, and a coordinate at the
/// threshold enters along σ_z e_z − σ_S/|S|, which keeps the sum.
private struct Face<Element: Scalar> {
  /// Strictly inside, at the threshold, and the threshold itself.
  var inside: [Int] = []
  var weak: [Int] = []
  private var isInside: [Bool]
  let threshold: SimplexThreshold<Element>
  private let size: (Int) -> Element
  private let sign: (Int) -> Element
  private let usesMagnitudes: Bool

  init?(
    _ u: Vector<Element>, sum r: Element, magnitudes: Bool, tolerance: Element
  ) {
    guard let threshold = SimplexThreshold(u, magnitudes: magnitudes, sum: r) else { return nil }
    self.threshold = threshold
    usesMagnitudes = magnitudes
    size = { magnitudes ? u[$0].magnitude : u[$0] }
    sign = { magnitudes && u[$0] < 0 ? -1 : 1 }
    isInside = Array(repeating: false, count: u.count)
    for j in 0..<u.count where threshold.excess(size(j)) > 2 * tolerance {
      inside.append(j)
      isInside[j] = true
    }
    // Distances need |S|: that of the coordinates that are inside for sure, and the one in question.
    var others: [Int] = []
    for j in 0..<u.count where !isInside[j] {
      if distance(j) <= tolerance { weak.append(j) } else if threshold.excess(size(j)) > 0 { others.append(j) }
    }
    for j in others { isInside[j] = true }
    inside = (inside + others).sorted()
  }

  /// How far u is from where the excess of a coordinate is 0. One with an excess counts in |S| also where that is taken for rounding.
  func distance(_ j: Int) -> Element {
    let excess = threshold.excess(size(j))
    let n = Element(inside.count)
    if excess == 0 { return 0 }
    if excess < 0 { return -excess / (1 + 1 / max(1, n)).squareRoot() }
    let members = isInside[j] ? n : n + 1
    return members > 1 ? excess / (1 - 1 / members).squareRoot() : .infinity
  }

  func record(_ j: Int, tolerance: Element) -> KinkRecord<Element> {
    let d = distance(j)
    return KinkRecord(
      place: .coordinate(j), distance: d, tolerance: tolerance,
      branches: ("leave the support", "enter with sign \(sign(j) < 0 ? "−" : "+")"),
      isBelow: threshold.excess(size(j)) <= 0 || d <= tolerance)
  }

  /// The contrasts of S, orthonormal: column k is (σ₁ + … + σ_k − k σ_{k+1})/√(k(k+1)).
  static func contrasts(_ S: [Int], sign: (Int) -> Element) -> [CriticalCone<Element>.Direction] {
    (1..<max(1, S.count)).map { k in
      let scale = 1 / (Element(k) * Element(k + 1)).squareRoot()
      var entries = (0..<k).map { CriticalCone<Element>.Entry(S[$0], sign(S[$0]) * scale) }
      entries.append(.init(S[k], -Element(k) * sign(S[k]) * scale))
      return .init(entries)
    }
  }

  func cone(_ u: Vector<Element>, tolerance: Element, radius: Element) throws(KinkRefusal) -> CriticalCone<Element> {
    guard !inside.isEmpty else {
      throw .meetingKinks("no coordinate is inside the face by more than the tolerance \(tolerance)")
    }
    var cone = CriticalCone(point: Vector<Element>.zeros(u.count))
    let share = 1 / Element(inside.count)
    for j in inside {
      cone.point[j] = sign(j) * threshold.excess(size(j))
      cone.offset.append(.init(j, 0, sign(j) * share))
    }
    cone.free = Self.contrasts(inside, sign: sign)
    for z in weak {
      cone.kinks.append(
        .init(
          record: record(z, tolerance: tolerance),
          entries: inside.map { .init($0, -sign($0) * share) } + [.init(z, sign(z))], lower: nil, upper: .init(),
          isFlat: true))
    }
    if radius > tolerance {
      for j in 0..<u.count {
        let d = distance(j)
        if d > tolerance && d <= radius { cone.nearby.append(record(j, tolerance: tolerance)) }
      }
    }
    return cone
  }

  /// - Parameter rate: of the size of every entry of u.
  func firstCrossing(
    _ x: Vector<Element>, tolerance: Element, rate: (Int) -> Element, value ẋ: Vector<Element>
  ) -> Element? {
    guard let first = inside.first else { return nil }
    let thresholdRate = rate(first) - sign(first) * ẋ[first]
    let known = Set(weak)
    var least: Element?
    func meet(_ t: Element) { if t > 0 && t < least ?? .infinity { least = t } }
    for j in 0..<x.count {
      if !known.contains(j) { meet(-threshold.excess(size(j)) / (rate(j) - thresholdRate)) }
      // An entry whose magnitude is what counts may also pass zero and come to the threshold with the other sign.
      if usesMagnitudes && !isInside[j] { meet(-(size(j) + level) / (rate(j) + thresholdRate)) }
    }
    // A coordinate that has just entered may turn back no sooner than at another kink; one that has just left may not either.
    return least
  }

  /// τ, absolutely.
  var level: Element { threshold.largest + threshold.offset }
  /// d/dt τ.
  func levelRate(_ rate: (Int) -> Element, value ẋ: Vector<Element>) -> Element {
    inside.first.map { rate($0) - sign($0) * ẋ[$0] } ?? 0
  }
}

extension Simplex: PolyhedralPenalty {
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    guard let face = Face(u, sum: λ[0], magnitudes: false, tolerance: tolerance) else { throw .notFinite }
    return try face.cone(u, tolerance: tolerance, radius: radius)
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    Face(u, sum: λ[0], magnitudes: false, tolerance: tolerance)?.firstCrossing(
      x, tolerance: tolerance, rate: { rates.argument[$0] }, value: rates.value)
  }
}

extension L1Ball: PolyhedralPenalty {
  /// By how much the norm of u exceeds the radius, as a distance of u.
  private func excess(_ u: Vector<Element>, _ λ: Vector<Element>) -> Element {
    (u.oneNorm - λ[0]) / Element(u.count).squareRoot()
  }

  /// - Throws: ``KinkRefusal/meetingKinks(_:)`` where u is on the boundary of the ball and has entries at zero: a corner of the boundary's own.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    if u.firstNonFinite != nil { throw .notFinite }
    let beyond = excess(u, λ)
    let record = KinkRecord<Element>(
      place: .boundary, distance: beyond.magnitude, tolerance: tolerance,
      branches: ("leave the boundary for the inside of the ball", "come to the boundary of the ball"),
      isBelow: beyond < -tolerance)
    let nearby = beyond.magnitude > tolerance && beyond.magnitude <= radius ? [record] : []
    if beyond > tolerance {
      guard let face = Face(u, sum: λ[0], magnitudes: true, tolerance: tolerance) else { throw .notFinite }
      var cone = try face.cone(u, tolerance: tolerance, radius: radius)
      cone.nearby += nearby
      return cone
    }
    var cone = CriticalCone(point: Vector(copying: u))
    cone.nearby = nearby
    if beyond < -tolerance {
      cone.free = (0..<u.count).map { .init([.init($0, 1)]) }
      return cone
    }
    if let zero = (0..<u.count).first(where: { u[$0].magnitude <= tolerance }) {
      throw .meetingKinks(
        "u is on the boundary of the ball, and entry \(zero) of it is zero: a corner where more than two pieces meet")
    }
    let share = 1 / Element(u.count)
    cone.free = Face.contrasts(Array(0..<u.count)) { u[$0] < 0 ? -1 : 1 }
    cone.offset = (0..<u.count).map { .init($0, 0, u[$0] < 0 ? -share : share) }
    // y < 0 is inside.
    cone.kinks = [
      .init(
        record: record, entries: (0..<u.count).map { .init($0, u[$0] < 0 ? -share : share) }, lower: .init(),
        upper: nil, isFlat: true)
    ]
    return cone
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let (u̇, δ) = (rates.argument, rates.parameters)
    func sizeRate(_ j: Int) -> Element { u[j] == 0 ? u̇[j].magnitude : u[j] < 0 ? -u̇[j] : u̇[j] }
    let beyond = excess(u, λ)
    // On the boundary itself: inwards where the norm of the value falls below the radius.
    let inwards = (0..<u.count).reduce(0) { $0 + (x[$1] < 0 ? -rates.value[$1] : rates.value[$1]) } - δ[0]
    if beyond > tolerance || (beyond >= -tolerance && !(inwards < -Element(u.count) * .ulpOfOne * rates.value.oneNorm))
    {
      guard let face = Face(u, sum: λ[0], magnitudes: true, tolerance: tolerance) else { return nil }
      var least = face.firstCrossing(x, tolerance: tolerance, rate: sizeRate, value: rates.value)
      if beyond > tolerance {
        let t = -face.level / face.levelRate(sizeRate, value: rates.value)
        if t > 0 && t < least ?? .infinity { least = t }
      }
      return least
    }
    // Inside: the first t at which Σ |uⱼ + t u̇ⱼ| = r + t δ, a convex function of t that is below 0 now.
    var breaks = (0..<u.count).map { -u[$0] / u̇[$0] }.filter { $0 > 0 && $0.isFinite }.sorted()
    breaks.append(.infinity)
    var t: Element = 0
    for next in breaks {
      let probe = next.isFinite ? (t + next) / 2 : t + 1
      var (value, slope) = (-(λ[0] + t * δ[0]), -δ[0])
      for j in 0..<u.count {
        value += (u[j] + t * u̇[j]).magnitude
        slope += u[j] + probe * u̇[j] < 0 ? -u̇[j] : u̇[j]
      }
      if slope > 0, -value / slope <= next - t, t - value / slope > 0 { return t - value / slope }
      t = next
    }
    return nil
  }
}
