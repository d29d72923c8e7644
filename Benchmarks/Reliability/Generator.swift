import RandomStreams

/// Draws problems: problem number i of a seed is the same on every machine and however the campaign is split.
struct Generator {
  var random: RandomStream
  var problem: Problem
  /// w* in extended precision, where it is unique and was found.
  var solution: [DoubleDouble]?

  /// A problem, its solution and a plan.
  static func draw(seed: UInt64, index: Int) -> (problem: Problem, solution: [DoubleDouble]?, plan: Plan) {
    var generator = Generator(seed: seed, index: index)
    let plan = generator.drawPlan()
    generator.drawProblem(plan)
    return (generator.problem, generator.solution, plan)
  }

  /// Whose problem number `index` is.
  static func strategy(seed: UInt64, index: Int) -> Strategy {
    var generator = Generator(seed: seed, index: index)
    return generator.drawPlan().strategy
  }

  private init(seed: UInt64, index: Int) {
    random = RandomStream(seed: seed, stream: UInt64(index))
    problem = Problem(
      family: .general(GeneralData(M: [[0]], N: [[0]], b: [0], parameters: [0], bend: .affine, level: 0)))
  }

  /// Two thirds of the problems are hard in some way, each way with this probability.
  static let hardShare = 0.67
  private var isHard = false

  private mutating func difficulty(_ name: String, _ probability: Double) -> Bool {
    guard isHard, random.chance(probability) else { return false }
    problem.difficulties.append(name)
    return true
  }

  /// x rounded to the type of the run.
  func exact(_ x: Double) -> Double { problem.isSinglePrecision ? Double(Float(x)) : x }
  func exact(_ x: [Double]) -> [Double] { x.map(exact) }

  private mutating func drawProblem(_ plan: Plan) {
    isHard = random.chance(Self.hardShare)
    problem.isSinglePrecision = random.chance(0.35)
    if plan.strategy.needsSamples || plan.strategy.needsSymmetry || random.chance(0.75) {
      drawPenalized(plan)
    } else {
      drawGeneral()
    }
    drawState(plan)
    drawCotangent()
    drawScales()
    drawPoison()
    if plan.strategy.isAID || plan.strategy.isITD {
      if difficulty("workspace used for another problem", 0.08) { problem.reusesWorkspace = true }
    }
  }

  // MARK: - Penalized models

