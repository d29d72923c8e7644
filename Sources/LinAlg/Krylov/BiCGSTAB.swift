/// The stabilized biconjugate gradient method for any A (van der Vorst 1992), preconditioned from the right.
///
/// Two products and about 20 n operations per iteration, eight vectors of memory whatever the number of iterations. The
/// residual may jump by orders of magnitude on the way. Where it becomes orthogonal to the shadow residual the present
/// residual takes the shadow's place and the iteration goes on; what is left are the breakdowns of
/// ``KrylovBreakdown/sigma`` and ``KrylovBreakdown/omega``.
public final class BiCGSTAB<Element: Scalar>: KrylovSolver {
  private let core: KrylovCore<Element>
  private var shadow: Vector<Element>
  private var direction: Vector<Element>
  private var preconditionedDirection: Vector<Element>
  private var directionImage: Vector<Element>
  private var preconditionedResidual: Vector<Element>

  /// The memory for `count` unknowns.
  public init(count: Int) {
    core = KrylovCore(count: count)
    shadow = .zeros(count)
    direction = .zeros(count)
    preconditionedDirection = .zeros(count)
    directionImage = .zeros(count)
    preconditionedResidual = .zeros(count)
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
    let size = run.cycleStart
    core.residual.scale(by: 1 / size)
    var length = core.residual.norm
    var shadowLength = length
    var ρ = renewShadow()
    var isFresh = true
    while true {
      apply(M, direction, into: &preconditionedDirection)
      A.apply(preconditionedDirection, into: &directionImage)
      run.products += 1
      let σ = shadow.dot(directionImage)
      let imageLength = directionImage.norm
      if !σ.isFinite || !imageLength.isFinite { return .notFinite }
      run.noteOperatorNorm(imageLength / preconditionedDirection.norm)
      // An inner product below the rounding error of its own sum is 0.
      if σ.magnitude <= .ulpOfOne * shadowLength * imageLength {
        if isFresh { return .breakdown(.sigma) }
        shadowLength = length
        ρ = renewShadow()
        isFresh = true
        continue
      }
      let α = ρ / σ
      x.add(size * α, preconditionedDirection)
      core.residual.add(-α, directionImage)
      length = core.residual.norm
      if size * length <= run.target { return run.note(size * length) ?? .met }

      apply(M, core.residual, into: &preconditionedResidual)
      A.apply(preconditionedResidual, into: &core.image)
      run.products += 1
      let square = core.image.dot(core.image)
      let ts = core.image.dot(core.residual)
      if !square.isFinite || !ts.isFinite { return .notFinite }
      if ts.magnitude <= .ulpOfOne * square.squareRoot() * length { return .breakdown(.omega) }
      let ω = ts / square
      x.add(size * ω, preconditionedResidual)
      core.residual.add(-ω, core.image)
      length = core.residual.norm
      if let end = run.note(size * length) { return end }

      let next = shadow.dot(core.residual)
      if next.magnitude <= .ulpOfOne * shadowLength * length {
        shadowLength = length
        ρ = renewShadow()
        isFresh = true
        continue
      }
      isFresh = false
      let β = next / ρ * (α / ω)
      direction.add(-ω, directionImage)
      direction.combine(1, core.residual, β)
      ρ = next
    }
  }

  /// Makes the present residual the shadow and the first direction; their inner product.
  private func renewShadow() -> Element {
    shadow.copy(from: core.residual)
    direction.copy(from: core.residual)
    return core.residual.dot(core.residual)
  }

  private func apply(_ M: (any LinearOperator<Element>)?, _ v: Vector<Element>, into z: inout Vector<Element>) {
    if let M { M.apply(v, into: &z) } else { z.copy(from: v) }
  }
}
