public import LinAlg

/// Strengths chosen under attack: an attack at some strengths, those tuned anew on what it has made of the training rows, an attack at these, and so on.
public struct Defence: Sendable {
  public var attack: Attack
  public var tuner: Tuner
  public var rounds: Int

  public init(_ attack: Attack, _ tuner: Tuner, rounds: Int) {
    precondition(rounds >= 1, "Defence: \(rounds) rounds")
    self.attack = attack
    self.tuner = tuner
    self.rounds = rounds
  }

  /// An attack at some strengths.
  public struct Round: Sendable {
    public var strengths: Vector<Double>
    /// The criterion before and after the attack; nil where the attack failed at once.
    public var clean: Double?
    public var attacked: Double?
    /// What strengths that were tuned on the attacked rows make of it, and those; nil after the last round, and where that failed.
    public var retuned: Double?
    public var next: Vector<Double>?
    public var log: Attack.Log

    /// An attack alone.
    public init(strengths: Vector<Double>, log: Attack.Log) {
      self.strengths = strengths
      self.log = log
      (clean, attacked) = (log.records.first?.value, log.worst?.value)
    }
  }

  /// - Parameters:
  ///   - strengths: of the first round.
  ///   - rows: m.
  ///   - attacked: the criterion of an attacker at strengths.
  ///   - tuned: the criterion of strengths where the training rows are what an attack's point makes of them, and where it is looked for.
  ///   - isCancelled: asked before every step and every evaluation.
  /// - Returns: the rounds; the strengths that do best under attack are those of the smallest `attacked`.
  public func run(
    from strengths: Vector<Double>, rows m: Int, attacked: (Vector<Double>) -> any Criterion,
    tuned: (Vector<Double>) -> (criterion: any Criterion, space: SearchSpace)?,
    isCancelled: @escaping () -> Bool = { false }, observe: (Round) throws -> Void = { _ in },
    step: (Attack.Record, Attack.Log) throws -> Void = { _, _ in }
  ) rethrows -> [Round] {
    var rounds: [Round] = []
    var λ = strengths
    for k in 0..<self.rounds {
      let log = try attack.run(attacked(λ), rows: m, isCancelled: isCancelled, observe: step)
      var round = Round(strengths: λ, log: log)
      if k + 1 < self.rounds, !log.best.isEmpty, !isCancelled(), let (criterion, space) = tuned(Vector(log.best)) {
        let found = tuner.tune(criterion, in: space.beginning(at: λ), isCancelled: isCancelled)
        (round.retuned, round.next) = (found.best?.value, found.parameters)
      }
      rounds.append(round)
      try observe(round)
      guard let next = round.next else { break }
      λ = next
    }
    return rounds
  }
}
