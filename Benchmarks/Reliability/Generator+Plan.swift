import RandomStreams

extension Generator {
  /// What is asked of which strategy; the first thing drawn, so that it is known without drawing the problem.
  mutating func drawPlan() -> Plan {
    let strategy = random.pick(Strategy.allCases)
    var plan = Plan(strategy: strategy, quantity: .vjp)
    plan.seed = random.next()
    plan.memory = random.index(1, 5)
    plan.keepsAllIterates = random.chance(0.5)
    plan.warmStarts = random.chance(0.2)
    plan.usesWholeBatches = random.chance(0.5)
    plan.decreases = random.chance(0.3)
    plan.step = random.pick([0.05, 0.3, 1])
    plan.steps = random.index(1, 200)
    plan.batchSize = random.index(1, 3)
    if strategy.isSolver {
      plan.quantity = .solution
    } else if strategy == .itdReverse || strategy.isStochastic {
      plan.quantity = random.pick([.vjp, .vjp, .hypergradient])
    } else {
      plan.quantity = random.pick([.vjp, .vjp, .jvp, .jacobian, .hypergradient])
    }
    let kind = random.nextUniform()
    if kind < 0.2 {
      plan.stopping = .tolerance(random.decade(-9, -1))
    } else if kind < 0.4 {
      plan.stopping = .iterations(random.index(0, 30))
      if strategy == .itdReverse && random.chance(0.3) { plan.truncation = random.index(0, 10) }
    }
    return plan
  }
}
