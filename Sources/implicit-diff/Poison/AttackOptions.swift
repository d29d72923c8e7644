import ArgumentParser
import Bilevel
import CommandSupport
import Datasets

/// The model that is attacked.
enum PoisonModel: String, CaseIterable, Codable, ExpressibleByArgument {
  case multinomial
  case logistic
  case squaredHinge = "squared-hinge"
  case leastSquares = "least-squares"
  case huber

  /// Whether targets are the labels of two classes, which can be flipped.
  var hasTwoClasses: Bool { self == .logistic || self == .squaredHinge }
}

/// What bounds the shifts.
enum PoisonNorm: String, CaseIterable, Codable, ExpressibleByArgument {
  case l2
  case linf
  case sparse
}

/// What an attacker may do beyond shifting rows of a multinomial model within Euclidean balls, and what is done against it.
struct AttackOptions: ParsableArguments {
  @Option(
    help:
      "What is attacked: \(PoisonModel.allCases.map(\.rawValue).joined(separator: ", ")); with a 1-norm and a ridge each."
  )
  var model = PoisonModel.multinomial
  @Option(
    help:
      "What --budget bounds: l2, the Euclidean norm of every row's shift; linf, every entry of it; sparse, the same with all but --rows rows or --entries entries left as they are."
  )
  var norm = PoisonNorm.l2
  @Option(parsing: .unconditional, help: "How many rows a sparse attack shifts at most, each by --budget in l2.")
  var rows: Int?
  @Option(parsing: .unconditional, help: "How many entries a sparse attack shifts at most, each by --budget.")
  var entries: Int?
  @Option(
    parsing: .unconditional,
    help:
      "How many labels are flipped at most, as a sum of shares between 0 and 1 of every poisoned row; of logistic and squared-hinge.",
    transform: Arguments.number)
  var flips: Double?
  @Option(
    parsing: .unconditional,
    help: "Tune both strengths on the attacked rows and attack again, so many attacks in all, at least 2.")
  var defend: Int?
  @Option(help: ArgumentHelp("Write how far the attack is after every step.", valueName: "FILE")) var checkpoint:
    String?
  @Flag(help: "Go on from --checkpoint where that file is there.") var resume = false
  @Option(help: ArgumentHelp("Write the report as JSON; - for standard output.", valueName: "FILE|-")) var json: String?

  /// Whether anything is asked for that the attack by Euclidean balls on a multinomial model does not have.
  var areUsed: Bool {
    model != .multinomial || norm != .l2 || flips != nil || defend != nil || checkpoint != nil || json != nil
  }

  func check() throws {
    try Arguments.refuseEmpty(["--checkpoint": checkpoint, "--json": json])
    guard norm == .sparse ? (rows == nil) != (entries == nil) : rows == nil && entries == nil else {
      throw ValidationError("--norm sparse needs one of --rows and --entries, and those go with it")
    }
    for (name, count) in [("--rows", rows), ("--entries", entries)] {
      if let count, count < 0 { throw ValidationError("\(name): \(count) is below 0") }
    }
    if let flips {
      guard flips >= 0, flips.isFinite else { throw ValidationError("--flips: \(flips) is not a number of at least 0") }
      guard model.hasTwoClasses else { throw ValidationError("--flips goes with --model logistic or squared-hinge") }
    }
    if let defend, defend < 2 { throw ValidationError("--defend: \(defend) is below 2") }
    guard !resume || checkpoint != nil else { throw ValidationError("--resume needs --checkpoint") }
    guard defend == nil || checkpoint == nil else {
      throw ValidationError("--checkpoint is that of one attack; leave out --defend")
    }
    if let checkpoint, let json, json != "-", OutputFile.isSame(checkpoint, json) {
      throw ValidationError("--checkpoint and --json name the same file")
    }
  }

  /// - Parameter size: `--budget`.
  func budget(_ size: Double) -> AttackBudget {
    let norm: AttackBudget.Norm =
      switch self.norm {
      case .l2: .l2
      case .linf: .linf
      case .sparse: rows.map { .rows($0) } ?? .entries(entries ?? 0)
      }
    return AttackBudget(norm, size: size, flips: flips ?? 0)
  }
}
