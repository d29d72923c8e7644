import LinAlg
import NonsmoothMaps

/// One solve of ``BlockWorkingSetSolver``: the state of its outer loop.
struct BlockWorkingSetRun<Loss: DesignLoss, Penalty: BlockSeparableFunction> where Loss.Element == Penalty.Element {
  typealias Element = Loss.Element
  let loss: Loss
  let penalty: Penalty
  let ridge: Element
  let n: Int
  let hessian: DesignHessian<Element>
  var w: Vector<Element>
  var scores: Vector<Element>
  var residuals: Vector<Element>
  var lossValue: Element = 0
  /// f(0).
  let scale: Element
  /// Xᵀr/n − λ_G w on the blocks that are alive: minus the gradient.
  var gradient: Vector<Element>
  /// ‖X_b‖²_F/n, which bounds the largest eigenvalue of the block's Gram matrix.
  var squares: [Element] = []
  var alive: [Int]
  var aliveColumns: IndexSubset
  var compact = Vector<Element>.zeros(0)
  var x: Vector<Element>
  var v: Vector<Element>
  /// The working set with the places of its blocks, and the Gram matrix where that is small.
  var working = IndexSubset(universe: 0)
  var workingBlocks: [Int] = []
  var places: [[Int]] = []
  var gram: GramQuadratic<Element>
  var columns: ColumnQuadratic<Element>?
  var solution = Vector<Element>.zeros(0)
  var isModelSolved = false
  var isModelSingular = false
  /// Whether the working set holds all violators.
  var isComplete = false
  /// How far blocks may be from their optimality conditions, relative to the size of their subgradients; nil for rounding. ε everywhere leaves a duality gap
  /// of at most 2 ε times the penalty.
  var precision: Element?
  var progressWatch = BlockProgress<Element>()
  var result: BlockWorkingSetSolution<Element>

  init(_ loss: Loss, _ penalty: Penalty, ridge: Element, _ start: Vector<Element>?) {
    (self.loss, self.penalty, self.ridge) = (loss, penalty, ridge)
    n = loss.sampleCount
    let p = loss.featureCount
    hessian = loss.makeHessian()
    gram = hessian.lentQuadratic ?? GramQuadratic()
    hessian.lentQuadratic = nil
    scores = .zeros(n)
    residuals = .zeros(n)
    scale = loss.value(scores: scores, residuals: &residuals)
    w = start.map { Vector(copying: $0) } ?? .zeros(p)
    gradient = .zeros(p)
    let m = penalty.blocks.largestSize
    (x, v) = (.zeros(m), .zeros(m))
    alive = Array(0..<penalty.blocks.count)
    aliveColumns = IndexSubset(Array(0..<p), universe: p)
    result = BlockWorkingSetSolution(start: w, outcome: .iterationLimit)
    let norms = loss.squaredColumnNorms
    squares = alive.map { b in
      (0..<penalty.blocks.size(b)).reduce(0) { $0 + norms[penalty.blocks.coordinate(b, $1)] } / Element(n)
    }
  }

  mutating func solve(
    tolerance: Element, passLimit: Int, _ progress: ((Int, Element) -> Void)?
  ) -> BlockWorkingSetSolution<Element> {
    let clock = ContinuousClock.now
    let isRough = tolerance > WorkingSetSolver<Element>.roundingTolerance
    precision = isRough ? tolerance / 2 : nil
    if isRough { hessian.roughSolves += 1 }
    enterDomain()
    var wasSolved = isRough && solveWhereTheLastEnded()
    while result.passes < passLimit {
      refreshGradient()
      result.passes += 1
      let (free, violators, isMet) = measure()
      progress?(result.passes, result.violation)
      if !result.violation.isFinite || !result.objective.isFinite || isMet == nil {
        result.outcome = .notFinite()
        break
      }
      if result.dualityGap == nil { precision = nil }
      if isRough, let gap = result.dualityGap,
        gap <= max(tolerance * result.objective, WorkingSetSolver<Element>.roundingTolerance * scale)
      {
        result.outcome = .converged
        break
      }
      let isOptimal = violators.isEmpty && isMet == true
      if isOptimal && (isModelSolved || free.isEmpty) {
        result.outcome = .converged
        break
      }
      let isNew = chooseWorkingSet(free: free, violators: violators)
      if !progressWatch.note(result.objective, result.violation, isNew: isNew) {
        result.outcome = isOptimal ? .converged : .stagnated
        break
      }
      // What was solved for leaves a larger gap: by rounding, or where strengths differ by orders.
      if violators.isEmpty && !isNew && wasSolved {
        precision = precision.flatMap { $0 > 256 * .ulpOfOne ? $0 / 4 : nil }
      }
      // Others violate by as much: no digit beyond a tenth of that is of use.
      solveWorkingSet(isNew: isNew, target: isComplete ? nil : result.violation / 10)
      wasSolved = true
    }
    if isRough { keepSlopes() }
    hessian.lentQuadratic = gram
    gram = GramQuadratic()
    result.estimate = w
    result.seconds = clock.secondsSince()
    return result
  }

