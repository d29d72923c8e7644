internal import LinAlg

/// The rounding error of a node at a point, entry by entry: a running error analysis (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.3).
struct PointError<Element: Scalar> {
  /// At least the absolute values as computed; of what is linear in a direction, for all directions of norm 1.
  var magnitudes: [Element]
  /// At least the distance of what was computed from the exact value.
  var errors: [Element]
  /// At least the Euclidean norm of the value as computed.
  var size: Element
  /// Whether it is zero outside of the active coordinates.
  var isSupported = false

  static func unknown(_ count: Int) -> PointError {
    PointError(
      magnitudes: Array(repeating: .infinity, count: count), errors: Array(repeating: .infinity, count: count),
      size: .infinity)
  }
}

/// Rounding errors of nodes in the order of a tape, at a point where a machine has run them.
///
/// Data and inputs are exact. Numbers of the closure that were joined while tracing, as the 0.5 and the n of `0.5 * x / n`, are known to eight ulps.
final class PointErrors<Element: Scalar> {
  private let tape: Tape<Element>
  private let machine: Machine<Element>
  private let norms: DesignNorms<Element>
  private let active: IndexSubset
  private(set) var nodes: [Int: PointError<Element>] = [:]
  private static var directions: UInt8 { UInt8(1 << FunctionInput.direction | 1 << FunctionInput.parameterDirection) }
  private let ulp = Element.ulpOfOne

