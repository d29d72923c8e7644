import Bilevel
import ImplicitDiff
import LinAlg
import Models
import RealModule
import TestSupport
import Testing

@Suite struct TunerTests {
  /// A grid of 400 points between the bounds finds no value that is lower by more than what lies between two of its points.
  @Test(arguments: [0, 1, 2, 3, 4] as [UInt64])
  func descentIsAtLeastAsLowAsAFineGrid(_ seed: UInt64) throws {
    let (criterion, space) = TestProblem(seed: seed).criterion(TestProblem.lasso)
    let found = Tuner().tune(criterion, in: space)
    let grid = Tuner(GridSearch(points: 400), limits: TuningLimits(evaluations: 400)).tune(criterion, in: space)
    let (value, best) = (try #require(found.best?.value), try #require(grid.best?.value))
    #expect(found.stop.isConverged, "\(found.stop)")
    #expect(grid.stop == .exhausted && grid.log.records.count == 400)
    #expect(value <= best * (1 + 1e-9), "\(value) against \(best)")
    #expect(found.log.records.count <= 60)
  }

  @Test(
    arguments: [any OuterOptimizer](
      arrayLiteral: LBFGS(), Newton(), GradientDescent(), Adam(), GridSearch(points: 4), RandomSearch(draws: 9)))
  func theBestSeenIsReturned(_ optimizer: any OuterOptimizer) throws {
    let (criterion, space) = TestProblem(seed: 5).criterion(TestProblem.elasticNet)
    let found = Tuner(optimizer, limits: TuningLimits(evaluations: 30)).tune(criterion, in: space)
    let values = found.log.records.compactMap(\.value)
    #expect(found.best?.value == values.min() && !values.isEmpty)
    for record in found.log.records {
      for k in 0..<2 { #expect((space.lower[k]...space.upper[k]).contains(record.parameters[k])) }
    }
  }

  /// Large enough for products to be kept from one solve to the next.
  @Test func aSearchThatKeepsProductsGoesOnBitForBit() {
    let problem = TestProblem(samples: 500, features: 300, seed: 9)
    let limits = TuningLimits(evaluations: 6)
    let (criterion, space) = problem.criterion(TestProblem.lasso)
    var logs: [TuningLog] = []
    let whole = Tuner(limits: limits).tune(criterion, in: space, observe: { logs.append($1.log) })
    #expect(!whole.log.warmStart[0].keptColumns.isEmpty)
    for log in logs {
      let (fresh, _) = problem.criterion(TestProblem.lasso)
      let resumed = Tuner(limits: limits).tune(fresh, in: space, resuming: log)
      #expect(resumed.log.records.map(\.value) == whole.log.records.map(\.value))
      #expect(resumed.log.warmStart == whole.log.warmStart)
    }
  }

  /// Whatever was evaluated before an interruption, the whole search gives the same bits. Seconds differ.
  @Test(
    arguments: [any OuterOptimizer](
      arrayLiteral: LBFGS(), Newton(), GradientDescent(), Adam(steps: 6), GridSearch(points: 3), RandomSearch(draws: 5))
  )
  func aSearchGoesOnBitForBit(_ optimizer: any OuterOptimizer) {
    let problem = TestProblem(seed: 6)
    let limits = TuningLimits(evaluations: 12)
    var logs: [TuningLog] = []
    let (criterion, space) = problem.criterion(TestProblem.elasticNet)
    let whole = Tuner(optimizer, limits: limits).tune(criterion, in: space, observe: { logs.append($1.log) })
    #expect(logs.count == whole.log.records.count)
    func bits(_ log: TuningLog) -> [TuningRecord] {
      log.records.map {
        var record = $0
        record.seconds = 0
        return record
      }
    }
    for log in logs {
      let (fresh, _) = problem.criterion(TestProblem.elasticNet)
      let resumed = Tuner(optimizer, limits: limits).tune(fresh, in: space, resuming: log)
      #expect(bits(resumed.log) == bits(whole.log), "after \(log.records.count) evaluations")
      #expect(resumed.log.warmStart == whole.log.warmStart && resumed.stop == whole.stop)
    }
  }

  @Test func anotherSearchIsNotTakenForItsOwn() {
    let (criterion, space) = TestProblem(seed: 6).criterion(TestProblem.lasso)
    let log = Tuner(limits: TuningLimits(evaluations: 3)).tune(criterion, in: space).log
    let other = Tuner(GridSearch(points: 5)).tune(criterion, in: space, resuming: log)
    guard case .failed(let reason) = other.stop else {
      Issue.record("\(other.stop)")
      return
    }
    #expect(reason.contains("another search"))
  }

  /// A start that selects nothing is brought nearer to the data.
  @Test func aStartWhereNothingIsSelectedIsMoved() throws {
    let (criterion, space) = TestProblem(seed: 7).criterion(TestProblem.lasso)
    let found = Tuner().tune(criterion, in: space.beginning(at: space.upper))
    #expect(found.log.records[0].selected == 0)
    #expect(found.stop.isConverged && (found.best?.selected ?? 0) > 0)
  }

  @Test func whereNothingDependsOnTheStrengthsTheSearchSaysSo() {
    let flat = ClosureCriterion(1) { _ in CriterionValue(value: 1, gradient: [0], selected: 0) }
    let space = SearchSpace(names: ["a"], lower: [0.1], upper: [10], start: [1])
    let found = Tuner().tune(flat, in: space)
    guard case .failed(let reason) = found.stop else {
      Issue.record("\(found.stop)")
      return
    }
    #expect(reason.contains("nothing is selected"))
  }

  /// Solves fail below the strength that selects nothing: the end says so, not that nothing is selected.
  @Test func aFailureBelowThePlaceWhereNothingIsSelectedIsTheReason() {
    let criterion = ClosureCriterion(1) { λ in
      if λ[0] == 1 { return CriterionValue(value: 1, gradient: [0], selected: 0) }
      let failure = ConvergenceFailure(method: "solver", iterations: 7, residual: nil, advice: "The end.")
      return CriterionValue(value: 2, gradient: [.nan], selected: 3, failure: failure)
    }
    let space = SearchSpace(names: ["lambda1"], lower: [1e-3], upper: [1], start: [0.1])
    let found = Tuner().tune(criterion, in: space)
    guard case .failed(let reason) = found.stop else {
      Issue.record("\(found.stop)")
      return
    }
    #expect(reason.contains("The end."))
  }

  /// f = ½ (log λ₁ − 1)² + λ₂ has its minimum at (e, lower bound), f = |log λ| its own at a kink.
  @Test func boundsAreNamedAndKinksAreMinima() throws {
    let space = SearchSpace(names: ["a", "b"], lower: [0.1, 0.5], upper: [10, 2], start: [1, 1])
    let smooth = ClosureCriterion(2) {
      let t = Double.log($0[0]) - 1
      return CriterionValue(value: t * t / 2 + $0[1], gradient: [t / $0[0], 1], selected: 1)
    }
    let found = Tuner(limits: TuningLimits(gradientReduction: 1e-9)).tune(smooth, in: space)
    let λ = try #require(found.parameters)
    // The gradient in the logarithm is log λ − 1, reduced to 1e-9 of a first one of √2.
    #expect(abs(λ[0] - .exp(1)) <= 1e-8 && λ[1] == 0.5)
    #expect(found.atBounds == ["b at its lower bound 0.5"])

    let line = SearchSpace(names: ["a"], lower: [0.01], upper: [100], start: [20])
    let kink = ClosureCriterion(1) {
      let t = Double.log($0[0])
      return CriterionValue(value: t.magnitude, gradient: [(t < 0 ? -1 : 1) / $0[0]], selected: 1)
    }
    let end = Tuner().tune(kink, in: line)
    let at = try #require(end.parameters)
    #expect(end.stop.isConverged && abs(Double.log(at[0])) < 1e-9)
    #expect(end.log.records.count < 80)
  }

  /// Values that cannot be had, NaN among them, are walked round.
  @Test func failuresAreNoMinima() throws {
    let holed = ClosureCriterion(1) {
      let t = Double.log($0[0])
      if t < 1 {
        return CriterionValue(
          value: .nan, gradient: [.nan], selected: 0,
          failure: ConvergenceFailure(method: "test", iterations: 0, residual: nil, advice: "a hole"))
      }
      return CriterionValue(value: t * t, gradient: [2 * t / $0[0]], selected: 1)
    }
    let space = SearchSpace(names: ["a"], lower: [0.01], upper: [100], start: [50])
    let found = Tuner().tune(holed, in: space)
    let λ = try #require(found.parameters)
    #expect(Double.log(λ[0]) >= 1 && Double.log(λ[0]) < 1.1, "\(λ), \(found.stop)")
  }

  /// Two valleys: descent from the start ends in the shallow one at λ = 1, drawn starts find the one at e³.
  @Test func severalStartsFindAnotherValley() throws {
    let valleys = ClosureCriterion(1) {
      let t = Double.log($0[0])
      let (a, b) = (t * t, (t - 3) * (t - 3) - 1)
      return CriterionValue(value: min(a, b), gradient: [(a < b ? 2 * t : 2 * (t - 3)) / $0[0]], selected: 1)
    }
    let space = SearchSpace(names: ["a"], lower: [1e-2], upper: [1e2], start: [0.5])
    let one = Tuner().tune(valleys, in: space)
    let shallow = try #require(one.parameters)
    #expect(abs(Double.log(shallow[0])) < 1e-3)
    let several = Tuner(MultiStart(starts: 6)).tune(valleys, in: space)
    let deep = try #require(several.parameters)
    #expect(abs(Double.log(deep[0]) - 3) < 1e-3)
    #expect(several.log.records.starts(with: one.log.records) { $0.value == $1.value })
    let limited = Tuner(MultiStart(starts: 6), limits: TuningLimits(evaluations: 3)).tune(valleys, in: space)
    #expect(limited.stop == .evaluations)
  }

  @Test func limitsEndASearch() {
    let (criterion, space) = TestProblem(seed: 8).criterion(TestProblem.lasso)
    let counted = Tuner(limits: TuningLimits(evaluations: 4)).tune(criterion, in: space)
    #expect(counted.stop == .evaluations && counted.log.records.count == 4 && counted.best != nil)
    let timed = Tuner(limits: TuningLimits(seconds: 0)).tune(criterion, in: space)
    #expect(timed.stop == .seconds && timed.best == nil)
    let cancelled = Tuner().tune(criterion, in: space, isCancelled: { true })
    #expect(cancelled.stop == .cancelled)
  }
}
