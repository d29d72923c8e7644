// Problems of many kinds differentiated, each beside the same numbers from elsewhere: closed forms, optimality conditions solved by a factorization, published values, or
// differences of problems solved anew. docs/Examples.md has a paragraph on each.
import Foundation

@main
struct Main {
  static let examples: [(name: String, run: @Sendable () throws -> [Comparison])] = [
    ("Nonnegative least squares", nonnegativeLeastSquares), ("Support vector machine", supportVectorMachine),
    ("Portfolio", portfolio), ("Total-variation denoising", denoising), ("SLOPE", sortedPenalty),
    ("Matrix completion", matrixCompletion), ("Deep-equilibrium network", deepEquilibrium), ("Duopoly", duopoly),
    ("Few-shot learning", metaLearning), ("Degrees of freedom", degreesOfFreedom), ("Linear program", linearProgram),
    ("jaxopt's custom_root", customRoot), ("jaxopt's custom_fixed_point", customFixedPoint),
  ]

  static func main() {
    var failures = 0
    print("  derivative                       method                 computed       independent       off  bound")
    for (name, run) in examples {
      print(name)
      do {
        for comparison in try run() {
          print(comparison.line)
          if !comparison.agrees { failures += 1 }
        }
      } catch {
        print("  failed: \(error)")
        failures += 1
      }
    }
    print(failures == 0 ? "All agree." : "\(failures) do not agree.")
    exit(failures == 0 ? 0 : 1)
  }
}
