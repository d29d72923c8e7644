import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Testing
import Tracing

/// What a traced function says of the rounding errors and the change of its derivatives, held against the truth.
@Suite struct FunctionBoundTests {
  /// The draws of a seed: w is zero off S.
  struct Draw {
    let X: Matrix<Float>
    let y: Vector<Float>
    let S: IndexSubset
    let w: Vector<Float>
    let λ: Vector<Float>
    var random: RandomStream

    init(_ seed: UInt64) {
      var random = RandomStream(seed: seed)
      X = Matrix(rows: 7, columns: 5) { _, _ in Float(random.nextNormal()) }
      y = Vector(count: 7) { _ in Float(random.nextNormal()) }
      S = IndexSubset(seed % 3 == 0 ? [0, 1, 2, 3, 4] : seed % 3 == 1 ? [0, 2, 4] : [1, 4], universe: 5)
      var w = Vector<Float>.zeros(5)
      for k in 0..<S.count { w[S[k]] = Float(random.nextNormal()) / 2 }
      self.w = w
      λ = Vector(count: 3) { _ in Float(0.3 + random.nextUniform()) }
      self.random = random
    }
  }

  private func wide(_ x: Vector<Float>) -> Vector<Double> { Vector(count: x.count) { Double(x[$0]) } }

  /// ∇f, H_SS and ∂_λ∇f at a point.
  private struct Derivatives {
    var gradient: Vector<Double>
    var hessian: Matrix<Double>
    var mixed: Matrix<Double>

    init<E: Scalar>(_ f: TracedFunction<E>, _ w: Vector<E>, _ λ: Vector<E>, _ S: IndexSubset) {
      let H = f.makeHessian()
      var g = Vector<E>.zeros(w.count)
      f.linearize(at: w, parameters: λ, into: H, gradient: &g)
      var M = Matrix<E>.zeros(S.count, S.count)
      H.assemble(on: S, into: &M)
      gradient = Vector(count: g.count) { Double(g[$0]) }
      hessian = Matrix(rows: S.count, columns: S.count) { Double(M[$0, $1]) }
      var columns: [Vector<E>] = []
      for k in 0..<λ.count {
        var column = Vector<E>.zeros(w.count)
        let μ = Vector<E>(count: λ.count) { $0 == k ? 1 : 0 }
        f.addMixedDerivative(μ, at: w, parameters: λ, hessian: H, scale: 1, to: &column)
        columns.append(column)
      }
      mixed = Matrix(rows: w.count, columns: λ.count) { Double(columns[$1][$0]) }
    }
  }

