import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// Traced maps: their products against differences, and the reference cases out of closures.
@Suite struct MapTests {
  typealias Map = TracedMap<Double>

  static func elasticNet(_ reference: ReferenceCase) throws -> Map {
    let (X, y) = (reference.data.trainFeatures, reference.data.trainTargets)
    let s = reference.answer.step_size
    let n = Double(X.rows)
    return try Map(state: X.columns, parameters: 2) { w, λ in
      softThreshold(w - s * (X.transposed * (X * w - y) / n + λ[1] * w), by: λ[0] * s)
    }
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func elasticNetsFromTheirIteration(_ name: String) throws {
    let reference = try ReferenceCase(name)
    let map = try Self.elasticNet(reference)
    let objective = HeldOutSquaredError(
      features: reference.data.validationFeatures, targets: reference.data.validationTargets)
    let solution = map.solve(at: reference.parameters)
    let exact = Vector(reference.answer.hypergradient)
    _ = try solution.get()
    let q = try #require(map.contractionBound(parameters: reference.parameters))
    #expect(abs(q - reference.answer.contraction) <= 1e-11)
    for solver in [.automatic, .conjugateGradient, .minres, .direct, .gmres(), .bicgstab] as [AID<Map>.Solver] {
      let got = try AID<Map>(solver).hypergradient(of: objective, solution.problem).get()
      #expect(relativeError(got, exact) <= 1e-8, "\(solver)")
    }
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<Map>] {
      let got = try strategy.hypergradient(of: objective, solution.problem).get()
      #expect(relativeError(got, exact) <= 1e-8, "\(strategy.name)")
    }
    let J = try AID<Map>().jacobian(solution.problem).get()
    let S = reference.answer.support
    let expected = Vector(reference.answer.jacobian_lambda1)
    #expect(relativeError(Vector(count: S.count) { J[S[$0], 0] }, expected) <= 1e-8)
  }

  struct Subject: Sendable, CustomStringConvertible {
    let description: String
    let isSymmetric: Bool
    let f: @Sendable (Traced<Double>, Traced<Double>) -> Traced<Double>
  }

  static let X = FunctionTests.matrix(7, 5, 1)
  static let y = FunctionTests.vector(7, 2)
  static let subjects: [Subject] = [
    Subject(description: "soft threshold", isSymmetric: true) { w, λ in
      softThreshold(w - 0.1 * (X.transposed * (X * w - y)), by: 0.1 * λ[0])
    },
    Subject(description: "a threshold per entry", isSymmetric: true) { w, λ in
      softThreshold(w - 0.1 * (X.transposed * sigmoid(X * w - y)), by: 0.1 * concatenate([λ, λ])[segment: 0..<5])
    },
    Subject(description: "1-norm", isSymmetric: true) { w, λ in
      proximal(L1Norm<Double>(), step: 0.1, parameters: λ[0], w - 0.1 * (X.transposed * (X * w - y) + λ[1] * w))
    },
    Subject(description: "group lasso", isSymmetric: true) { w, λ in
      proximal(
        GroupLasso<Double>(Groups(count: 5, size: 2)), step: 0.1, parameters: λ[segment: 0..<1],
        w - 0.1 * (X.transposed * (X * w - y)))
    },
    Subject(description: "simplex", isSymmetric: true) { w, λ in
      proximal(Simplex<Double>(), step: 0.1, parameters: λ[1], w - 0.1 * (X.transposed * (X * w - λ[0] * y)))
    },
    Subject(description: "box", isSymmetric: true) { w, λ in
      proximal(
        Box<Double>(lower: .parameters(), upper: .parameters()), step: 1,
        parameters: 0.1 * concatenate([-square(λ[0]), λ[1]]), w - 0.2 * (w - λ[2]))
    },
    Subject(description: "a threshold that depends on w", isSymmetric: false) { w, λ in
      softThreshold(w * 0.5 + λ[0], by: 0.1 * norm2(w) * λ[1])
    },
    Subject(description: "not a gradient step", isSymmetric: false) { w, λ in
      tanh(w * 0.3 + concatenate([w[segment: 1..<5], w[segment: 0..<1]]) * 0.2 + λ[0])
    },
  ]

