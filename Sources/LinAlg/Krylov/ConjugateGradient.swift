/// Conjugate gradients for a symmetric positive definite A (Hestenes and Stiefel 1952), preconditioned.
///
/// One product and about 10 n operations per step, four vectors of memory. An A that turns out not to be positive definite
/// is an outcome, ``Outcome/indefinite(curvature:)``; an A that is not symmetric is not noticed.
public final class ConjugateGradient<Element: Scalar>: KrylovSolver {
  private let core: KrylovCore<Element>
  private var preconditioned: Vector<Element>
  private var direction: Vector<Element>

  /// The memory for `count` unknowns.
  public init(count: Int) {
    core = KrylovCore(count: count)
    preconditioned = .zeros(count)
    direction = .zeros(count)
  }

  public var count: Int { core.count }

  public func solve(
    _ A: some LinearOperator<Element>, _ b: Vector<Element>, into x: inout Vector<Element>, warmStart: Bool,
    preconditioner: (any LinearOperator<Element>)?, options: KrylovOptions<Element>
  ) -> KrylovReport<Element> {
    core.solve(A, b, into: &x, warmStart: warmStart, preconditioner: preconditioner, options: options) { x, run in
      cycle(A, preconditioner, &x, &run)
    }
  }

  private func cycle(
    _ A: some LinearOperator<Element>, _ M: (any LinearOperator<Element>)?, _ x: inout Vector<Element>,
    _ run: inout KrylovRun<Element>
  ) -> CycleEnd<Element> {
    // The recurrence runs on r / ‖r₀‖, so that no inner product over- or underflows because of the size of b.
    let size = run.cycleStart
    core.residual.scale(by: 1 / size)
    var γ = applyPreconditioner(M)
    if !γ.isFinite { return .notFinite }
    if γ <= 0 { return .breakdown(.preconditioner) }
    direction.copy(from: M == nil ? core.residual : preconditioned)
    while true {
      A.apply(direction, into: &core.image)
      run.products += 1
      let curvature = direction.dot(core.image)
      let length = direction.dot(direction)
      if !curvature.isFinite { return .notFinite }
      run.noteOperatorNorm(curvature / length)
      // pᵀA p below its own rounding error: to working accuracy p is in the null space.
      if curvature <= .ulpOfOne * run.operatorNorm * length { return .indefinite(curvature / length) }
      let α = γ / curvature
      x.add(size * α, direction)
      core.residual.add(-α, core.image)
      if let end = run.note(size * core.residual.norm) { return end }
      let next = applyPreconditioner(M)
      if !next.isFinite { return .notFinite }
      if next <= 0 { return .breakdown(.preconditioner) }
      direction.combine(1, M == nil ? core.residual : preconditioned, next / γ)
      γ = next
    }
  }

  /// z ← M r where there is an M; rᵀ z.
  private func applyPreconditioner(_ M: (any LinearOperator<Element>)?) -> Element {
    guard let M else { return core.residual.dot(core.residual) }
    M.apply(core.residual, into: &preconditioned)
    return core.residual.dot(preconditioned)
  }
}