  private mutating func drawPenalized(_ plan: Plan) {
    let single = problem.isSinglePrecision
    let n = random.chance(0.08) ? 1 : random.index(2, 12)
    let p = random.chance(0.08) ? 1 : random.index(2, 12)
    problem.isSparse = random.chance(0.35)
    let density = problem.isSparse ? 0.4 : 1
    var X = (0..<n).map { _ in (0..<p).map { _ in random.chance(density) ? random.nextNormal() : 0 } }
    if p > 1, difficulty("nearly dependent columns", 0.15) {
      let (i, j) = (random.nextIndex(below: p), random.nextIndex(below: p))
      let size = random.decade(single ? -6 : -12, -2)
      for r in 0..<n { X[r][j] = X[r][i] + size * random.nextNormal() }
    }
    if p > 1, difficulty("duplicate columns", 0.08) {
      let (i, j) = (random.nextIndex(below: p), random.nextIndex(below: p))
      for r in 0..<n { X[r][j] = X[r][i] }
    }
    if difficulty("zero column", 0.06) {
      let j = random.nextIndex(below: p)
      for r in 0..<n { X[r][j] = 0 }
    }
    if difficulty("columns of different scale", 0.15) {
      for j in 0..<p {
        let size = random.decade(single ? -3 : -6, single ? 3 : 6)
        for r in 0..<n { X[r][j] *= size }
      }
    }
    for r in 0..<n { X[r] = exact(X[r]) }
    let isLogistic = plan.strategy != .workingSetSolver ? random.chance(0.3) : random.chance(0.4)
    var y = isLogistic ? (0..<n).map { _ in random.chance(0.5) ? 1.0 : -1 } : random.normals(n)
    if !isLogistic {
      let w = random.normals(p)
      for r in 0..<n { y[r] += zip(X[r], w).map(*).reduce(0, +) }
      y = exact(y)
    }
    // Strengths as shares of the one above which the solution is zero.
    var correlation = 0.0
    var trace = 0.0
    for j in 0..<p {
      correlation = max(
        correlation, ((0..<n).map { X[$0][j] * y[$0] }.reduce(0, +) / Double(n) * (isLogistic ? 0.5 : 1)).magnitude)
      trace += (0..<n).map { X[$0][j] * X[$0][j] }.reduce(0, +) / Double(n)
    }
    if correlation == 0 { correlation = 1 }
    if trace == 0 { trace = 1 }
    var share = random.decade(-1.5, -0.1)
    if difficulty("all-zero solution", 0.05) { share = random.decade(0.01, 3) }
    if difficulty("nearly full support", 0.08) { share = random.decade(single ? -5 : -10, -4) }
    let kind = random.nextIndex(below: 3)
    var groups: [Int]?
    var strengths = [share * correlation]
    if kind == 1 {
      groups = Array(0..<p)
      strengths = (0..<p).map { _ in share * correlation * random.uniform(0.3, 2) }
    } else if kind == 2 {
      let count = random.index(1, max(1, p / 2))
      groups = (0..<p).map { _ in random.nextIndex(below: count) }
      strengths = (0..<count).map { _ in share * correlation * random.uniform(0.3, 2) }
    }
    var ridge = trace / Double(p) * random.decade(-2, 0)
    if difficulty("tiny ridge", 0.15) { ridge *= random.decade(single ? -6 : -12, -3) }
    if difficulty("no ridge", 0.1) { ridge = 0 }
    if plan.strategy != .workingSetSolver {
      if difficulty("negative strength", 0.03) {
        let k = random.nextIndex(below: strengths.count)
        strengths[k] = -strengths[k]
      }
      if difficulty("negative ridge", 0.03) { ridge = -ridge }
      if difficulty("strength of zero", 0.03) { strengths[random.nextIndex(below: strengths.count)] = 0 }
    }
    var factor: Double?
    if random.chance(0.1) { factor = random.uniform(0.3, 1.2) }
    if difficulty("step that does not contract", 0.12) { factor = random.uniform(1.7, 4) }
    let m = random.index(1, 6)
    let heldOutX = (0..<m).map { _ in exact(random.normals(p)) }
    let heldOutY =
      isLogistic ? (0..<m).map { _ in random.chance(0.5) ? 1.0 : -1 } : exact(random.normals(m))
    let data = PenalizedData(
      X: X, y: y, isLogistic: isLogistic, groups: groups, strengths: exact(strengths), ridge: exact(ridge),
      stepFactor: factor, heldOutX: heldOutX, heldOutY: heldOutY)
    problem.family = .penalized(data)
    solution = PenalizedTruth(data).solve()
  }

  // MARK: - General maps

  private mutating func drawGeneral() {
    let p = random.chance(0.1) ? 1 : random.index(2, 10)
    let m = random.index(1, 4)
    var bound = random.uniform(0.1, 0.9)
    if difficulty("slow contraction", 0.15) { bound = 1 - random.decade(problem.isSinglePrecision ? -5 : -10, -2) }
    if difficulty("map that does not contract", 0.15) { bound = random.uniform(1.05, 3) }
    let isTriangular = difficulty("far from normal", 0.15)
    var M = (0..<p).map { _ in random.normals(p) }
    for i in 0..<p {
      if isTriangular {
        for j in 0..<i { M[i][j] = 0 }
        M[i][i] = random.uniform(-0.8, 0.8)
        for j in i + 1..<max(p, i + 1) { M[i][j] *= 10 }
      } else {
        let sum = M[i].map(\.magnitude).reduce(0, +)
        for j in 0..<p { M[i][j] *= bound / sum }
      }
      M[i] = exact(M[i])
    }
    let N = (0..<p).map { _ in exact(random.normals(m)) }
    let parameters = exact(random.normals(m))
    let bend = random.pick(GeneralData.Bend.allCases)
    let level = bend == .cap || bend == .softThreshold ? exact(random.uniform(0.2, 1)) : 0
    // A solution and the side of the kink first, then the offset that makes them so to rounding.
    var w = random.normals(p)
    var u = w
    for i in 0..<p {
      let atRest = random.chance(0.4)
      switch bend {
      case .affine: break
      case .positivePart:
        w[i] = atRest ? 0 : w[i].magnitude
        u[i] = atRest ? -random.uniform(0.05, 1) : w[i]
      case .cap:
        w[i] = atRest ? level : level - w[i].magnitude
        u[i] = atRest ? level + random.uniform(0.05, 1) : w[i]
      case .softThreshold:
        u[i] = atRest ? level * random.uniform(-0.9, 0.9) : w[i] + (w[i] < 0 ? -level : level)
        if atRest { w[i] = 0 }
      }
    }
    var b = u
    for i in 0..<p {
      for j in 0..<p { b[i] -= M[i][j] * w[j] }
      for k in 0..<m { b[i] -= N[i][k] * parameters[k] }
    }
    let data = GeneralData(M: M, N: N, b: exact(b), parameters: parameters, bend: bend, level: level)
    problem.family = .general(data)
    solution = GeneralTruth(data).solve(near: w.map(DoubleDouble.init))
  }

