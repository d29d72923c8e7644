import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// Maps and functions from closures of one's own, and what `validate` says of them.
@Suite struct ByHandTests {
  typealias V = Vector<Double>
  static let Q = Matrix<Double>([[0.4, 0.1, 0], [0.1, 0.3, 0.1], [0, 0.1, 0.2]])
  static let B = Matrix<Double>([[0, 0.3, 0.1], [-0.3, 0.2, 0], [0.1, 0, 0.2]])

  /// tanh(B w + λ), whose Jacobian is not symmetric.
  static func apply(_ w: V, _ λ: V) -> V { tanh(B * w + λ) }
  static func slope(_ w: V, _ λ: V) -> V { 1 - square(tanh(B * w + λ)) }
  static func tangent(_ w: V, _ λ: V, _ x: V, _ μ: V) -> V { slope(w, λ) * (B * x + μ) }
  static func adjoint(_ w: V, _ λ: V, _ y: V) -> (state: V, parameters: V) {
    let z = slope(w, λ) * y
    return (B.transposed * z, z)
  }

  static var forward: CustomMap<Double> { CustomMap(state: 3, parameters: 3, apply: apply, tangent: tangent) }
  static var reverse: CustomMap<Double> { CustomMap(state: 3, parameters: 3, apply: apply, adjoint: adjoint) }
  static var both: CustomMap<Double> {
    CustomMap(state: 3, parameters: 3, apply: apply, adjoint: adjoint, tangent: tangent)
  }

