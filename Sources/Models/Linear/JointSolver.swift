import ImplicitDiff
package import LinAlg
package import NonsmoothMaps

/// Solves the problems of several folds of the same rows side by side, for quadratic losses with weighted 1-norms: every pass over the data is one product
/// with a block of residuals, one column per fold, and the Gram matrices of working sets are made together (``FoldGrams``).
///
/// What it finds is handed to the losses as it is: a solve of each from there verifies it by the slopes that are known already, without a pass of its own.
/// Nothing rests on what is found here being right. A single problem gains as well, by working sets that begin with the slopes of the last solve.
package final class JointSolver<Element: Scalar> {
  private let features: any DesignMatrix<Element>
  private let losses: [QuadraticLoss<Element>]
  private let rows: [[Int]]
  private let grams: FoldGrams<Element>?
  /// n × K, zero off the rows of each fold, and p × K.
  private var residuals: Matrix<Element>
  private var slopes: Matrix<Element>
  private var slopesAreKnown = false
  /// Products with all of X so far, each with a block of one column per fold.
  package private(set) var passes = 0

  /// - Parameters:
  ///   - features: X, n × p, all rows.
  ///   - losses: one per fold.
  ///   - rows: of X that each fold is fitted to, in the order of its own design.
  ///   - parts: of dense folds that leave out one part each: that part, for every fold.
  package init(
    features: any DesignMatrix<Element>, losses: [QuadraticLoss<Element>], rows: [[Int]], parts: [Matrix<Element>]?
  ) {
    precondition(
      losses.count == rows.count && zip(losses, rows).allSatisfy { $0.sampleCount == $1.count },
      "JointSolver: \(losses.count) losses with the rows of \(rows.count) folds")
    (self.features, self.losses, self.rows) = (features, losses, rows)
    residuals = .zeros(features.rows, losses.count)
    slopes = .zeros(features.columns, losses.count)
    let isPlain = losses.allSatisfy { $0.hessian.weights == nil }
    let fitted = losses.compactMap { $0.features.hasDenseColumns ? $0.features.denseColumns : nil }
    if isPlain, features.hasDenseColumns, let parts, let whole = features.denseColumns, fitted.count == parts.count {
      grams = FoldGrams(
        whole: whole, heldOut: parts, fitted: fitted, grams: losses.map(\.hessian.growing),
        scales: losses.map { 1 / Element($0.sampleCount) })
    } else {
      grams = nil
    }
  }

  /// The columns whose products are kept, of all folds together and of each, in the order they came; nil where each keeps its own.
  package var keptColumns: (shared: [[Int]], own: [[[Int]]])? {
    get { grams.map { ($0.sharedBatches, $0.batches) } }
    set { if let newValue { grams?.restore(shared: newValue.shared, own: newValue.own) } }
  }

  /// Solutions at the parameters λ of the penalty and the ridge ρ, p entries each, or the starts where that is none of its problems.
  package func solutions<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, ridge ρ: Element, ridgeFactors: Vector<Element>?,
    from starts: [Vector<Element>?]
  ) -> [Vector<Element>?] {
    guard let penalty = penalty as? any WeightedL1Penalty<Element>, penalty.violation(parameters: λ) == nil else {
      return starts
    }
    var strengths = Vector<Element>.zeros(features.columns)
    let ofPenalty = penalty.fillStrengths(&strengths, parameters: λ)
    let factors = ρ == 0 ? nil : ridgeFactors
    let ridges = factors.map { factors in Vector(count: features.columns) { ofPenalty + ρ * factors[$0] } }
    guard WorkingSetSolver.violation(strengths: strengths, ridge: ofPenalty + ρ, ridges: ridges) == nil else {
      return starts
    }
    return solve(strengths, ofPenalty + ρ, ridges, starts)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func solve(
    _ strengths: Vector<Element>, _ ridge: Element, _ ridges: Vector<Element>?, _ starts: [Vector<Element>?]
  ) -> [Vector<Element>?] {
    // Targets that the solver takes in other units are left to it.
    let smallest = Element.leastNormalMagnitude.squareRoot().squareRoot()
    for loss in losses {
      let size = loss.targets.maxNorm
      if loss.targets.firstNonFinite != nil || !(size >= smallest && size <= 1 / smallest) { return starts }
    }
    grams?.restoreStep()
    let team = JointRuns(
      zip(losses, starts).map { JointRun(WorkingSetRun($0, strengths, ridge, ridges, $1)) })
    team.forEach { $0.begin() }
    guard refreshSlopes(team) else { return starts }
    for round in 0..<Self.roundLimit {
      let slopes = slopes
      team.forEach { $0.choose(slopes.column($1), isFirst: round == 0) }
      if team.runs.allSatisfy({ $0.isDone || $0.isRefused }) { break }
      guard growGram(team) else { return starts }
      team.forEach { $0.solve() }
      guard refreshSlopes(team) else { return starts }
    }
    for (k, member) in team.runs.enumerated() {
      member.run.giveBack()
      losses[k].hessian.knownSlopes = KnownSlopes(
        residuals: member.run.residuals, slopes: Vector(copying: slopes.column(k)), strengths: strengths, ridge: ridge,
        ridges: ridges, isSolved: member.isDone)
    }
    return team.runs.map { $0.isRefused ? nil : $0.run.w }
  }

  /// Working sets that have not settled by then are left to each fold.
  private static var roundLimit: Int { 12 }

  /// slopes ← XᵀR/n where the residuals are others than last time; false where they are no numbers.
  private func refreshSlopes(_ team: JointRuns<Element>) -> Bool {
    var hasChanged = !slopesAreKnown
    let (to, stride) = (residuals.mutableBase(), residuals.stride)
    for (k, member) in team.runs.enumerated() {
      let (from, count) = (member.run.residuals.base, rows[k].count)
      rows[k].withUnsafeBufferPointer { rows in
        for i in 0..<count {
          let place = rows[i] + k * stride
          if to[place] != from[i] {
            to[place] = from[i]
            hasChanged = true
          }
        }
      }
    }
    if !hasChanged { return true }
    // A comparison passes over what is no number.
    slopesAreKnown = false
    if team.runs.contains(where: { $0.run.residuals.firstNonFinite != nil }) { return false }
    if losses.count == 1 && rows[0].count == features.rows {
      var column = Vector<Element>.zeros(features.columns)
      features.multiplyTransposed(team.runs[0].run.residuals, alpha: 1, beta: 0, into: &column)
      slopes.setColumn(0, column)
    } else {
      features.multiplyTransposed(block: residuals, alpha: 1, into: &slopes)
    }
    for k in 0..<losses.count {
      Element._scal(slopes.rows, 1 / Element(rows[k].count), slopes.mutableBase() + k * slopes.stride)
    }
    slopesAreKnown = true
    passes += 1
    return true
  }

  /// Products on the next working sets; false where these are too many together.
  private func growGram(_ team: JointRuns<Element>) -> Bool {
    grams?.cover(
      team.runs.map { $0.isDone || $0.isRefused ? nil : $0.working }, limit: DesignHessian<Element>.gramLimit)
      ?? true
  }
}

