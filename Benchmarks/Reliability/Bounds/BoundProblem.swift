import RandomStreams

/// A random bilevel problem with a penalty, at unit scale: its numbers are exact in the type of the run.
struct BoundProblem: Sendable {
  enum Start: String, Sendable {
    /// The solution, rounded, and vouched for or not.
    case rounded, vouched
    /// What the package solved for, to its own tolerance or to a loose one.
    case solved, loose
    /// The solution with noise, and some steps of the iteration from there.
    case noisy, iterated
    case zero
  }

  enum Solver: String, Sendable, CaseIterable { case automatic, direct, conjugateGradient, fixedPoint, gmres }

  let kind: PenaltyKind
  let isLogistic: Bool
  let isSinglePrecision: Bool
  let isSparse: Bool
  var X: [[Double]]
  var y: [Double]
  var heldOutX: [[Double]]
  var heldOutY: [Double]
  /// Of the penalty.
  var parameters: [Double]
  var ridge: Double
  /// Exponents of two by which X and y are multiplied.
  var scales: (features: Int, targets: Int)
  let start: Start
  let solver: Solver
  /// Relative to the solution.
  let noise: Double
  let iterations: Int
  let hasClosureObjective: Bool
  var seed: UInt64

  var n: Int { X.count }
  var p: Int { X[0].count }

  /// Exponents of all parameters, the ridge's last.
  var exponents: [Int] {
    (kind.units(count: p) + [.curvature]).map { $0.exponent(features: scales.features, targets: scales.targets) }
  }
  var stateExponent: Int { scales.targets - scales.features }

  static func draw(seed: UInt64, index: Int) -> BoundProblem {
    var random = RandomStream(seed: seed, stream: UInt64(index))
    let single = random.chance(0.4)
    func exact(_ x: Double) -> Double { single ? Double(Float(x)) : x }
    let kind = random.pick(PenaltyKind.allCases)
    let logistic = random.chance(0.35)
    let (n, p) = (random.index(1, 9), random.index(1, 6))
    func rows(_ count: Int) -> [[Double]] { (0..<count).map { _ in random.normals(p) } }
    var X = rows(n)
    if p > 1 && random.chance(0.3) {
      // Two columns that differ by little.
      let ε = random.decade(single ? -6 : -12, 0)
      for i in 0..<n { X[i][p - 1] = X[i][0] + ε * X[i][p - 1] }
    }
    if random.chance(0.2) {
      for j in 0..<p {
        let size = random.decade(-3, 3)
        for i in 0..<n { X[i][j] *= size }
      }
    }
    if random.chance(0.2) { for i in 0..<n { for j in 0..<p where random.chance(0.5) { X[i][j] = 0 } } }
    X = X.map { $0.map(exact) }
    let heldOutX = rows(random.index(1, 6)).map { $0.map(exact) }
    let planted = (0..<p).map { _ in random.chance(0.4) ? 0 : random.nextNormal() }
    func targets(_ X: [[Double]]) -> [Double] {
      X.map { row in
        let score = zip(row, planted).reduce(0) { $0 + $1.0 * $1.1 } + 0.3 * random.nextNormal()
        return logistic ? (score < 0 ? -1 : 1) : exact(score)
      }
    }
    let (y, heldOutY) = (targets(X), targets(heldOutX))
    // The largest slope at zero, to which strengths are relative.
    var slope = 1e-3
    for j in 0..<p {
      var sum = 0.0
      for i in 0..<n { sum += X[i][j] * y[i] }
      slope = max(slope, abs(sum) / Double(n) * (logistic ? 0.5 : 1))
    }
    var parameters: [Double] = kind.units(count: p).map { unit in
      switch unit {
      case .strength: exact(slope * random.decade(-2.5, 0.2))
      case .curvature: exact(random.decade(-2, 0.5))
      case .length: exact(random.decade(-1, 0.5))
      }
    }
    if kind == .box {
      parameters = [-parameters[0], parameters[1]]
      if random.chance(0.3) { parameters[0] = 0 }
    }
    let ridge =
      random.chance(0.3) ? 0 : exact(random.chance(0.5) ? random.decade(-2, 0) : random.decade(single ? -6 : -12, 0))
    var scales = (features: 0, targets: 0)
    if random.chance(0.4) {
      let most = single ? 45 : 490
      scales.features = random.index(-most, most)
      if !logistic { scales.targets = random.index(-most, most) }
    }
    let start: Start
    switch random.nextUniform() {
    case ..<0.2: start = .rounded
    case ..<0.35: start = .vouched
    case ..<0.6: start = .solved
    case ..<0.7: start = .loose
    case ..<0.82: start = .noisy
    case ..<0.97: start = .iterated
    default: start = .zero
    }
    return BoundProblem(
      kind: kind, isLogistic: logistic, isSinglePrecision: single, isSparse: random.chance(0.2), X: X, y: y,
      heldOutX: heldOutX, heldOutY: heldOutY, parameters: parameters, ridge: ridge, scales: scales, start: start,
      solver: random.chance(0.4) ? .automatic : random.pick(Solver.allCases),
      noise: random.decade(single ? -7 : -15, -0.5), iterations: random.index(1, 200),
      hasClosureObjective: random.chance(0.02), seed: random.next())
  }

  var summary: String {
    let size = "\(n)×\(p)\(isSparse ? " sparse" : "")"
    let scale = scales == (0, 0) ? "" : ", X 2^\(scales.features), y 2^\(scales.targets)"
    return
      "\(isSinglePrecision ? "Float" : "Double") \(kind.rawValue) \(isLogistic ? "logistic" : "squared") \(size), λ \(parameters.map(short)), ridge \(short(ridge)), \(start.rawValue)\(start == .noisy || start == .iterated ? " \(short(noise))" : ""), \(solver.rawValue)\(scale)"
  }
}
