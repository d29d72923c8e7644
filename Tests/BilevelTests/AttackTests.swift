@testable import Bilevel
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// Attacks on training rows, and strengths chosen under them.
@Suite struct AttackTests {
  static let (n, p) = (40, 6)

  private static func draw(_ seed: UInt64, labels: Bool) -> (Matrix<Double>, Vector<Double>) {
    var stream = RandomStream(seed: seed)
    let X = Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { _, _ in stream.nextNormal() }
    let y = Vector<Double>(count: n) { X[$0, 0] - X[$0, 1] + 0.7 * stream.nextNormal() }
    return (X, labels ? Vector(count: n) { y[$0] > 0 ? 1 : -1 } : y)
  }

  private static let poisoned = [3, 8, 21, 39]

  private static func criterion<Loss: SmoothLoss<Double>>(
    _ loss: Loss.Type, flips: Bool, at λ: Vector<Double> = [0.02, 0.1]
  ) -> any Criterion {
    let ((X, y), (Z, v)) = (draw(1, labels: flips), draw(2, labels: flips))
    let f = PoisonedRegression<Loss>(features: X, targets: y, poisoned: poisoned, ridge: λ[1], flips: flips)
    let map = ProximalGradientMap(f, FixedParameters(L1Norm<Double>(), [λ[0]]))
    return ReducedObjective(map, HeldOutLoss<Loss>(features: DenseDesign(Z), targets: v), isConvex: true)
  }

