import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// Every reason for which there is no bound, each met as what it is.
@Suite struct NoBoundTests {
  static let X = Matrix<Double>([[2, 1], [1, 3], [1, 1]])
  static let groups = Groups(sizes: [2])

  private func certify<F: CertifiableFunction<Double>, G: CertifiablePenalty<Double>>(
    _ f: F, _ g: G, _ λ: Vector<Double>, at w: Vector<Double>? = nil, objective: (any OuterObjective<Double>)? = nil
  ) throws -> Result<Certificate<Double>, NoBound<Double>> {
    func certify(_ objective: some OuterObjective<Double>) throws -> Result<Certificate<Double>, NoBound<Double>> {
      let map = ProximalGradientMap(f, g)
      let w = w ?? FixedPointSolver<Double>(stopping: .tolerance(1e-14)).solve(map, parameters: λ).estimate
      let problem = FixedPointProblem(map, parameters: λ, state: w)
      let strategy = AID<ProximalGradientMap<F, G>>()
      let workspace = strategy.makeWorkspace(for: map)
      var (value, scratch) = (Vector<Double>.zeros(λ.count), Vector<Double>.zeros(λ.count))
      _ = try strategy.hypergradient(of: objective, problem, into: &value, scratch: &scratch, workspace: workspace)
      do throws(NoBound<Double>) {
        return .success(try strategy.certify(problem, objective: objective, workspace: workspace))
      } catch { return .failure(error) }
    }
    if let objective { return try certify(objective) }
    return try certify(HeldOutSquaredError<Double>(features: Self.X, targets: [2, 1, 1]))
  }

  private func squares(_ X: Matrix<Double> = X, _ y: Vector<Double> = [1, 2, 3]) -> LinearModel<QuadraticLoss<Double>> {
    LinearModel(features: DenseDesign(X), targets: y)
  }

  private func absence(_ result: Result<Certificate<Double>, NoBound<Double>>) -> NoBound<Double>? {
    switch result {
    case .success(let certificate): certificate.absence
    case .failure(let reason): reason
    }
  }

  @Test func thereIsOne() throws {
    let certificate = try certify(squares(), GroupLasso(Self.groups), [0.25, 0.5]).get()
    #expect(certificate.hypergradientErrorBound != nil && certificate.absence == nil)
    #expect(certificate.isIdentified && certificate.solution.stateErrorIsProven)
  }

  @Test func numbersThatAreNone() throws {
    #expect(absence(try certify(squares(), GroupLasso(Self.groups), [0.25, 0.5], at: [1, .nan])) == .notFinite)
    let poisoned = Matrix<Double>([[2, 1], [1, .infinity], [1, 1]])
    #expect(absence(try certify(squares(poisoned), GroupLasso(Self.groups), [0.25, 0.5], at: [1, 1])) == .notFinite)
  }

  @Test func outsideTheDomain() throws {
    #expect(absence(try certify(squares(), GroupLasso(Self.groups), [-1, 0.5], at: [1, 1])) == .outsideDomain)
  }

  /// Two equal columns and no ridge: the solution is not unique.
  @Test func noStrongConvexity() throws {
    let X = Matrix<Double>([[1, 1], [2, 2], [1, 1]])
    #expect(absence(try certify(squares(X), GroupLasso(Self.groups), [0.125, 0])) == .noStrongConvexity)
  }

  /// A few steps away from the solution the group may still be zero there.
  @Test func aPieceThatIsNotProven() throws {
    let result = try certify(squares(), GroupLasso(Self.groups), [0.25, 0.5], at: [0.1, 0.1])
    guard case .pieceNotIdentified(let distance, let error)? = absence(result) else {
      Issue.record("\(result)")
      return
    }
    #expect(distance <= error)
    // The solution itself has a bound all the same: the ridge is strong convexity everywhere.
    let certificate = try result.get()
    #expect(certificate.solution.stateErrorIsProven && !certificate.isIdentified)
    let exact = try FixedPointSolver<Double>(stopping: .tolerance(1e-14)).solve(
      ProximalGradientMap(squares(), GroupLasso(Self.groups)), parameters: [0.25, 0.5]
    ).get()
    #expect(Vector<Double>([0.1, 0.1]).distance(to: exact) <= certificate.stateErrorBound)
  }

