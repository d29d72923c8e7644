/// The general map in extended precision.
struct GeneralTruth {
  typealias Number = DoubleDouble
  let data: GeneralData
  private let M: [[Number]]

  init(_ data: GeneralData) {
    self.data = data
    M = data.M.map { $0.map(Number.init) }
  }

  private func offset(_ i: Int) -> Number {
    var sum = Number(data.b[i])
    for k in data.parameters.indices { sum += Number(data.N[i][k]) * Number(data.parameters[k]) }
    return sum
  }

  private func argument(_ w: [Number]) -> [Number] { M.indices.map { M[$0].dot(w) + offset($0) } }

  /// Whether entry u moves, how far it is from the nearest kink, and the value.
  private func piece(_ u: Number) -> (moves: Bool, margin: Double, value: Number) {
    let level = Number(data.level)
    switch data.bend {
    case .affine: return (true, .infinity, u)
    case .positivePart: return (u > .zero, u.magnitude.value, u > .zero ? u : .zero)
    case .cap: return (u < level, (u - level).magnitude.value, u < level ? u : level)
    case .softThreshold:
      let above = u.magnitude - level
      return (above > .zero, above.magnitude.value, above > .zero ? above * u.sign : .zero)
    }
  }

  func image(_ w: [Number]) -> [Number] { argument(w).map { piece($0).value } }

  func linearized(at w: [Number], ulp: Double) -> Linearized {
    let u = argument(w)
    let pieces = u.map(piece)
    let support = u.indices.filter { pieces[$0].moves }
    var margin = Double.infinity
    var rounding = 0.0
    for i in u.indices where data.bend != .affine {
      let error = 4 * ulp * Double(data.p + 6) * argumentTerms(i, w)
      if rounding == 0 || pieces[i].margin / error < margin / rounding {
        margin = pieces[i].margin
        rounding = error
      }
    }
    let K = support.map { i in support.map { (i == $0 ? Number.one : .zero) - M[i][$0] } }
    return Linearized(
      support: support, system: DenseSystem(K), sources: support.map { i in data.N[i].map(Number.init) }, step: 1,
      systemScale: 1 + DenseSystem.frobenius(M), curvatureUlps: 0, kinkMargin: margin, kinkRounding: rounding,
      fullRows: M.map { $0.map { -$0 } }, parameters: data.parameters.count)
  }

  /// Σ of the absolute values of the terms of the argument's entry.
  func argumentTerms(_ i: Int, _ w: [Number]) -> Double {
    var sum = data.b[i].magnitude + data.level.magnitude
    for j in w.indices { sum += (data.M[i][j] * w[j].value).magnitude }
    for k in data.parameters.indices { sum += (data.N[i][k] * data.parameters[k]).magnitude }
    return sum
  }

  /// The fixed point on the piece that shows at a guess near it; nil where there is none on that piece.
  func solve(near guess: [Number]) -> [Number]? {
    let pieces = argument(guess).map(piece)
    // On the piece: w = u − shift where it moves, a constant elsewhere.
    let values = argument(guess)
    let p = data.p
    var A = (0..<p).map { i in (0..<p).map { i == $0 ? Number.one : .zero } }
    var right = [Number](repeating: .zero, count: p)
    for i in 0..<p {
      guard pieces[i].moves else {
        right[i] = pieces[i].value
        continue
      }
      for j in 0..<p { A[i][j] -= M[i][j] }
      right[i] = offset(i) + (pieces[i].value - values[i])
    }
    guard let w = DenseSystem(A).solve(right) else { return nil }
    let there = argument(w).map(piece)
    return zip(pieces, there).allSatisfy { $0.moves == $1.moves } ? w : nil
  }
}