  @Test(arguments: subjects)
  func productsAgreeWithDifferences(_ subject: Subject) throws {
    let map = try Map(state: 5, parameters: 3) { subject.f($0, $1) }
    let (w, λ) = (FunctionTests.vector(5, 3), Vector<Double>([0.7, 1.1, 0.4]))
    let (x, μ, y) = (FunctionTests.vector(5, 4), FunctionTests.vector(3, 5), FunctionTests.vector(5, 6))
    let L = map.makeLinearization()
    var value = w
    map.linearize(at: w, parameters: λ, into: L, value: &value)
    var next = w
    map.apply(w, parameters: λ, into: &next)
    #expect(next == value)
    // Central differences with h = ε^{1/3} leave 1e-10 of the size; no kink lies within h.
    let h = 6e-6
    func difference(_ f: (Double) -> (Vector<Double>, Vector<Double>)) -> Vector<Double> {
      func at(_ t: Double) -> Vector<Double> {
        var out = w
        let (w, λ) = f(t)
        map.apply(w, parameters: λ, into: &out)
        return out
      }
      return (at(h) - at(-h)) / (2 * h)
    }
    var (A1x, A2μ, A1y, A2y) = (x, x, y, μ)
    L.state.apply(x, into: &A1x)
    L.parameters.apply(μ, into: &A2μ)
    L.state.applyAdjoint(y, into: &A1y)
    L.parameters.applyAdjoint(y, into: &A2y)
    #expect(A1x.distance(to: difference { (w + $0 * x, λ) }) <= 1e-7)
    #expect(A2μ.distance(to: difference { (w, λ + $0 * μ) }) <= 1e-7)
    // Sums of the same products in another order.
    #expect(abs(A1x.dot(y) - A1y.dot(x)) <= 1e-13 * 10)
    #expect(abs(A2μ.dot(y) - A2y.dot(μ)) <= 1e-13 * 10)
    var (block, adjoint) = (Matrix<Double>.zeros(5, 5), Matrix<Double>.zeros(5, 5))
    L.state.apply(block: .identity(5), into: &block)
    L.state.applyAdjoint(block: .identity(5), into: &adjoint)
    #expect((block - adjoint.transposed).frobeniusNorm <= 1e-13)
    #expect((block * x).distance(to: A1x) <= 1e-13 * 10)

    if case .symmetric(let form) = L.structure {
      #expect(subject.isSymmetric)
      // A1 = D (I − s H).
      var Hx = x
      form.supportedHessian.apply(x, into: &Hx)
      Hx.combine(1, x, -form.step)
      var DHx = x
      form.range.apply(Hx, into: &DHx)
      #expect(DHx.distance(to: A1x) <= 1e-13 * 10)
    } else {
      #expect(!subject.isSymmetric)
    }
  }

