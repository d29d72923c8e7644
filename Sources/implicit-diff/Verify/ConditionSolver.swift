import ImplicitDiff
import LinAlg
import Models

/// The inner problem by its optimality conditions: Newton's method on the equations of a support with signs, factored by LU, between which steps of the
/// proximal-gradient iteration find another support. No code is shared with working sets, with AID or with ITD but the products with the data.
struct ConditionSolver<Loss: SmoothLoss<Double>> {
  let map: PenalizedMap<Loss>
  /// Which strength a feature has.
  let place: (Int) -> Int

  /// A point that meets the conditions, with the factored Hessian on its support.
  struct Solved {
    var w: Vector<Double>
    var λ: Vector<Double>
    var support: [Int]
    /// −1 or 1, by the order of the support; 0 of an entry that is 0 without a strength.
    var signs: [Double]
    var factor: LU<Double>
    /// ‖H_SS⁻¹‖₁, estimated, which no other norm of a symmetric matrix exceeds; and its product with ‖H_SS‖₁.
    var inverseNorm: Double
    var condition: Double
    /// ∇f(w).
    var gradient: Vector<Double>
    /// How far w can be off: the equations' residual and rounding, through the inverse.
    var error: Double
  }

  enum Failure: Error {
    case supportTooLarge(Int)
    case singular
    case notFound
  }

  /// Dense factorizations up to here.
  static var largestSupport: Int { 6000 }

  /// Rounding errors of sums of n and p terms, relative.
  var roundoff: Double { 4 * Double(map.smooth.loss.sampleCount + map.stateCount) * .ulpOfOne }

  func solve(at λ: Vector<Double>, from start: Vector<Double>? = nil) throws(Failure) -> Solved {
    var w = start.map { Vector(copying: $0) } ?? .zeros(map.stateCount)
    var failure = Failure.notFound
    var tolerance = 1e-2
    for round in 0..<12 {
      if start != nil || round > 0 {
        do throws(Failure) { if let found = try polished(w, λ) { return found } } catch { failure = error }
      }
      w =
        FixedPointSolver<Double>(
          stopping: .tolerance(tolerance, limit: 100_000), acceleration: .anderson(memory: 5)
        ).solve(map, parameters: λ, from: w).estimate
      if w.firstNonFinite != nil { throw .notFound }
      tolerance /= 10
    }
    throw failure
  }

  /// From nothing, and where that finds nothing from a point that was given: whatever the start, the end meets the conditions.
  func solve(at λ: Vector<Double>, orFrom given: Vector<Double>?) throws(Failure) -> Solved {
    do throws(Failure) { return try solve(at: λ) } catch {
      guard let given else { throw error }
      return try solve(at: λ, from: given)
    }
  }

  /// Newton's method on the support and signs of a point; nil where it leaves them, or another feature would enter.
  private func polished(_ start: Vector<Double>, _ λ: Vector<Double>) throws(Failure) -> Solved? {
    var w = Vector(copying: start)
    let support = (0..<w.count).filter { w[$0] != 0 || λ[place($0)] == 0 }
    guard support.count <= Self.largestSupport else { throw .supportTooLarge(support.count) }
    let strengths = Vector(count: support.count) { λ[place(support[$0])] }
    var signs = support.map { w[$0] < 0 ? -1.0 : w[$0] > 0 ? 1 : 0 }
    let S = IndexSubset(support, universe: w.count)
    let ofSmooth: Vector<Double> = [λ[λ.count - 1]]
    let hessian = map.smooth.makeHessian()
    var gradient = Vector<Double>.zeros(w.count)
    var last = Double.infinity
    for _ in 0..<60 {
      map.smooth.linearize(at: w, parameters: ofSmooth, into: hessian, gradient: &gradient)
      var H = Matrix<Double>.zeros(support.count, support.count)
      hessian.assemble(on: S, into: &H)
      let norm = (0..<H.columns).map { H.column($0).oneNorm }.max() ?? 0
      guard let factor = try? LU(H) else { throw .singular }
      let condition = support.isEmpty ? 1 : 1 / factor.reciprocalCondition
      guard condition * roundoff < 1 else { throw .singular }
      let residual = Vector(count: support.count) { -(gradient[support[$0]] + strengths[$0] * signs[$0]) }
      var step = Vector(copying: residual)
      factor.solve(&step)
      let size = step.norm
      let settled = roundoff * condition * w.norm
      if !size.isFinite || (size >= last / 2 && size > settled) { return nil }
      if size <= settled && size >= last / 2 || size == 0 {
        guard isOptimal(w, λ, gradient, support: support) else { return nil }
        let inverseNorm = norm == 0 ? 0 : condition / norm
        return Solved(
          w: w, λ: λ, support: support, signs: signs, factor: factor, inverseNorm: inverseNorm, condition: condition,
          gradient: gradient, error: inverseNorm * residual.norm + settled)
      }
      last = size
      for (k, j) in support.enumerated() {
        w[j] += step[k]
        if strengths[k] > 0 {
          if w[j] * signs[k] <= 0 { return nil }
        } else {
          // Without a strength any sign goes; it is that of growing strengths.
          signs[k] = w[j] < 0 ? -1 : w[j] > 0 ? 1 : 0
        }
      }
    }
    return nil
  }

  /// That no feature off the support would enter.
  private func isOptimal(_ w: Vector<Double>, _ λ: Vector<Double>, _ gradient: Vector<Double>, support: [Int]) -> Bool {
    let rounding = roundoff * map.smooth.gradientMagnitude(at: w, parameters: [λ[λ.count - 1]])
    var isInside = Array(repeating: false, count: w.count)
    for j in support { isInside[j] = true }
    return (0..<w.count).allSatisfy { isInside[$0] || gradient[$0].magnitude <= λ[place($0)] + rounding }
  }

  /// The largest distance of 0 from an entry of the subdifferential at any w, and the rounding error of it.
  func violation(of w: Vector<Double>, at λ: Vector<Double>) -> (size: Double, rounding: Double) {
    var gradient = Vector<Double>.zeros(w.count)
    map.smooth.gradient(at: w, parameters: [λ[λ.count - 1]], into: &gradient)
    var size = 0.0
    for j in 0..<w.count {
      let (g, t) = (gradient[j], λ[place(j)])
      size = max(size, w[j] == 0 ? max(0, g.magnitude - t) : (g + (w[j] > 0 ? t : -t)).magnitude)
    }
    return (size, roundoff * map.smooth.gradientMagnitude(at: w, parameters: [λ[λ.count - 1]]))
  }
}
