/// What a NaN or an infinity in the data asks of the outcome.
struct PoisonRule {
  enum Rule {
    /// It is not read, or an answer that ignores it is right.
    case judged
    case onlyFinite(String)
    case mustRefuse(String)
  }

  private let judge: Judge
  init(_ judge: Judge) { self.judge = judge }

  var rule: Rule {
    let (problem, plan) = (judge.problem, judge.plan)
    guard let poison = problem.poison else { return .judged }
    let what = "\(poison.value) in \(poison.place)"
    let isModel: Bool
    if case .penalized = problem.family { isModel = true } else { isModel = false }
    let isVouched = isModel && plan.strategy.isAID && problem.vouching == .truthfully
    // An infinite argument is cut off by a bend: a map with one may be finite and its derivative right.
    if !isModel, !poison.value.isNaN, [.features, .targets, .strengths].contains(poison.place) {
      return .onlyFinite(what)
    }
    // No step is differentiated: the answer is zero whatever the data.
    if case .iterations(let count) = plan.stopping, min(count, plan.truncation ?? count) == 0 {
      return .onlyFinite(what)
    }
    // What was vouched for is the caller's word; a general map's pieces then come from an argument that is a NaN.
    if !isModel, problem.vouching == .truthfully, plan.strategy.isAID, [.targets, .strengths].contains(poison.place) {
      return .onlyFinite(what)
    }
    switch poison.place {
    case .features:
      // A vouched state is differentiated from the support's columns alone.
      if isVouched, problem.state[poison.column % problem.stateCount] == 0 { return .judged }
      return .mustRefuse(what)
    case .targets:
      // A target whose row of features is empty meets nothing.
      if case .penalized(let data) = problem.family, problem.isSparse,
        data.X[poison.row % data.n].allSatisfy({ $0 == 0 })
      {
        return .judged
      }
      return isVouched ? .judged : .mustRefuse(what)
    case .strengths:
      // An infinite strength has the solution zero.
      return poison.value == .infinity && isModel ? .onlyFinite(what) : .mustRefuse(what)
    case .state: return plan.strategy == .workingSetSolver ? .judged : .mustRefuse(what)
    case .cotangent:
      guard plan.quantity == .vjp || (plan.quantity == .hypergradient && !isModel) else { return .judged }
      guard !plan.strategy.isITD || !judge.observation.isFixedIterations, let L = judge.system(), !L.isAmbiguous else {
        return .onlyFinite(what)
      }
      return L.support.contains(poison.row % problem.stateCount) ? .mustRefuse(what) : .judged
    case .directions:
      guard plan.quantity == .jvp else { return .judged }
      guard !plan.strategy.isITD || !judge.observation.isFixedIterations, let L = judge.system(), !L.isAmbiguous else {
        return .onlyFinite(what)
      }
      return L.sourceNorm(poison.row % problem.parameterCount) > 0 ? .mustRefuse(what) : .judged
    }
  }
}
