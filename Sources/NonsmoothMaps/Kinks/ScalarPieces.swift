import LinAlg

/// One piece of a scalar proximal map as its kinks need it: `x(u) = value + slope (u − anchor)` up to `end`, ∂x/∂λ = shift + growth x by parameter.
struct ScalarPiece<Element: Scalar> {
  typealias Pull = [(parameter: Int, value: Element)]
  var end: Element
  var slope: Element
  var anchor: Element = 0
  var value: Element = 0
  var shift: Pull = []
  var growth: Pull = []
  /// What a coordinate does that comes to this piece, as in "enter with sign +"; nil for a phrase made of the numbers.
  var name: String?

  func callAsFunction(_ u: Element) -> Element { value + slope * (u - anchor) }

  func pull(_ parameter: Int, at x: Element) -> Element {
    var sum: Element = 0
    for p in shift where p.parameter == parameter { sum += p.value }
    for p in growth where p.parameter == parameter { sum += p.value * x }
    return sum
  }

  var parameters: [Int] { shift.map(\.parameter) + growth.map(\.parameter) }

  /// What a coordinate does that comes here across the kink at x.
  func phrase(_ x: Element, isUpper: Bool) -> String {
    name ?? (slope == 0 ? "stop at \(value)" : isUpper ? "move above \(x)" : "move below \(x)")
  }
}

/// The kinks of penalties that act coordinate by coordinate.
enum ScalarPieces {
  /// By how much a parameter moves the kink between two pieces: there the values of both are the same.
  private static func rate<Element: Scalar>(
    _ l: ScalarPiece<Element>, _ r: ScalarPiece<Element>, at x: Element, _ parameter: Int
  ) -> Element {
    (l.pull(parameter, at: x) - r.pull(parameter, at: x)) / (r.slope - l.slope)
  }

  static func cone<Element: Scalar>(
    at u: Vector<Element>, step s: Element, tolerance: Element, radius: Element,
    pieces: (Int) -> [ScalarPiece<Element>]
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    var cone = CriticalCone(point: Vector<Element>.zeros(u.count))
    for j in 0..<u.count {
      let all = pieces(j)
      var first = 0
      while first + 1 < all.count && all[first].end < u[j] - tolerance { first += 1 }
      var last = first
      while last + 1 < all.count && all[last].end <= u[j] + tolerance { last += 1 }
      if last == first + 1, all[first].slope == all[last].slope {
        // No kink in u: the piece that u is in.
        if u[j] > all[first].end { first = last } else { last = first }
      }
      if first == last {
        addPiece(all[first], of: j, at: u[j], step: s, to: &cone)
      } else {
        try addKink(all[first...last], of: j, at: u[j], step: s, tolerance: tolerance, to: &cone)
      }
      if radius > tolerance {
        for i in 0..<all.count - 1 where all[i].slope != all[i + 1].slope {
          let distance = (u[j] - all[i].end).magnitude
          if distance > tolerance && distance <= radius {
            cone.nearby.append(record(j, all[i], all[i + 1], u[j], tolerance))
          }
        }
      }
    }
    return cone
  }

  private static func record<Element: Scalar>(
    _ j: Int, _ l: ScalarPiece<Element>, _ r: ScalarPiece<Element>, _ u: Element, _ tolerance: Element
  ) -> KinkRecord<Element> {
    let x = l(l.end)
    let distance = (u - l.end).magnitude
    // On the kink the flat piece is the one that is left.
    let isBelow = distance <= tolerance ? l.slope <= r.slope : u < l.end
    return KinkRecord(
      place: .coordinate(j), distance: distance, tolerance: tolerance,
      branches: (l.phrase(x, isUpper: false), r.phrase(x, isUpper: true)), isBelow: isBelow)
  }

  private static func addPiece<Element: Scalar>(
    _ piece: ScalarPiece<Element>, of j: Int, at u: Element, step s: Element, to cone: inout CriticalCone<Element>
  ) {
    let x = piece(u)
    cone.point[j] = x
    let D = piece.slope
    if D > 0 {
      cone.free.append(.init([.init(j, 1)], curvature: D == 1 ? 0 : (1 / D - 1) / s))
    }
    for q in Set(piece.parameters) {
      let pull = piece.pull(q, at: x)
      if pull == 0 { continue }
      if D == 0 { cone.offset.append(.init(j, q, pull)) } else { cone.slope.append(.init(j, q, -pull / (D * s))) }
    }
  }

  private static func addKink<Element: Scalar>(
    _ pieces: ArraySlice<ScalarPiece<Element>>, of j: Int, at u: Element, step s: Element, tolerance: Element,
    to cone: inout CriticalCone<Element>
  ) throws(KinkRefusal) {
    let (l, r) = (pieces.first!, pieces.last!)
    let middle = pieces.count == 3 ? pieces[pieces.startIndex + 1] : nil
    guard pieces.count == 2 || (middle?.slope == 0 && l.slope > 0 && r.slope > 0) else {
      throw .meetingKinks("\(pieces.count) pieces of coordinate \(j) meet at \(u), which is one too many")
    }
    let x = middle?.value ?? l(l.end)
    cone.point[j] = x
    var (below, above): (ScalarPiece<Element>.Pull, ScalarPiece<Element>.Pull) = ([], [])
    for q in Set(pieces.flatMap(\.parameters)).sorted() {
      // The kinks' own rates, and that of the value at them.
      let (low, high, value): (Element, Element, Element)
      if let middle {
        (low, high) = (rate(l, middle, at: x, q), rate(middle, r, at: x, q))
        value = middle.pull(q, at: x)
      } else {
        low = rate(l, r, at: x, q)
        high = low
        value = l.slope == 0 ? l.pull(q, at: x) : r.slope == 0 ? r.pull(q, at: x) : l.slope * low + l.pull(q, at: x)
      }
      if value != 0 { cone.offset.append(.init(j, q, value)) }
      if low != value { below.append((q, (low - value) / s)) }
      if high != value { above.append((q, (high - value) / s)) }
    }
    func branch(_ piece: ScalarPiece<Element>, _ slope: ScalarPiece<Element>.Pull) -> CriticalCone<Element>.Branch? {
      piece.slope == 0 ? nil : .init(curvature: piece.slope == 1 ? 0 : (1 / piece.slope - 1) / s, slope: slope)
    }
    cone.kinks.append(
      .init(
        record: record(j, l, r, u, tolerance), entries: [.init(j, 1)], lower: branch(l, below),
        upper: branch(r, above), isFlat: middle != nil || l.slope == 0 || r.slope == 0))
  }

  static func firstCrossing<Element: Scalar>(
    at u: Vector<Element>, tolerance: Element, argument rates: Vector<Element>, parameters δ: Vector<Element>,
    pieces: (Int) -> [ScalarPiece<Element>]
  ) -> Element? {
    var least: Element?
    for j in 0..<u.count {
      let all = pieces(j)
      for i in 0..<all.count - 1 where all[i].slope != all[i + 1].slope && all[i].end.isFinite {
        let (l, r) = (all[i], all[i + 1])
        let gap = l.end - u[j]
        if gap.magnitude <= tolerance { continue }
        var closing = rates[j]
        for q in Set(l.parameters + r.parameters) where δ[q] != 0 { closing -= rate(l, r, at: l(l.end), q) * δ[q] }
        let t = gap / closing
        if t > 0 && t < least ?? .infinity { least = t }
      }
    }
    return least
  }
}