  @Test func whatIsNotGivenIsMade() throws {
    typealias Map = CustomMap<Double>
    let λ: V = [0.4, -0.2, 0.3]
    // A1 and A2 at the fixed point give w′ = (I − A1)⁻¹ A2.
    let solution = Self.both.solve(at: λ)
    let w = try solution.get()
    var K = Matrix<Double>.identity(3)
    let d = Self.slope(w, λ)
    for i in 0..<3 { for j in 0..<3 { K[i, j] -= d[i] * Self.B[i, j] } }
    let factor = try LU(K)
    var expected = d * V([1, 2, -1])
    factor.solve(&expected)
    for map in [Self.forward, Self.reverse, Self.both] {
      let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
      for solver in [.automatic, .gmres(), .bicgstab, .direct, .fixedPoint] as [AID<Map>.Solver] {
        let got = try AID<Map>(solver).jvp(problem, direction: [1, 2, -1]).get()
        #expect(got.distance(to: expected) <= 1e-9)
        let adjoint = try AID<Map>(solver).vjp(problem, cotangent: [1, 1, 1]).get()
        #expect(abs(adjoint.dot([1, 2, -1]) - expected.dot([1, 1, 1])) <= 1e-9)
      }
      let itd = try ForwardITD<Map>().jvp(problem, direction: [1, 2, -1]).get()
      #expect(itd.distance(to: expected) <= 1e-9)
      // Asking conjugate gradients of a map without structure is refused with advice.
      #expect(throws: DifferentiationError.notSymmetric(solver: "aid-cg")) {
        try AID<Map>(.conjugateGradient).vjp(problem, cotangent: [1, 1, 1])
      }
      #expect("\(DifferentiationError.notSymmetric(solver: "aid-cg"))".contains("use GMRES"))
    }
  }

  @Test func validationAcceptsWhatIsRight() {
    for map in [Self.forward, Self.reverse, Self.both] {
      let found = validate(map, at: [0.3, -0.5, 0.2], parameters: [0.4, -0.2, 0.3])
      #expect(found.isConsistent, "\(found)")
      #expect(found.kinksMet == 0 && found.contraction < 1 && found.symmetryError == nil)
    }
  }

  @Test func validationNamesWhatIsWrong() {
    let wrongTangent = CustomMap<Double>(
      state: 3, parameters: 3, apply: Self.apply, adjoint: Self.adjoint,
      tangent: { w, λ, x, μ in 1.01 * Self.tangent(w, λ, x, μ) })
    let tangent = validate(wrongTangent, at: [0.3, -0.5, 0.2], parameters: [0.4, -0.2, 0.3])
    #expect(!tangent.isConsistent && tangent.description.contains("check the JVP"))
    let wrongAdjoint = CustomMap<Double>(
      state: 3, parameters: 3, apply: Self.apply, adjoint: { w, λ, y in (Self.B * y, y) }, tangent: Self.tangent)
    let adjoint = validate(wrongAdjoint, at: [0.3, -0.5, 0.2], parameters: [0.4, -0.2, 0.3])
    #expect(!adjoint.isConsistent && adjoint.description.contains("check the VJP"))
    let expanding = CustomMap<Double>(
      state: 3, parameters: 3, apply: { w, λ in 3 * w + λ }, tangent: { _, _, x, μ in 3 * x + μ })
    let far = validate(expanding, at: [1, 1, 1], parameters: [0, 0, 0])
    #expect(abs(far.contraction - 3) <= 1e-12 && far.description.contains("does not contract"))
    let broken = CustomMap<Double>(
      state: 3, parameters: 3, apply: Self.apply, tangent: { _, _, _, _ in V(repeating: .nan, count: 3) })
    #expect(!validate(broken, at: [1, 1, 1], parameters: [0, 0, 0]).isConsistent)
  }

  @Test func kinksAreCounted() throws {
    let map = try TracedMap<Double>(state: 3, parameters: 1) { w, λ in softThreshold(w * 0.5, by: λ[0]) }
    // |0.5 · 0.2| = λ: the first coordinate lies on a kink.
    let at = validate(map, at: [0.2, 1, 3], parameters: [0.1])
    #expect(at.kinksMet > 0)
    let off = validate(map, at: [0.9, 1, 3], parameters: [0.1])
    #expect(off.kinksMet == 0 && off.isConsistent)
  }

  @Test func declaredStructureIsChecked() throws {
    let X = FunctionTests.X
    let f = try TracedFunction<Double>(state: 5, parameters: 1) { w, λ in
      mean(log(1 + exp(X * w))) + λ[0] * norm2(w)
    }
    let map = ProximalGradientMap(f, L1Norm<Double>(), step: .fixed(0.5))
    let found = validate(map, at: FunctionTests.vector(5, 3), parameters: [0.02, 0.1])
    #expect(found.isConsistent && found.symmetryError != nil, "\(found)")
    // A Jacobian that is vouched for to be symmetric and is not.
    let wrong = try OptimalityCondition<Double>(state: 3, parameters: 3, isSymmetric: true) { w, λ in
      Self.B * tanh(w) - λ
    }
    let notSymmetric = validate(wrong, at: [0.3, -0.5, 0.2], parameters: [0, 0, 0])
    #expect(notSymmetric.description.contains("symmetric form does not hold"))
  }

  @Test func functionsByHand() throws {
    let Q = Self.Q
    let f = CustomFunction<Double>(
      state: 3, parameters: 1, value: { w, λ in w.dot(Q * w) / 2 - λ[0] * sum(w) },
      gradient: { w, λ in Q * w - λ[0] }, hessianProduct: { _, _, x in Q * x },
      mixedAdjoint: { _, _, v in [-sum(v)] }, curvature: { _ in (0.1, 0.6) })
    let map = ProximalGradientMap(f, L1Norm<Double>())
    #expect(validate(map, at: [1, 2, -1], parameters: [0.1, 1]).isConsistent)
    let solution = map.solve(at: [0.1, 1])
    _ = try solution.get()
    typealias Map = ProximalGradientMap<CustomFunction<Double>, L1Norm<Double>>
    // On the support (all of it): Q w = (λ₁ − λ₀) 1.
    let factor = try Cholesky(Q)
    var expected: V = [1, 1, 1]
    factor.solve(&expected)
    for solver in [.automatic, .conjugateGradient, .direct, .gmres()] as [AID<Map>.Solver] {
      let J = try AID<Map>(solver).jacobian(solution.problem).get()
      #expect(J.column(1).distance(to: expected) <= 1e-9 && J.column(0).distance(to: -1 * expected) <= 1e-9)
    }
  }
}