  // MARK: - Where and in which direction

  private mutating func drawState(_ plan: Plan) {
    let p = problem.stateCount
    let rounded = solution.map { $0.map { exact($0.value) } }
    let single = problem.isSinglePrecision
    if plan.strategy.isITD || plan.strategy.isSolver {
      problem.state = [Double](repeating: 0, count: p)
      if random.chance(0.3) { problem.state = exact(random.normals(p)) }
      if let rounded, random.chance(0.2) { problem.state = rounded }
      if difficulty("far start", 0.15) {
        let size = random.decade(2, single ? 8 : 12)
        problem.state = exact(random.normals(p).map { size * $0 })
      }
      return
    }
    problem.state = rounded ?? [Double](repeating: 0, count: p)
    if rounded != nil && random.chance(0.4) { problem.vouching = .truthfully }
    guard difficulty("state that is not the solution", 0.2) else { return }
    let wasVouched = problem.vouching == .truthfully
    problem.vouching = wasVouched && random.chance(0.5) ? .beforeAChange : .none
    if problem.vouching == .beforeAChange { problem.difficulties.append("changed after it was vouched for") }
    switch random.nextIndex(below: 4) {
    case 0: problem.state = [Double](repeating: 0, count: p)
    case 1: problem.state = exact(random.normals(p))
    case 2:
      let size = random.decade(0, single ? 8 : 12)
      problem.state = exact(random.normals(p).map { size * $0 })
    default:
      let size = random.decade(single ? -6 : -14, -1)
      problem.state = exact(problem.state.map { $0 + size * random.nextNormal() })
    }
  }

  private mutating func drawCotangent() {
    let p = problem.stateCount
    let m = problem.parameterCount
    problem.cotangent = exact(random.normals(p))
    if let solution, difficulty("large cotangent off the support", 0.12) {
      let size = random.decade(3, problem.isSinglePrecision ? 12 : 20)
      for j in 0..<p where solution[j] == .zero { problem.cotangent[j] = exact(size * random.nextNormal()) }
    }
    if difficulty("zero cotangent", 0.03) { problem.cotangent = [Double](repeating: 0, count: p) }
    problem.directions = (0..<random.index(1, 3)).map { _ in exact(random.normals(m)) }
  }

  private mutating func drawScales() {
    guard difficulty("extreme scales", 0.2) else { return }
    let reach = random.chance(0.5) ? 0.25 : 1
    let most = Int((problem.isSinglePrecision ? 50 : 498) * reach)
    problem.scales = Problem.Scales(
      features: random.index(-most, most), targets: random.index(-most, most), parameters: random.index(-most, most),
      cotangent: random.index(-most, most))
    if random.chance(0.3) { problem.scales.features = 0 }
    if random.chance(0.3) { problem.scales.targets = 0 }
    if random.chance(0.5) { problem.scales.cotangent = 0 }
    // Data that would be rounded by the scaling are drawn back to where they are exact.
    while !ScaledData.isExact(problem) {
      problem.scales.features /= 2
      problem.scales.targets /= 2
      problem.scales.parameters /= 2
      problem.scales.cotangent /= 2
    }
  }

  private mutating func drawPoison() {
    guard difficulty("NaN or infinity", 0.12) else { return }
    let place = random.pick(Problem.Poison.Place.allCases)
    problem.poison = Problem.Poison(
      place: place, row: random.nextIndex(below: 1 << 20), column: random.nextIndex(below: 1 << 20),
      value: random.pick([Double.nan, .infinity, -.infinity]))
    // Labels are ±1 by a precondition: there is no NaN to give.
    if case .penalized(let data) = problem.family, data.isLogistic, place == .targets {
      problem.poison?.place = .features
    }
    problem.difficulties[problem.difficulties.count - 1] = "\(problem.poison!.value) in \(problem.poison!.place)"
  }
}
