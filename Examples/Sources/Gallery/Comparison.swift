import Foundation
import ImplicitDiff
import LinAlg
import RandomStreams

/// A derivative beside the same numbers from elsewhere: one line of the table.
struct Comparison {
  /// What was differentiated with respect to what, for example `∂E/∂C`.
  let quantity: String
  /// What computed it, for example `aid-direct`.
  let method: String
  let value: Vector<Double>
  /// The same, by other means.
  let independent: Vector<Double>
  /// How far apart the two may be, in the Euclidean norm.
  let tolerance: Double
  /// The package's own bound on the error of `value`; nil where none was asked for.
  let bound: Double?

  init(
    _ quantity: String, _ method: String, _ value: Vector<Double>, is independent: Vector<Double>,
    within tolerance: Double,
    bound: Double? = nil
  ) {
    self.quantity = quantity
    self.method = method
    self.value = value
    self.independent = independent
    self.tolerance = tolerance
    self.bound = bound
  }

  init(
    _ quantity: String, _ derivative: Derivative<Vector<Double>, Double>, is independent: Vector<Double>,
    within tolerance: Double
  ) throws {
    self.init(quantity, derivative.report.method, try derivative.get(), is: independent, within: tolerance)
  }

  init(
    _ quantity: String, _ derivative: BoundedHypergradient<Double>, is independent: Vector<Double>,
    within tolerance: Double
  ) throws {
    let (value, bound) = try derivative.get()
    self.init(quantity, derivative.report.method, value, is: independent, within: tolerance, bound: bound)
  }

  var difference: Double { value.distance(to: independent) }

  /// The bound is on the error of `value` alone; the independent numbers have one of their own, at most the tolerance.
  var agrees: Bool { difference <= tolerance && difference <= (bound ?? 0) + tolerance }

  /// Vectors by their norm and count.
  var line: String {
    func pad(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    func number(_ x: Vector<Double>) -> String { String(format: "%18.12g", x.count == 1 ? x[0] : x.norm) }
    let name = value.count == 1 ? quantity : "‖\(quantity)‖, \(value.count) entries"
    let off = String(format: "%8.1e", difference)
    return "  " + pad(name, 33) + pad(method, 13) + number(value) + number(independent) + "  " + off + "  "
      + (bound.map { String(format: "%7.1e", $0) } ?? "–") + (agrees ? "" : "  DISAGREES (allowed \(tolerance))")
  }
}

/// How far apart two solutions of a linear system may be, relative to them: AID's iterative solvers and ITD stop at ε^{3/4}, and the reciprocal condition number
/// r of the system says by how much that may grow in the solution. The factor 2 is for the products with data before and after.
func relativeTolerance(reciprocalCondition r: Double) -> Double { 2 * pow(Double.ulpOfOne, 0.75) / r }

/// What was taken for granted does not hold.
struct Unexpected: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

func require(_ condition: Bool, _ text: String) throws { if !condition { throw Unexpected(text: text) } }

extension RandomStream {
  mutating func vector(_ n: Int) -> Vector<Double> { Vector(count: n) { _ in nextNormal() } }
  mutating func matrix(_ n: Int, _ p: Int) -> Matrix<Double> { Matrix(rows: n, columns: p) { _, _ in nextNormal() } }
}