  /// ℓ″ of the Huber loss jumps.
  @Test func aHessianThatMayJump() throws {
    let f = LinearModel<HuberLoss<Double>>(features: DenseDesign(Self.X), targets: [1, 2, 3])
    #expect(absence(try certify(f, GroupLasso(Self.groups), [0.25, 0.5])) == .hessianMayJump)
  }

  @Test func anObjectiveOfClosures() throws {
    let objective = ClosureObjective<Double>(value: { w, _ in w[0] }) { w, λ in ([1, 0], .zeros(λ.count)) }
    let result = try certify(squares(), GroupLasso(Self.groups), [0.25, 0.5], objective: objective)
    #expect(absence(result) == .objectiveHasNoConstants)
  }

  /// 1/‖X‖² is no normal number, but the ridge keeps the problem well posed.
  @Test func outOfRange() throws {
    let tiny = Matrix(rows: 3, columns: 2) { Self.X[$0, $1] * 0x1p-530 }
    let result = try certify(squares(tiny), GroupLasso(Self.groups), [0x1p-530, 0x1p-1060], at: [1, 1])
    #expect(absence(result) == .outOfRange)
  }

  /// A quadratic function that is known by its products.
  @Test func rawProducts() throws {
    let Q = Matrix<Double>([[2, 1], [1, 3]])
    let f = QuadraticFunction<Double>(operator: Q, linear: [1, 2])
    #expect(absence(try certify(f, Simplex(), [1])) == .functionHasNoBound)
    #expect(absence(try certify(QuadraticFunction(Q, linear: [1, 2]), Simplex(), [1])) == nil)
  }

  @Test func namesAreDistinct() {
    let all: [NoBound<Double>] = [
      .notFinite, .outsideDomain, .penaltyHasNoBound, .functionHasNoBound, .hessianMayJump, .noStrongConvexity,
      .pieceNotIdentified(distance: 1, error: 2), .objectiveHasNoConstants, .outOfRange,
    ]
    #expect(Set(all.map(\.name)).count == all.count && Set(all.map(\.advice)).count == all.count)
  }

  /// One step of an iterative solver, on whatever piece: the bound counts what is left, whatever was computed.
  @Test(arguments: [0, 1, 2]) func anUnfinishedAdjointIsCounted(_ steps: Int) throws {
    let map = ProximalGradientMap(squares(), GroupLasso<Double>(Self.groups))
    let λ: Vector<Double> = [0.25, 0.5]
    let w = try FixedPointSolver<Double>(stopping: .tolerance(1e-15)).solve(map, parameters: λ).get()
    let objective = HeldOutSquaredError<Double>(features: Self.X, targets: [2, 1, 1])
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    func run(_ strategy: AID<ProximalGradientMap<LinearModel<QuadraticLoss<Double>>, GroupLasso<Double>>>) throws
      -> (Vector<Double>, Double)
    {
      let workspace = strategy.makeWorkspace(for: map)
      var (value, scratch) = (Vector<Double>.zeros(2), Vector<Double>.zeros(2))
      _ = try strategy.hypergradient(of: objective, problem, into: &value, scratch: &scratch, workspace: workspace)
      let certificate = try strategy.certify(problem, objective: objective, workspace: workspace)
      return (value, try #require(certificate.hypergradientErrorBound))
    }
    let (exact, small) = try run(AID(.direct))
    let (rough, large) = try run(AID(.fixedPoint, stopping: .iterations(steps)))
    // Each within its bound of the exact one.
    #expect(rough.distance(to: exact) <= small + large)
    #expect(small < 1e-9 && large > 1e-6)
  }
}
