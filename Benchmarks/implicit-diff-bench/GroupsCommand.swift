import ArgumentParser
import CommandSupport
import Datasets
import LinAlg
import Models
import NonsmoothMaps

struct GroupsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "groups",
    abstract: "A group lasso on a case folder at one strength: the time of the solve, data in memory.")

  @Argument(help: "A folder with X_train.npy and its kind.") var directory: String
  @Option(help: "Features in a group.") var size = 5
  @Option(help: "Strength as a fraction of the least one with the zero solution.") var strength = 0.1
  @Option(help: "Solves, of which the fastest counts.") var repeats = 5

  func run() throws {
    let data = try HeldOutData<Double>(directory: directory)
    let loss = QuadraticLoss(features: data.trainFeatures, targets: data.trainTargets)
    let groups = Groups(count: loss.featureCount, size: size)
    let penalty = GroupLasso<Double>(groups)
    var slope = Vector<Double>.zeros(loss.featureCount)
    loss.gradient(at: slope, into: &slope)
    let unit = penalty.makeBlocks(count: loss.featureCount, parameters: [1])
    let largest = (0..<groups.count).map { b in
      unit.dualNorm(block: b, of: Vector(count: groups.size(b)) { slope[groups.coordinate(b, $0)] }) ?? 0
    }.max()!
    let λ: Vector<Double> = [strength * largest, 0]
    for _ in 0..<repeats {
      // A loss of its own for each: what one solve learns about X does not serve the next.
      let fresh = QuadraticLoss(features: loss.features, targets: loss.targets)
      let clock = ContinuousClock.now
      let solution = BlockWorkingSetSolver<Double>().solve(fresh, penalty, parameters: λ)
      let elapsed = ContinuousClock.now - clock
      print(
        "\(elapsed): \(solution.outcome), strength \(λ[0]), \(solution.estimate.nonzeroCount) features, objective \(solution.objective), gap \(solution.dualityGap ?? .nan), violation \(solution.violation), passes \(solution.passes), epochs \(solution.epochs), Newton steps \(solution.newtonSteps), working set \(solution.largestWorkingSet), screened \(solution.screened)"
      )
    }
  }
}