  /// Central differences err by h² and by the rounding of solves over h.
  private func check(_ criterion: any Criterion, flips: Bool) {
    let m = Self.poisoned.count
    let point = Vector<Double>(count: criterion.parameterCount) {
      $0 < m * Self.p ? 0.2 * Double(($0 * 7) % 5 - 2) : 0.3 + 0.1 * Double($0 % 3)
    }
    let found = criterion.evaluate(at: point, bounding: false)
    #expect(found.failure == nil && criterion.parameterCount == m * (Self.p + (flips ? 1 : 0)))
    let h = 1e-5
    for k in stride(from: 0, to: point.count, by: 3) {
      var (up, down) = (Vector(copying: point), Vector(copying: point))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      #expect(
        abs(found.gradient[k] - difference) <= 1e-7 * found.value + 1e-5 * abs(difference),
        "\(k): \(found.gradient[k]), \(difference)")
    }
  }

  @Test func gradientsByShiftsAndSharesAreDifferences() {
    check(Self.criterion(QuadraticLoss<Double>.self, flips: false), flips: false)
    check(Self.criterion(LogisticLoss<Double>.self, flips: true), flips: true)
    check(Self.criterion(SquaredHingeLoss<Double>.self, flips: true), flips: true)
    check(Self.criterion(HuberLoss<Double>.self, flips: false), flips: false)
  }

  /// A share of 1 is the opposite label: the model of rows whose labels are turned over, fitted without any attack.
  @Test func wholeFlipsAreOtherLabels() throws {
    let (X, y) = Self.draw(1, labels: true)
    let (Z, v) = Self.draw(2, labels: true)
    let criterion = Self.criterion(LogisticLoss<Double>.self, flips: true)
    var point = Vector<Double>.zeros(criterion.parameterCount)
    for k in [1, 3] { point[Self.poisoned.count * Self.p + k] = 1 }
    var turned = Vector(copying: y)
    for k in [1, 3] { turned[Self.poisoned[k]] *= -1 }
    let map = ProximalGradientMap(
      LinearModel(LogisticLoss<Double>(features: DenseDesign(X), targets: turned), ridge: .fixed(0.1)), L1Norm<Double>()
    )
    let w = try map.solve(at: [0.02]).get()
    let exact = HeldOutLogisticLoss<Double>(features: DenseDesign(Z), targets: v).value(at: w, parameters: [])
    #expect(abs(criterion.evaluate(at: point, bounding: false).value - exact) <= 1e-10 * exact)
  }

  @Test(arguments: [AttackBudget.Norm.l2, .linf, .rows(2), .entries(5)])
  func attacksStayWithinTheirBudgets(_ norm: AttackBudget.Norm) throws {
    let budget = AttackBudget(norm, size: 0.5, flips: 1.5)
    let criterion = Self.criterion(LogisticLoss<Double>.self, flips: true)
    let log = try Attack(budget, steps: 8, features: Self.p).run(criterion, rows: Self.poisoned.count)
    #expect(log.records.count == 9 && log.records.allSatisfy { $0.failure == nil })
    let values = log.records.compactMap(\.value)
    #expect(log.worst!.value! > values[0] * 1.05 && log.worst!.value! == values.max()!)
    let point = Vector(log.best)
    let shifts = (0..<Self.poisoned.count).map { point[segment: $0 * Self.p..<($0 + 1) * Self.p] }
    let shares = point.dropFirst(Self.poisoned.count * Self.p)
    let slack = 1 + 16 * Double.ulpOfOne
    switch norm {
    case .l2: #expect(shifts.allSatisfy { $0.norm <= 0.5 * slack })
    case .linf: #expect(point.prefix(Self.poisoned.count * Self.p).allSatisfy { abs($0) <= 0.5 })
    case .rows(let count):
      #expect(shifts.allSatisfy { $0.norm <= 0.5 * slack } && shifts.count { $0.nonzeroCount > 0 } <= count)
    case .entries(let count):
      #expect(shifts.reduce(0) { $0 + $1.nonzeroCount } <= count && shifts.allSatisfy { $0.maxNorm <= 0.5 })
    }
    #expect(shares.allSatisfy { $0 >= 0 && $0 <= 1 } && shares.reduce(0, +) <= 1.5 * slack)
  }

  /// From any step on an attack goes on with the same numbers.
  @Test func anAttackGoesOnBitForBit() throws {
    let attack = Attack(AttackBudget(.linf, size: 0.3, flips: 1), steps: 6, features: Self.p)
    let whole = try attack.run(Self.criterion(LogisticLoss<Double>.self, flips: true), rows: Self.poisoned.count)
    var steps = 0
    let part = try attack.run(
      Self.criterion(LogisticLoss<Double>.self, flips: true), rows: Self.poisoned.count,
      isCancelled: {
        steps += 1
        return steps > 3
      })
    #expect(part.records.count == 3)
    let rest = try attack.run(
      Self.criterion(LogisticLoss<Double>.self, flips: true), rows: Self.poisoned.count, resuming: part)
    #expect(rest.records == whole.records && rest.point == whole.point && rest.best == whole.best)
  }

  /// The strengths that a defence names do at least as well under attack as those it began with.
  @Test func strengthsAreTunedUnderAttack() throws {
    let ((X, y), (Z, v)) = (Self.draw(1, labels: true), Self.draw(2, labels: true))
    let attack = Attack(AttackBudget(.l2, size: 2), steps: 6, features: Self.p)
    let rounds = try Defence(attack, Tuner(LBFGS()), rounds: 3).run(
      from: [1e-3, 1e-3], rows: Self.poisoned.count,
      attacked: { Self.criterion(LogisticLoss<Double>.self, flips: true, at: $0) },
      tuned: { point in
        let f = PoisonedRegression<LogisticLoss<Double>>(
          features: X, targets: y, poisoned: Self.poisoned, ridge: 0, flips: true)
        let rows = f.fittedRows(at: point)
        let model = RegressionModel(LogisticLoss<Double>.self, L1Norm<Double>(), ridge: .parameter)
        let map = model.map(features: DenseDesign(rows.features), targets: rows.targets, samples: rows.samples)
        return model.searchSpace(of: map, names: ["lambda1", "lambda2"]).map {
          (model.heldOutLoss(of: map, features: DenseDesign(Z), targets: v), $0)
        }
      })
    #expect(rounds.count == 3)
    // Tuned on the rows as the first attack left them, at the strengths it began with or better.
    #expect(rounds[0].retuned! <= rounds[0].attacked! * (1 + 1e-9))
    #expect(rounds[1].strengths == rounds[0].next! && rounds[2].next == nil)
  }

  /// The nearest point of {0 ≤ c ≤ 1, Σ c ≤ s}: c clipped, or clipped after a common shift by which the sum is s.
  @Test func sharesAreProjected() {
    var free: Vector<Double> = [0.2, -1, 0.3]
    AttackBudget(.l2, size: 1, flips: 2).project(shares: &free)
    #expect(free == [0.2, 0, 0.3])
    var bound: Vector<Double> = [3, 0.75, 0.5, -1]
    AttackBudget(.l2, size: 1, flips: 1.5).project(shares: &bound)
    // The first stays at 1; the shift 0.375 leaves 0.375 and 0.125.
    #expect(zip(bound, [1, 0.375, 0.125, 0]).allSatisfy { abs($0 - $1) <= 1e-15 })
  }
}