  @Test func conjugateGradientIsRefusedWithoutStructure() throws {
    let map = try Map(state: 5, parameters: 3) { Self.subjects.last!.f($0, $1) }
    let problem = FixedPointProblem(map, parameters: [0.7, 1.1, 0.4])
    #expect(throws: DifferentiationError.notSymmetric(solver: "aid-cg")) {
      try AID<Map>(.conjugateGradient).vjp(
        problem, cotangent: FunctionTests.y.count == 7 ? FunctionTests.vector(5, 1) : [])
    }
  }

  /// Ridge regression from its normal equations, solved elsewhere: dw/dλ = −(XᵀX + λ I)⁻¹ w.
  @Test func conditionsDifferentiateSolutionsFromAnywhere() throws {
    let (X, y) = (Self.X, Self.y)
    typealias Condition = OptimalityCondition<Double>
    let condition = try Condition(state: 5, parameters: 1) { w, λ in X.transposed * (X * w - y) + λ[0] * w }
    var K = Matrix<Double>.zeros(5, 5)
    K.assignGram(X)
    K.addToDiagonal(0.3)
    let factor = try Cholesky(K)
    var w = X.transposed * y
    factor.solve(&w)
    var expected = -1 * w
    factor.solve(&expected)
    let problem = FixedPointProblem(condition, parameters: [0.3], state: w, stateIsSolution: true)
    for solver in [.automatic, .conjugateGradient, .gmres(), .bicgstab, .direct] as [AID<Condition>.Solver] {
      let got = try AID<Condition>(solver).jvp(problem, direction: [1]).get()
      #expect(got.distance(to: expected) <= 1e-9 * expected.norm, "\(solver)")
      let adjoint = try AID<Condition>(solver).vjp(problem, cotangent: y[segment: 0..<5]).get()
      #expect(abs(adjoint[0] - expected.dot(y[segment: 0..<5])) <= 1e-9, "\(solver)")
    }
  }

  /// F = ∇f with a Hessian that is not recognised; conjugate gradients where symmetry is vouched for.
  @Test func symmetryCanBeVouchedFor() throws {
    typealias Condition = OptimalityCondition<Double>
    func make(_ isSymmetric: Bool) throws -> Condition {
      // The gradient of logSumExp(w) + ‖w‖²/2 − λᵀw.
      try Condition(state: 3, parameters: 3, isSymmetric: isSymmetric) { w, λ in softmax(w) + w - λ }
    }
    let (condition, general) = (try make(true), try make(false))
    let w: Vector<Double> = [0.3, -0.2, 0.5]
    let λ = softmax(w) + w
    let problem = FixedPointProblem(condition, parameters: λ, state: w, stateIsSolution: true)
    let expected = try AID<Condition>(.gmres()).vjp(
      FixedPointProblem(general, parameters: λ, state: w, stateIsSolution: true), cotangent: [1, 2, 3]
    ).get()
    for solver in [.conjugateGradient, .direct, .automatic] as [AID<Condition>.Solver] {
      let got = try AID<Condition>(solver).vjp(problem, cotangent: [1, 2, 3]).get()
      #expect(got.distance(to: expected) <= 1e-10)
    }
    #expect(throws: DifferentiationError.self) {
      try AID<Condition>(.conjugateGradient).vjp(
        FixedPointProblem(general, parameters: λ, state: w), cotangent: [1, 2, 3])
    }
  }

  @Test func parametersOutsideTheDomainAreNamed() throws {
    let map = try Map(state: 5, parameters: 3) { Self.subjects[2].f($0, $1) }
    #expect(map.violation(parameters: [0.1, 0, 0]) == nil)
    #expect(map.violation(parameters: [-0.1, 0, 0])?.index == 0)
    let each = try Map(state: 5, parameters: 3) { Self.subjects[1].f($0, $1) }
    #expect(each.violation(parameters: [1, 1, -1])?.index == 2 || each.violation(parameters: [1, 1, -1])?.index == 0)
    #expect(each.violation(parameters: [1, .nan, 1])?.index == 1)
  }

  /// A penalty that is not convex: its proximal map expands, which is neither taken for a contraction nor for a positive definite form.
  @Test func penaltiesThatAreNotConvex() throws {
    let (X, y) = (Self.X, Self.y)
    let map = try Map(state: 5, parameters: 2) { w, λ in
      proximal(MCP<Double>(), step: 0.1, parameters: λ, w - 0.1 * (X.transposed * (X * w - y)))
    }
    let λ: Vector<Double> = [0.7, 0.4]
    #expect(map.contractionBound(parameters: λ) == nil)
    #expect(map.violation(parameters: λ) == nil)
    #expect(map.violation(parameters: [0.7, 0.05]) != nil)
    let (w, x) = (FunctionTests.vector(5, 3), FunctionTests.vector(5, 4))
    let L = map.makeLinearization()
    var (value, product) = (w, x)
    map.linearize(at: w, parameters: λ, into: L, value: &value)
    L.state.apply(x, into: &product)
    let h = 6e-6
    var (above, below) = (w, w)
    map.apply(w + h * x, parameters: λ, into: &above)
    map.apply(w - h * x, parameters: λ, into: &below)
    #expect(product.distance(to: (above - below) / (2 * h)) <= 1e-7)
    if case .symmetric(let form) = L.structure { #expect(form.range.hasFactor) }
  }
}
