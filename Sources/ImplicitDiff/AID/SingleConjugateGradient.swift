import LinAlg
import RealModule

/// Conjugate gradient on H_SS in single precision, refined by residuals of K = s H_SS in full precision: about as many products as
/// in full precision, each of which moves half the bytes, and the accuracy of the true residual.
///
/// A refinement asks single precision for `digits` of the residual at most; what it fails to give there, as with condition numbers
/// near 1/ulp, the next true residual shows, and the solve is given up.
final class SingleConjugateGradient<Element: Scalar> {
  /// How a solve ended; `solution` and the products are in the system and the report.
  enum End: Equatable {
    case solved
    /// At its present rate it would take more products than another method is worth.
    case tooSlow
    /// Single precision says nothing about this matrix.
    case failed
    case limit
  }

  private var residual = Vector<Float>.zeros(0)
  private var direction = Vector<Float>.zeros(0)
  private var image = Vector<Float>.zeros(0)
  private var estimate = Vector<Float>.zeros(0)

  /// What a refinement leaves: two digits above the rounding of single precision.
  private static var digits: Float { 1e-5 }
  /// What it leaves where it gets there within so many products. Then the condition number is below some twenty, by the rate of convergence, and what is
  /// left by rounding of this size; two refinements reach what took three, whose product in full precision costs as much as several here.
  private static var fewDigits: Float { 5e-7 }
  private static var fewProducts: Int { 32 }
  /// Products before the rate of convergence is judged, and between judgements.
  private static var trial: Int { 8 }

  /// system.solution ← the solution for system.rightHandSide, its residual at most `tolerance` times that in norm.
  ///
  /// - Parameters:
  ///   - worth: the products that what would be done instead costs.
  ///   - report: receives the iterations, the products in either precision and the residual's norm.
  func solve(
    _ system: SymmetricSystem<Element>, _ H: any LinearOperator<Float>, tolerance: Element, limit: Int, worth: Double,
    _ report: inout DerivativeReport<Element>
  ) -> End {
    let k = system.rows
    if residual.count != k {
      residual = .zeros(k)
      direction = .zeros(k)
      image = .zeros(k)
      estimate = .zeros(k)
    }
    let size = system.rightHandSide.norm
    system.solution.fill(0)
    report.residual = size
    if size == 0 { return .solved }
    if !size.isFinite { return .failed }
    let target = tolerance * size
    system.residual.copy(from: system.rightHandSide)
    var norm = size
    while norm > target {
      if report.iterations >= limit { return .limit }
      // The numbers pass through Float divided by their largest: none over- or underflows because of the size of b.
      let largest = system.residual.maxNorm
      system.correction.combine(1 / largest, system.residual, 0)
      system.correction.copy(toSingle: &residual)
      let enough = Float(target / norm) / 2
      let end = improve(
        H, max(Self.digits, enough), soon: max(Self.fewDigits, enough), limit, report: &report
      ) { reduction, done in
        // The rate so far, in logarithms, from the first residual on.
        let progress = -Double(Element.log(norm / size)) - Double(Float.log(reduction))
        let needed = -Double(Element.log(tolerance))
        return progress <= 0 || (needed - progress) / progress * Double(done) > worth
      }
      if end != .solved { return end }
      system.correction.copy(fromSingle: estimate)
      system.solution.add(largest / system.step, system.correction)
      system.apply(system.solution, into: &system.residual)
      system.residual.combine(1, system.rightHandSide, -1)
      report.products += 1
      let last = norm
      norm = system.residual.norm
      report.residual = norm
      if !(norm <= target || norm < last / 10) { return .failed }
    }
    return .solved
  }

  /// estimate ← a vector that leaves `wanted` of the residual, or `soon` where that comes within few products, by conjugate gradient from zero.
  private func improve(
    _ H: any LinearOperator<Float>, _ wanted: Float, soon: Float, _ limit: Int,
    report: inout DerivativeReport<Element>,
    isTooSlow: (_ reduction: Float, _ done: Int) -> Bool
  ) -> End {
    estimate.fill(0)
    direction.copy(from: residual)
    var square = residual.dot(residual)
    let first = square.squareRoot()
    let before = report.iterations
    while true {
      H.apply(direction, into: &image)
      report.products += 1
      report.iterations += 1
      let curvature = direction.dot(image)
      guard curvature > 0, curvature.isFinite else { return .failed }
      let length = square / curvature
      estimate.add(length, direction)
      residual.add(-length, image)
      let next = residual.dot(residual)
      guard next.isFinite else { return .failed }
      let reduction = next.squareRoot() / first
      if reduction <= soon || (reduction <= wanted && report.iterations - before >= Self.fewProducts) { return .solved }
      if report.iterations >= limit { return .limit }
      if report.iterations % Self.trial == 0, isTooSlow(reduction, report.iterations) { return .tooSlow }
      direction.combine(1, residual, next / square)
      square = next
    }
  }
}
