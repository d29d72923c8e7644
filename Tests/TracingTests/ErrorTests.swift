import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// What is thrown, and what is printed.
@Suite struct ErrorTests {
  static let X = FunctionTests.matrix(7, 5, 1)

  private func refusal(
    _ f: (Traced<Double>, Traced<Double>) throws -> Traced<Double>
  ) -> TracingError? {
    do {
      _ = try TracedFunction<Double>(state: 5, parameters: 2, f)
      return nil
    } catch { return error as? TracingError }
  }

  @Test func shapesAreNamedWithThePlace() throws {
    let X = Self.X
    let added = try #require(refusal { w, λ in norm2(w + λ) })
    #expect(added.reason == "a vector of 5 and a vector of 2" && added.operation == "w + λ")
    #expect(added.place.hasPrefix("TracingTests/ErrorTests.swift:"))
    let product = try #require(refusal { w, λ in norm2(X * λ) })
    #expect(product.reason == "a 7 × 5 matrix and a vector of 2" && product.operation == "matrix * λ")
    let line = #line + 1
    let inner = try #require(refusal { w, λ in dot(w, λ) })
    #expect(inner.place == "TracingTests/ErrorTests.swift:\(line)" && inner.reason == "a vector of 5 and a vector of 2")
    #expect(try #require(refusal { w, λ in λ[2] * norm2(w) }).description.contains("λ[2]: entry 2 of a vector of 2"))
    #expect(try #require(refusal { w, _ in w }).reason.contains("a number, and this is a vector of 5"))
    #expect(refusal { w, λ in λ[1] * norm2(w) } == nil)
    let nonsmooth = refusal { w, λ in sum(proximal(L1Norm<Double>(), step: 1, parameters: λ[0], w)) }
    #expect(try #require(nonsmooth).reason.contains("TracedMap"))
    #expect(throws: TracingError.self) { try TracedMap<Double>(state: 5, parameters: 1) { w, λ in w[segment: 0..<4] } }
    #expect(throws: TracingError.self) {
      try TracedMap<Double>(state: 5, parameters: 1) { w, λ in
        proximal(Simplex<Double>(), step: 1, parameters: concatenate([λ, λ]), w)
      }
    }
    #expect(throws: TracingError.self) {
      try TracedMap<Double>(state: 5, parameters: 1) { w, λ in softThreshold(w, by: X * w) }
    }
    #expect(throws: TracingError.self) {
      try TracedMap<Double>(state: 5, parameters: 1) { w, λ in w.reshaped(2, 3).flattened }
    }
  }

  @Test func closuresThatDifferBetweenRunsAreRefused() throws {
    var calls = 0
    let counted = try #require(
      refusal { w, λ in
        calls += 1
        return calls > 1 ? norm2(w) : sum(w)
      })
    #expect(counted.reason.contains("the same each time"))
    var draws = 0.0
    let drawn = try #require(
      refusal { w, λ in
        draws += 1
        return dot(w, Vector(count: 5) { Double($0) + draws })
      })
    #expect(drawn.reason.contains("constant of 5 entries"))
    let indexed = try #require(
      refusal { w, λ in
        draws += 1
        return sum(w.rows([Int(draws) % 5]))
      })
    #expect(indexed.reason.contains("indices differ"))
    let designed = try #require(
      refusal { w, λ in
        draws += 1
        return norm2(Matrix(rows: 3, columns: 5) { Double($0 + $1) + draws } * w)
      })
    #expect(designed.reason.contains("design of 3 × 5 differs"))
    #expect(refusal { w, λ in norm2(Matrix(rows: 3, columns: 5) { Double($0 + $1) } * w) } == nil)
    // Constants that are made anew but equal are the same closure.
    #expect(refusal { w, λ in dot(w, Vector(count: 5) { Double($0) }) } == nil)
    // An operand from another closure.
    var kept: Traced<Double>?
    _ = try TracedFunction<Double>(state: 5, parameters: 2) { w, λ in
      kept = w
      return norm2(w)
    }
    let foreign = try #require(kept)
    #expect(refusal { w, λ in norm2(w - foreign) } != nil)
    #expect(refusal { w, λ in norm2(foreign) } != nil)
  }

  @Test func printingShowsShapesAndStructure() throws {
    let X = Self.X
    let y = FunctionTests.vector(7, 2)
    var shown = ""
    let map = try TracedMap<Double>(state: 5, parameters: 2) { w, λ in
      shown = "\(X * w - y)"
      return softThreshold(w - 0.1 * (X.transposed * (X * w - y) + λ[1] * w), by: λ[0] * 0.1)
    }
    #expect(shown == "vector of 7: (X0(7 × 5) · w - constant0)")
    let text = "\(map)"
    for part in [
      "w of vector of 5, λ of vector of 2", "X0(7 × 5)ᵀ · ", "35 multiplications", "softThreshold(",
      "D of softThreshold, H = c Xᵀ X (7 rows) + ρ I, symmetric",
    ] { #expect(text.contains(part), "\(text)") }
    let f = try TracedFunction<Double>(state: 5, parameters: 1) { w, λ in logSumExp(X * w) + λ[0] * norm2(w) }
    #expect("\(f)".contains("no structure recognised"))
    let long = try TracedFunction<Double>(state: 5, parameters: 1) { w, λ in
      var v = w
      for _ in 0..<200 { v = tanh(v + v * v) }
      shown = "\(v)"
      return sum(v)
    }
    #expect(shown.count < 1000 && !"\(long)".isEmpty)
  }

  /// A function whose curvature nothing bounds has a step of 1: where that does not lead to the solution the outcome says how to give one.
  @Test func unknownCurvatureIsNoSilentStep() throws {
    let steep = try TracedFunction<Double>(state: 2, parameters: 0) { w, _ in sum(exp(w)) + 40 * norm2(w) - 3 * w[0] }
    #expect(!steep.hasCurvatureBounds(parameters: []))
    let unknown = FixedPointSolver().solve(ProximalGradientMap(steep, L1Norm<Double>()), parameters: [0.1])
    let failure = #expect(throws: ConvergenceFailure.self) { try unknown.get() }
    for word in ["step: .fixed", "curvature:"] {
      #expect(failure?.description.contains(word) == true, "\(word): \(failure?.description ?? "")")
    }
    let gentle = try TracedFunction<Double>(state: 2, parameters: 0) { w, _ in sum(exp(w)) + norm2(w) - 3 * w[0] }
    for map in [ProximalGradientMap(gentle, L1Norm<Double>()), .init(gentle, L1Norm<Double>(), step: .fixed(0.2))] {
      let w = try map.solve(at: [0.1]).get()
      // e^w + 2 w = 3 − 0.1.
      #expect(abs(exp(w[0]) + 2 * w[0] - 2.9) <= 1e-12)
    }
  }

  /// A quadratic function of no known form: as wᵀQw, of parameters in a matrix, of gathered rows. Its own step is found, and again for other parameters.
  @Test func quadraticsOfNoKnownFormHaveAStep() throws {
    // Eigenvalues 1, 3 and 5.
    let Q = Matrix<Double>([[2, 1, 0], [1, 2, 0], [0, 0, 5]])
    let f = try TracedFunction<Double>(state: 3, parameters: 1) { w, λ in λ[0] * dot(w, Q * w) / 2 - sum(w) }
    let once = f.curvatureBounds(parameters: [1])
    // Lanczos' method bounds its error by √ε relative to the largest at most.
    let tolerance = 5 * Double.ulpOfOne.squareRoot()
    #expect(abs(once.smallest - 1) <= 2 * tolerance && once.largest >= 5 - 1e-14 && once.largest <= 5 + 2 * tolerance)
    #expect(abs(f.curvatureBounds(parameters: [2]).largest - 10) <= 4 * tolerance)
    // w = Q⁻¹1 = (1/3, 1/3, 1/5) where no penalty is left.
    let w = try ProximalGradientMap(f, L1Norm<Double>()).solve(at: [0, 1]).get()
    #expect(w.distance(to: [1 / 3.0, 1 / 3.0, 1 / 5.0]) <= 1e-13)

    let product = try TracedFunction<Double>(state: 3, parameters: 6) { w, θ in
      norm2(matrixProduct(θ.reshaped(2, 3), w) - 1) / 2 + norm2(w.rows([2, 0])) / 2
    }
    // θ has the columns e₁, e₂, 0: H = diag(1, 1, 0) + diag(1, 0, 1).
    let bounds = product.curvatureBounds(parameters: [1, 0, 0, 1, 0, 0])
    #expect(abs(bounds.smallest - 1) <= 2 * tolerance && abs(bounds.largest - 2) <= 2 * tolerance)
  }

  /// NaN in the data is no number in the answer.
  @Test func nanStaysOne() throws {
    var X = Self.X
    X[2, 3] = .nan
    let map = try TracedMap<Double>(state: 5, parameters: 1) { w, λ in
      softThreshold(w - 0.1 * (X.transposed * (X * w - FunctionTests.vector(7, 2))), by: λ[0] * 0.1)
    }
    let problem = FixedPointProblem(map, parameters: [0.1], state: FunctionTests.vector(5, 3), stateIsSolution: true)
    let report = try AID<TracedMap<Double>>().vjp(problem, cotangent: FunctionTests.vector(5, 4)).report
    #expect(!report.outcome.isUsable)
  }
}