  mutating func gather(_ b: Int) {
    let (x, v, w, g) = (x.mutableBase(), v.mutableBase(), w.base, gradient.base)
    for i in 0..<penalty.blocks.size(b) {
      let j = penalty.blocks.coordinate(b, i)
      x[i] = w[j]
      v[i] = g[j]
    }
  }

  /// w ← the nearest point at which g is finite, and zero instead where that has the smaller objective.
  private mutating func enterDomain() {
    let hasStart = w.maxNorm != 0
    for b in 0..<penalty.blocks.count {
      gather(b)
      if penalty.value(block: b, at: x).isFinite { continue }
      penalty.apply(block: b, step: 1, to: &x)
      for i in 0..<penalty.blocks.size(b) { w[penalty.blocks.coordinate(b, i)] = x[i] }
    }
    refreshResiduals()
    if hasStart && !(lossValue + penaltyValue() <= scale) {
      let given = w
      w = .zeros(w.count)
      if penaltyValue() != 0 { w = given }
      refreshResiduals()
    }
  }

  mutating func penaltyValue() -> Element {
    var sum = ridge / 2 * w.dot(w)
    for b in 0..<penalty.blocks.count {
      gather(b)
      sum += penalty.value(block: b, at: x)
    }
    return sum
  }

  mutating func refreshResiduals() {
    let support = IndexSubset(nonzerosOf: w)
    scores.fill(0)
    if support.count > 0 {
      var values = Vector<Element>.zeros(support.count)
      values.gather(support, from: w)
      loss.features.addProduct(columns: support, values, to: &scores)
    }
    lossValue = loss.value(scores: scores, residuals: &residuals)
  }

  private mutating func refreshGradient() {
    if refreshGradientInSingle() { return }
    if aliveColumns.count == w.count {
      loss.features.multiplyTransposed(residuals, alpha: 1 / Element(n), beta: 0, into: &gradient)
    } else {
      if compact.count != aliveColumns.count { compact = .zeros(aliveColumns.count) }
      loss.features.multiplyTransposed(columns: aliveColumns, residuals, alpha: 1 / Element(n), into: &compact)
      gradient.scatter(aliveColumns, from: compact)
    }
    gradient.add(-ridge, w)
  }