  /// - Parameter list: nodes with all that they read, in their order; those that do not depend on a direction have been run.
  init(
    _ tape: Tape<Element>, _ machine: Machine<Element>, _ list: [Int], norms: DesignNorms<Element>, active: IndexSubset
  ) {
    self.tape = tape
    self.machine = machine
    self.norms = norms
    self.active = active
    run(list)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func run(_ list: [Int]) { for k in list { nodes[k] = find(k) } }

  private func isDirection(_ k: Int) -> Bool { tape.sources(k) & Self.directions != 0 }

  private func find(_ k: Int) -> PointError<Element> {
    let count = machine.slots[k].vector.count
    var found = rule(k, count)
    if found.errors.count != count { return .unknown(count) }
    if !isDirection(k) {
      let value = machine.slots[k].vector
      found.magnitudes = value.map { $0.isNaN ? .infinity : $0.magnitude }
      found.size = found.magnitudes.upperNorm
    }
    for i in 0..<count where found.errors[i].isNaN { found.errors[i] = .infinity }
    return found
  }

  /// One rounding of each entry, and what operands bring in.
  private func rounded(_ k: Int, _ magnitudes: [Element], _ errors: [Element], size: Element? = nil) -> PointError<
    Element
  > {
    PointError(magnitudes: magnitudes, errors: errors, size: size ?? magnitudes.upperNorm)
  }

  /// Eight ulps of a number of the closure, none where it is a power of two.
  static func uncertainty(_ α: Element) -> Element { α == 0 || α.significand == 1 ? 0 : 8 * .ulpOfOne }

  private func rule(_ k: Int, _ count: Int) -> PointError<Element> {
    let node = tape.nodes[k]
    let zeros = [Element](repeating: 0, count: count)
    let a = node.operands.first.flatMap { nodes[$0] }
    let b = node.operands.count > 1 ? nodes[node.operands[1]] : nil
    func entries(_ f: (Int) -> (magnitude: Element, error: Element), size: Element? = nil) -> PointError<Element> {
      var (m, e) = (zeros, zeros)
      for i in 0..<count { (m[i], e[i]) = f(i) }
      return rounded(k, m, e, size: size)
    }
    switch node.operation {
    case .input(let index): return input(index, count)
    case .literal(let c), .filled(let c): return entries({ _ in (c.magnitude, c.magnitude * Self.uncertainty(c)) })
    case .constant: return entries({ _ in (0, 0) })
    case .greater, .beyondThreshold, .elementary(.isPositive), .elementary(.sign): return jump(k, count)
    default: break
    }
    guard let a else { return .unknown(count) }
    switch node.operation {
    case .combine(let α, let β):
      guard let b else { break }
      let (p, q) = (α.magnitude, β.magnitude)
      let (x, y) = (2 * ulp + Self.uncertainty(α), 2 * ulp + Self.uncertainty(β))
      var sum = entries(
        { i in
          let (m, n) = (p * a.magnitudes[i], q * b.magnitudes[i])
          return (m + n, p * a.errors[i] + q * b.errors[i] + x * m + y * n)
        }, size: p * a.size + q * b.size)
      sum.isSupported = a.isSupported && b.isSupported
      return sum
    case .scaled(let α):
      let x = ulp + Self.uncertainty(α)
      var product = entries(
        { i in
          let m = α.magnitude * a.magnitudes[i]
          return (m, α.magnitude * a.errors[i] + x * m + .leastNonzeroMagnitude)
        }, size: α.magnitude * a.size)
      product.isSupported = a.isSupported
      return product
    case .offset(let c):
      return entries({ i in
        let m = a.magnitudes[i] + c.magnitude
        return (m, a.errors[i] + ulp * m + c.magnitude * Self.uncertainty(c))
      })
    case .times, .scale:
      guard let b else { break }
      let isScalar = a.errors.count == 1 && count > 1
      return entries(
        { i in
          let (m, e) = (a.magnitudes[isScalar ? 0 : i], a.errors[isScalar ? 0 : i])
          let size = atMost(m, b.magnitudes[i])
          let carried = atMost(m, b.errors[i]) + atMost(e, b.magnitudes[i]) + atMost(e, b.errors[i])
          // A product with zero is exact.
          return (size, m == 0 || b.magnitudes[i] == 0 ? carried : carried + ulp * size + .leastNonzeroMagnitude)
        }, size: min(atMost(a.magnitudes.most, b.size), atMost(b.magnitudes.most, a.size)))
    case .broadcast: return entries({ _ in (a.magnitudes[0], a.errors[0]) })
    case .sum: return sum(a)
    case .dot:
      guard let b else { break }
      return dot(a, b)
    case .elementary(let f):
      if isDirection(k) { break }
      return elementary(k, a, { f.slopes($0) }, ulps: { _ in Element(f.ulps) })
    case .power(let c):
      if isDirection(k) { break }
      return elementary(k, a, { Power.slopes($0, c) }, ulps: { Power.ulps(c, at: $0) })
    case .softThreshold:
      guard let b else { break }
      let isScalar = b.errors.count == 1
      return entries({ i in
        let j = isScalar ? 0 : i
        return (a.magnitudes[i], a.errors[i] + b.errors[j] + ulp * (a.magnitudes[i] + b.magnitudes[j]))
      })
    case .multiply(let X, let transposed): return multiply(X, transposed, a, count, columns: node.shape.columns)
    case .product:
      guard let b else { break }
      // Frobenius norms bound every entry; sums have as many terms as an operand has rows or columns.
      let terms = Element(a.magnitudes.count + 8) * ulp
      let (e, f) = (a.errors.upperNorm, b.errors.upperNorm)
      let size = atMost(a.size, b.size)
      let error = atMost(a.size, f) + atMost(e, b.size) + atMost(e, f) + terms * size
      return entries({ _ in (size, error) }, size: size)
    case .softmaxRows, .logSumExpRows: return overRows(k, a)
    case .detach:
      var same = a
      same.isSupported = a.isSupported
      return same
    default:
      if let moved = Moves(tape, k) { return self.moved(moved, count) }
    }
    return .unknown(count)
  }

  private func input(_ index: Int, _ count: Int) -> PointError<Element> {
    var exact = PointError<Element>(
      magnitudes: Array(repeating: 1, count: count), errors: Array(repeating: 0, count: count), size: 1)
    if index == FunctionInput.direction {
      exact.magnitudes = Array(repeating: 0, count: count)
      for k in 0..<active.count { exact.magnitudes[active[k]] = 1 }
    }
    exact.isSupported = index == FunctionInput.state || index == FunctionInput.direction
    return exact
  }

  /// A value that jumps is exact, where it cannot lie on the other side.
  private func jump(_ k: Int, _ count: Int) -> PointError<Element> {
    let node = tape.nodes[k]
    let x = machine.slots[node.operands[0]].vector
    let e = nodes[node.operands[0]]!.errors
    var errors = [Element](repeating: 0, count: count)
    for i in 0..<count {
      var (distance, room) = (x[i].magnitude, e[i])
      if node.operands.count > 1 {
        let other = machine.slots[node.operands[1]].vector
        let j = other.count == 1 ? 0 : i
        let y = other[j]
        distance = node.operation == .beyondThreshold ? (x[i].magnitude - y).magnitude : (x[i] - y).magnitude
        room += nodes[node.operands[1]]!.errors[j] + ulp * distance
      }
      errors[i] = room > 0 && distance <= room ? 2 : 0
    }
    return rounded(k, errors, errors)
  }

  private func sum(_ a: PointError<Element>) -> PointError<Element> {
    let n = a.errors.count
    let (total, error) = (a.magnitudes.reduce(0, +), a.errors.reduce(0, +))
    return PointError(
      magnitudes: [min(total, Element(n).squareRoot() * a.size)], errors: [error + Element(n + 2) * ulp * total],
      size: total)
  }

  /// Sums of products by Cauchy and Schwarz, so that a factor may be any direction.
  private func dot(_ a: PointError<Element>, _ b: PointError<Element>) -> PointError<Element> {
    let n = a.errors.count
    let (e, f) = (a.errors.upperNorm, b.errors.upperNorm)
    let size = atMost(a.size, b.size)
    let error =
      atMost(a.size, f) + atMost(e, b.size) + atMost(e, f) + Element(n + 2) * ulp * size
      + Element(n) * .leastNonzeroMagnitude
    return PointError(magnitudes: [size], errors: [error], size: size)
  }

  private func elementary(
    _ k: Int, _ a: PointError<Element>, _ slopes: (ClosedInterval<Element>) -> ClosedInterval<Element>,
    ulps: (Element) -> Element
  ) -> PointError<Element> {
    let (x, value) = (machine.slots[tape.nodes[k].operands[0]].vector, machine.slots[k].vector)
    var errors = a.errors
    for i in 0..<errors.count {
      let e = a.errors[i]
      // The functions that vanish at zero do so exactly.
      if e == 0 && x[i] == 0 && value[i] == 0 { continue }
      var carried: Element = 0
      if e > 0 { carried = atMost(slopes(ClosedInterval(x[i] - e, x[i] + e)).magnitude, e) }
      errors[i] = carried + ulps(x[i]) * ulp * value[i].magnitude + .leastNonzeroMagnitude
    }
    return rounded(k, errors, errors)
  }

  private func multiply(
    _ X: Int, _ transposed: Bool, _ a: PointError<Element>, _ count: Int, columns: Int
  ) -> PointError<Element> {
    let rows = norms.rows(X, transposed: transposed, isSupported: a.isSupported)
    let error = a.errors.upperNorm + Element(rows.terms + 8) * ulp * a.size
    let n = rows.norms.count
    var (m, e) = ([Element](repeating: 0, count: count), [Element](repeating: 0, count: count))
    for i in 0..<count {
      m[i] = atMost(rows.norms[i % n], a.size)
      e[i] = atMost(rows.norms[i % n], error) + .leastNormalMagnitude
    }
    return PointError(magnitudes: m, errors: e, size: atMost(rows.frobenius, a.size))
  }

  /// exp(z − top) carries the rounding of z − top; ‖∂ softmax‖ ≤ ½, and a log-sum-exp moves by no more than its largest argument.
  private func overRows(_ k: Int, _ a: PointError<Element>) -> PointError<Element> {
    let node = tape.nodes[k]
    let operand = machine.slots[node.operands[0]]
    let (value, n, c) = (machine.slots[k].vector, operand.rows, operand.columns)
    let isSoftmax = node.operation == .softmaxRows
    var errors = [Element](repeating: 0, count: value.count)
    for i in 0..<n {
      let row = (0..<c).map { a.errors[$0 * n + i] }
      let top = (0..<c).map { a.magnitudes[$0 * n + i] }.most
      let own = ulp * (2 * top + Element(c + 16))
      if isSoftmax {
        for j in 0..<c { errors[j * n + i] = row.upperNorm / 2 + own * value[j * n + i] + .leastNonzeroMagnitude }
      } else {
        errors[i] = row.most + own + 2 * ulp * value[i].magnitude
      }
    }
    return rounded(k, errors, errors)
  }

  private func moved(_ moves: Moves, _ count: Int) -> PointError<Element> {
    var (m, e) = ([Element](repeating: 0, count: count), [Element](repeating: 0, count: count))
    var (size, most): (Element, Int) = (0, 1)
    for (operand, places) in moves.parts {
      guard let a = nodes[operand] else { return .unknown(count) }
      for (from, to) in places {
        m[to] += a.magnitudes[from]
        e[to] += a.errors[from]
      }
      size = .hypot(size, a.size)
      most = max(most, moves.multiplicity)
    }
    if moves.terms > 1 { for i in 0..<count { e[i] += Element(moves.terms) * ulp * m[i] } }
    return PointError(
      magnitudes: m, errors: e, size: min(m.upperNorm, Element(most).squareRoot() * size * (1 + 8 * ulp)))
  }
}
