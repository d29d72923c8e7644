import Bilevel
import CommandSupport
import Foundation

/// What `implicit-diff poison` reports of attacks through the outer loops. The JSON keys are stable.
struct AttackReport: Encodable {
  struct Round: Encodable {
    /// lambda1 and lambda2.
    var strengths: [Double]
    /// The validation loss without the attack, at its worst, and with strengths tuned on the attacked rows.
    var clean: Double?
    var attacked: Double?
    var retuned: Double?
    /// The step of the worst.
    var step: Int?
    var trace: [Attack.Record]
  }

  let version = 1
  var model: String
  var samples: Int
  var features: Int
  var poisoned: Int
  var norm: String
  var budget: Double
  var flips: Double?
  var rounds: [Round]
  /// The round of the smallest loss under attack, from 0.
  var best: Int
  var seconds: Double

  init(_ command: PoisonCommand, _ problem: AttackProblem, _ rounds: [Defence.Round], seconds: Double) {
    model = command.attack.model.rawValue
    samples = problem.samples
    features = problem.features
    poisoned = problem.poisoned.count
    norm = command.attack.norm.rawValue
    budget = command.budget
    flips = command.attack.flips
    self.rounds = rounds.map { round in
      Round(
        strengths: Array(round.strengths), clean: round.clean, attacked: round.attacked, retuned: round.retuned,
        step: round.log.worst?.step, trace: round.log.records)
    }
    best = rounds.indices.reduce(0) { best, k in
      (rounds[k].attacked ?? .infinity) < (rounds[best].attacked ?? .infinity) ? k : best
    }
    self.seconds = seconds
  }

  var summary: String {
    let round = rounds[best]
    let worst = "validation loss \(round.attacked.map { String(format: "%.6f", $0) } ?? "–")"
    guard rounds.count > 1 else { return "the worst is step \(round.step ?? 0), \(worst)" }
    return """
      the strengths that do best under attack are those of round \(best): lambda1 \(round.strengths[0]), lambda2 \(round.strengths[1])
      \(worst) at its worst, \(round.clean.map { String(format: "%.6f", $0) } ?? "–") without attack
      """
  }
}

/// An attack step by step, at most 80 columns wide.
enum AttackTable {
  static func header(hasAccuracy: Bool) -> String {
    let names = [
      ("step", 4), ("validation loss", 16), ("accuracy", 9), ("largest shift", 14), ("rows", 6), ("entries", 8),
      ("flips", 8), ("support", 8),
    ]
    return names.filter { hasAccuracy || $0.0 != "accuracy" }.map { padded($0.0, $0.1) }.joined(separator: " ")
  }

  static func row(_ record: Attack.Record, _ accuracy: Double?, hasAccuracy: Bool) -> String {
    var cells = [padded("\(record.step)", 4), padded(number(record.value, 6), 16)]
    if hasAccuracy { cells.append(padded(accuracy.map { String(format: "%.2f %%", 100 * $0) } ?? "–", 9)) }
    cells += [
      padded(number(record.largestShift, 4), 14), padded("\(record.shiftedRows)", 6),
      padded("\(record.shiftedEntries)", 8), padded(number(record.flips, 2), 8), padded("\(record.selected)", 8),
    ]
    return cells.joined(separator: " ")
  }

  /// Between two attacks.
  static func summary(of round: Defence.Round) -> String {
    let strengths = "lambda1 \(Format.number(round.strengths[0])), lambda2 \(Format.number(round.strengths[1]))"
    let next =
      round.next.map {
        "; tuned on the attacked rows \(number(round.retuned, 6)) at lambda1 \(Format.number($0[0])), lambda2 \(Format.number($0[1]))"
      } ?? ""
    return "\(strengths): clean \(number(round.clean, 6)), attacked \(number(round.attacked, 6))\(next)\n"
  }

  /// Large ones by their exponent: six decimals of 1e9 would break the column.
  private static func number(_ x: Double?, _ decimals: Int) -> String {
    guard let x else { return "–" }
    return x.magnitude < 1e4 ? String(format: "%.\(decimals)f", x) : String(format: "%.3e", x)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
