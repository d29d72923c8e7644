internal import RealModule

/// The minimal residual method for a symmetric A, definite or not (Paige and Saunders 1975), preconditioned.
///
/// One product and about 20 n operations per step, nine vectors of memory. Without a preconditioner the residual never
/// grows. For a singular A with b outside its range x ends near a least-squares solution, and
/// the outcome is ``Outcome/stagnated``. An A that is not symmetric is not noticed.
public final class MINRES<Element: Scalar>: KrylovSolver {
  private let core: KrylovCore<Element>
  /// Lanczos vectors: `dual` the present uₖ, `previous` uₖ₋₁; `primal` M uₖ (uₖ where there is no M). `core.image` is
  /// uₖ₊₁ in the making and `nextPrimal` its image under M.
  private var dual: Vector<Element>
  private var previous: Vector<Element>
  private var primal: Vector<Element>
  private var nextPrimal: Vector<Element>
  /// The last two directions in which x moves.
  private var search: Vector<Element>
  private var olderSearch: Vector<Element>
  /// The residual over its size in the norm of M.
  private var residualDirection: Vector<Element>

  /// The memory for `count` unknowns.
  public init(count: Int) {
    core = KrylovCore(count: count)
    dual = .zeros(count)
    previous = .zeros(count)
    primal = .zeros(count)
    nextPrimal = .zeros(count)
    search = .zeros(count)
    olderSearch = .zeros(count)
    residualDirection = .zeros(count)
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
    dual.combine(1 / size, core.residual, 0)
    primal.copy(from: dual)
    var first: Element = 1
    if let M {
      M.apply(dual, into: &primal)
      let square = dual.dot(primal)
      if !square.isFinite { return .notFinite }
      if square <= 0 { return .breakdown(.preconditioner) }
      first = square.squareRoot()
      dual.scale(by: 1 / first)
      primal.scale(by: 1 / first)
      residualDirection.copy(from: dual)
    }
    search.fill(0)
    olderSearch.fill(0)

    var qr = TridiagonalQR<Element>(first: first)
    var β: Element = 0
    // Below this share of ‖A‖, A hardly reaches the residual: a least-squares solution may be near.
    var leastReach = Element.pow(.ulpOfOne, Element(1) / 3)
    var isSuspicious = false
    var residual = size
    while true {
      A.apply(primal, into: &core.image)
      run.products += 1
      if M != nil {
        run.noteOperatorNorm((core.image.dot(core.image) / primal.dot(primal)).squareRoot())
      }
      if β > 0 { core.image.add(-β, previous) }
      let α = primal.dot(core.image)
      core.image.add(-α, dual)
      var next: Element
      if let M {
        M.apply(core.image, into: &nextPrimal)
        let square = core.image.dot(nextPrimal)
        // Below zero by rounding only, unless M is indefinite.
        if square < -.ulpOfOne * max(α * α, β * β) { return .breakdown(.preconditioner) }
        next = max(square, 0).squareRoot()
        if square.isNaN { next = .nan }
      } else {
        next = core.image.norm
      }
      if !α.isFinite || !next.isFinite { return .notFinite }

      let step = qr.append(before: β, diagonal: α, after: next)
      if M == nil { run.noteOperatorNorm(qr.norm) }
      // The new vector is rounding error: the Krylov space is invariant.
      let isInvariant = next <= .ulpOfOne * qr.norm
      if step.reach < leastReach {
        leastReach = step.reach
        isSuspicious = true
        core.fallback.copy(from: x)
        run.fallbackNorm = residual
      }
      if step.isOptimal { return .exhausted }
      olderSearch.combine(1 / step.pivot, primal, -step.above2 / step.pivot)
      olderSearch.add(-step.above1 / step.pivot, search)
      swap(&olderSearch, &search)
      x.add(size * step.move, search)

      residual = size * qr.residual
      if M != nil {
        residualDirection.combine(next > 0 ? -step.cosine / next : 0, core.image, step.sine)
        residual *= residualDirection.norm
      }
      if let end = run.note(residual) { return end }
      // Past a least-squares solution x grows along the null space until the rounding of A x drowns the residual.
      if isInvariant || (isSuspicious && residual <= .ulpOfOne * run.operatorNorm * x.norm) { return .exhausted }
      swap(&previous, &dual)
      swap(&dual, &core.image)
      dual.scale(by: 1 / next)
      if M == nil {
        primal.copy(from: dual)
      } else {
        swap(&primal, &nextPrimal)
        primal.scale(by: 1 / next)
      }
      β = next
    }
  }
}

/// The QR factorization, by one reflection per column, of the growing (k + 1) × k tridiagonal matrix of Lanczos, with the
/// least-squares problem min ‖β₁ e₁ − T y‖ carried along.
private struct TridiagonalQR<Element: Scalar> {
  /// The largest norm of a column of T, a lower bound of ‖T‖.
  private(set) var norm: Element = 0
  /// The minimum so far.
  private(set) var residual: Element
  private var cosine: Element = -1
  private var sine: Element = 0
  private var pendingDiagonal: Element = 0
  private var pendingAbove: Element = 0

  init(first: Element) { residual = first }

  struct Step {
    /// The new column of R: the diagonal entry and the two above it.
    var pivot, above1, above2: Element
    /// The new entry of Qᵀ β₁ e₁.
    var move: Element
    var cosine, sine: Element
    /// ‖A r‖ / (‖A‖ ‖r‖) for the residual before this step, in the norm of M: the part of r that A can still reach.
    var reach: Element
    /// The residual so far was already a minimum over the whole space.
    var isOptimal: Bool
  }

  mutating func append(before β: Element, diagonal α: Element, after next: Element) -> Step {
    norm = max(norm, Element.hypot(Element.hypot(β, α), next))
    let above2 = pendingAbove
    let above1 = cosine * pendingDiagonal + sine * α
    let corner = sine * pendingDiagonal - cosine * α
    pendingAbove = sine * next
    pendingDiagonal = -cosine * next
    let pivot = Element.hypot(corner, next)
    let reach = norm > 0 ? Element.hypot(corner, pendingDiagonal) / norm : 0
    // Rounding alone leaves both at a multiple of ulp.
    if reach <= 10 * .ulpOfOne || pivot <= 10 * .ulpOfOne * norm {
      return Step(
        pivot: pivot, above1: above1, above2: above2, move: 0, cosine: 0, sine: 1, reach: reach, isOptimal: true)
    }
    cosine = corner / pivot
    sine = next / pivot
    let move = cosine * residual
    residual *= sine
    return Step(
      pivot: pivot, above1: above1, above2: above2, move: move, cosine: cosine, sine: sine, reach: reach,
      isOptimal: false)
  }
}