  /// Computed in single precision, the truth in double: its own error is a 2⁻²⁹ of what is bounded.
  @Test(arguments: BoundedWords<Double>.names)
  func roundingIsWithinTheBound(_ name: String) throws {
    var bounded = 0
    for seed in UInt64(0)..<40 {
      let draw = Draw(seed)
      let f = try BoundedWords<Float>(draw.X, draw.y).function(name)
      let exact = try BoundedWords<Double>(draw.X, draw.y).function(name)
      let bound = f.roundedGradient(at: draw.w, parameters: draw.λ, active: draw.S)
      let got = Derivatives(f, draw.w, draw.λ, draw.S)
      let truth = Derivatives(exact, wide(draw.w), wide(draw.λ), draw.S)
      if bound.entryError.isFinite && bound.errorPerWeight.isFinite { bounded += 1 }
      for j in 0..<5 {
        let room =
          Double(bound.weights[j] * bound.errorPerWeight + bound.entryError)
          + 4 * Double(Float.ulpOfOne) * abs(got.gradient[j])
        #expect(
          bound.weights[j] == .infinity || abs(Double(bound.values[j]) - truth.gradient[j]) <= room,
          "gradient \(j) of \(name), seed \(seed)")
        // Two roundings of one number: sums may be taken in another order.
        #expect(bound.weights[j] == .infinity || abs(Double(bound.values[j]) - got.gradient[j]) <= 2 * room)
      }
      for j in 0..<draw.S.count {
        var column = got.hessian.column(j)
        column.add(-1, truth.hessian.column(j))
        #expect(column.norm <= Double(bound.hessianRounding), "Hessian of \(name), seed \(seed)")
      }
      for k in 0..<3 {
        let error = (0..<draw.S.count).map { got.mixed[draw.S[$0], k] - truth.mixed[draw.S[$0], k] }
        #expect(
          Vector(error).norm <= Double(bound.mixedDerivativeRounding), "mixed derivative of \(name), seed \(seed)")
      }
    }
    // At the point itself hardly anything is without a bound.
    #expect(bounded >= 36, "\(name): \(bounded) of 40 gradients with a bound")
  }

  /// Between w and points of the ball, in double: a thousand ulps of the terms are the differences' own rounding.
  @Test(arguments: BoundedWords<Double>.names)
  func changesAreWithinTheBound(_ name: String) throws {
    var bounded = 0
    for seed in UInt64(0)..<30 {
      var draw = Draw(seed)
      let (w, λ, S) = (wide(draw.w), wide(draw.λ), draw.S)
      let f = try BoundedWords<Double>(draw.X, draw.y).function(name)
      let bound = f.roundedGradient(at: w, parameters: λ, active: S)
      guard bound.hessianLipschitzConstant.isFinite else {
        #expect(f.boundObstacle(at: w, parameters: λ, active: S) != nil)
        continue
      }
      bounded += 1
      let here = Derivatives(f, w, λ, S)
      let reach = min(bound.radius, 3)
      for trial in 0..<12 {
        var other = w
        for k in 0..<S.count { other[S[k]] += draw.random.nextNormal() }
        let size = reach * (trial < 6 ? 0.999 : pow(10, -Double(trial - 5)))
        var δ = other - w
        δ.scale(by: size / δ.norm)
        other = w + δ
        let there = Derivatives(f, other, λ, S)
        let (e, noise) = (δ.norm, 1e3 * Double.ulpOfOne)
        var change = there.gradient
        change.add(-1, here.gradient)
        let root = max(0, change.dot(δ)).squareRoot()
        for j in 0..<5 {
          let own = noise * (1 + abs(here.gradient[j]) + abs(there.gradient[j]))
          #expect(abs(change[j]) <= bound.weights[j] * bound.slope * e + own, "\(name), seed \(seed): slope of \(j)")
          #expect(
            bound.changePerRoot == .infinity
              || abs(change[j]) <= bound.weights[j] * bound.changePerRoot * root + own.squareRoot() * 1e-3 + own,
            "\(name), seed \(seed): change of \(j)")
        }
        // ‖A z‖ ≤ ‖A‖ for some unit vectors z, and the Rayleigh quotient of δ.
        for j in 0..<S.count {
          var column = there.hessian.column(j)
          column.add(-1, here.hessian.column(j))
          #expect(
            column.norm <= bound.hessianLipschitzConstant * e + noise * (1 + there.hessian.frobeniusNorm),
            "\(name), seed \(seed): Hessian, \(column.norm) for \(bound.hessianLipschitzConstant * e)")
        }
        for k in 0..<3 {
          let column = (0..<S.count).map { there.mixed[S[$0], k] - here.mixed[S[$0], k] }
          #expect(
            Vector(column).norm <= bound.mixedDerivativeLipschitzConstant * e + noise * (1 + there.mixed.frobeniusNorm),
            "\(name), seed \(seed): mixed derivative")
        }
        if bound.strongConvexity > 0 {
          #expect(change.dot(δ) >= bound.strongConvexity * e * e - noise * (1 + change.norm) * e, "\(name): modulus")
        }
      }
    }
    let mayJump = ["huber", "squared hinge", "maxima", "thresholds", "select"].contains(name)
    #expect(bounded >= (mayJump ? 15 : 30), "\(name): \(bounded) of 30 with a bound")
  }
}