  /// The objective, the gap, screening, and the blocks of the next working set: those free to move and those fixed ones
  /// that violate their conditions beyond rounding, with by how much. Whether the free ones meet theirs to rounding; nil where rounding
  /// is out of range.
  private mutating func measure() -> (free: [Int], violators: [(block: Int, size: Element)], isMet: Bool?) {
    result.objective = lossValue + penaltyValue()
    var free: [Int] = []
    var violators: [(block: Int, size: Element)] = []
    var excess: Element? = 0
    var most: Element = 0
    // The gradient's entries are sums with terms of this size: r and y in the units of a column's norm.
    let noise = 4 * Element.ulpOfOne * (residuals.norm + loss.targets.norm) / Element(n).squareRoot()
    // Free blocks are those of a system whose matrix has at most this trace; its solution leaves some ulps of the two.
    var distances: [Element] = []
    var trace: Element = 0
    let curvature = curvatureScale()
    for b in alive {
      gather(b)
      let d = penalty.distance(block: b, at: x, of: v)
      most = d > most || d.isNaN ? d : most
      if let known = excess { excess = penalty.dualNorm(block: b, of: v).map { $0 > known || $0.isNaN ? $0 : known } }
      if !penalty.isFixed(block: b, at: x) {
        free.append(b)
        distances.append(d)
        trace += curvature * squares[b]
      } else if d > max(32 * .ulpOfOne, precision ?? 0) * penalty.scale(block: b) + noise * squares[b].squareRoot() {
        violators.append((b, d))
      }
      if most.isNaN { break }
    }
    let backward = 64 * Element.ulpOfOne * (trace + ridge) * w.norm + 16 * noise * trace.squareRoot()
    let isMet = zip(free, distances).allSatisfy { $1 <= backward + 64 * .ulpOfOne * penalty.scale(block: $0) }
    result.violation = most
    result.dualityGap = excess.map { excess in
      let c = 1 / max(1, excess)
      let dual =
        loss.dualValue(scores: scores, residuals: residuals, scale: c) - c * c * ridge * w.dot(w) / 2
      return max(0, result.objective - dual)
    }
    if let gap = result.dualityGap, gap.isFinite { screen(gap, scale: 1 / max(1, excess!)) }
    return (free, violators, backward.isFinite ? isMet : nil)
  }

  /// The bound on ℓ″ or, where there is none, the largest one at the present scores.
  func curvatureScale() -> Element {
    if loss.curvatureBound.isFinite { return loss.curvatureBound }
    var d = Vector<Element>.zeros(n)
    loss.curvatures(scores: scores, into: &d)
    return d.maxNorm
  }

  /// A sphere of radius √(2 gap) about the dual point, in the units of a block's norm, holds the dual solution.
  private mutating func screen(_ gap: Element, scale c: Element) {
    let radius = (2 * (gap + 16 * .ulpOfOne * max(result.objective, scale))).squareRoot()
    var survivors: [Int] = []
    for b in alive {
      gather(b)
      let scaled = v.mutableBase()
      for i in 0..<penalty.blocks.size(b) { scaled[i] *= c }
      let reach = radius * (loss.curvatureBound * squares[b] + ridge).squareRoot()
      if !penalty.isFixed(block: b, at: x)
        || !penalty.isScreened(block: b, v, radius: reach)
      {
        survivors.append(b)
      }
    }
    if survivors.count == alive.count { return }
    result.screened += alive.count - survivors.count
    alive = survivors
    aliveColumns = columns(of: alive)
  }

  func columns(of blocks: [Int]) -> IndexSubset {
    let all = blocks.flatMap { b in (0..<penalty.blocks.size(b)).map { penalty.blocks.coordinate(b, $0) } }
    return IndexSubset(all.sorted(), universe: w.count)
  }

  /// Blocks up to twice those that are free, and at least some 256 coordinates of violators: the Gram matrix of fewer costs
  /// less than a pass over X. Whether it is another working set than the last.
  mutating func chooseWorkingSet(free: [Int], violators: [(block: Int, size: Element)]) -> Bool {
    let all = penalty.blocks
    var chosen = free
    let room = max(256, free.reduce(0) { $0 + all.size($1) })
    var taken = 0
    for (b, _) in violators.sorted(by: { $0.size > $1.size }) {
      if taken > 0 && taken + all.size(b) > room { break }
      taken += all.size(b)
      chosen.append(b)
    }
    isComplete = chosen.count == free.count + violators.count
    chosen.sort()
    if chosen == workingBlocks { return false }
    workingBlocks = chosen
    working = columns(of: chosen)
    result.largestWorkingSet = max(result.largestWorkingSet, working.count)
    var place = [Int: Int](minimumCapacity: working.count)
    for k in 0..<working.count { place[working[k]] = k }
    places = chosen.map { b in (0..<all.size(b)).map { place[all.coordinate(b, $0)]! } }
    return true
  }
}