/// Slopes Xᵀr/n at residuals r, and the problem whose solution these are where they are one's to rounding.
struct KnownSlopes<Element: Scalar> {
  let residuals: Vector<Element>
  let slopes: Vector<Element>
  let strengths: Vector<Element>
  let ridge: Element
  let ridges: Vector<Element>?
  let isSolved: Bool
}

/// One of the problems on its way.
final class JointRun<Element: Scalar> {
  var run: WorkingSetRun<QuadraticLoss<Element>>
  private(set) var working = IndexSubset(universe: 0)
  private var isComplete = true
  private(set) var isDone = false
  /// Whether features without a penalty have no unique minimizer.
  private(set) var isRefused = false

  init(_ run: WorkingSetRun<QuadraticLoss<Element>>) { self.run = run }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func begin() {
    run.small.factor.reset()
    isRefused = !run.chooseStart()
  }

  /// The next working set by the slopes of the present residuals; none where the problem is solved.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func choose(_ slopes: Vector<Element>, isFirst: Bool) {
    if isDone || isRefused { return }
    if isFirst, let chosen = run.strongSet(slopes) {
      (working, isComplete) = (chosen, true)
      return
    }
    run.takeSlopes(slopes)
    let (next, violators, isComplete) = run.chooseWorkingSet()
    if violators == 0 && run.isModelSolved && run.unpenalizedAreMet {
      isDone = true
      return
    }
    (working, self.isComplete) = (next, isComplete)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func solve() {
    if isDone || isRefused { return }
    // Of descent no more is asked than signs: Newton's steps find the digits.
    run.solveWorkingSet(working, gap: (run.lossValue + run.penalty()) / 1000, isComplete)
    run.refreshResiduals()
  }
}

/// All of them, each used by one task at a time.
struct JointRuns<Element: Scalar>: @unchecked Sendable {
  let runs: [JointRun<Element>]

  init(_ runs: [JointRun<Element>]) { self.runs = runs }

  func forEach(_ body: (JointRun<Element>) -> Void) { forEach { run, _ in body(run) } }

  func forEach(_ body: (JointRun<Element>, Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let shared = Body(body: body)
      Parallel.run(runs.count) { shared.body(runs[$0], $0) }
    }
  }

  private struct Body: @unchecked Sendable {
    let body: (JointRun<Element>, Int) -> Void
  }
}
