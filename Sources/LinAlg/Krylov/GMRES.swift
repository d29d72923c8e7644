internal import RealModule

/// The generalized minimal residual method for any A (Saad and Schultz 1986), restarted, preconditioned from the right.
///
/// A step costs one product and 8 n k operations, k its place in the cycle (orthogonalized twice by classical
/// Gram–Schmidt: as good as Householder to rounding, and done by matrix-vector products). Memory: `restart` + 5 vectors.
/// From the right the residual that is minimized is that of A x = b itself.
public final class GMRES<Element: Scalar>: KrylovSolver {
  /// The number of steps after which the basis is dropped.
  public let restart: Int
  private let core: KrylovCore<Element>
  private var basis: Matrix<Element>
  private var newest: Vector<Element>
  private var preconditioned: Vector<Element>
  /// The triangle R of the Hessenberg matrix, one column per step, and the rotations that made it.
  private var triangle: Matrix<Element>
  private var cosines: Vector<Element>
  private var sines: Vector<Element>
  private var rotated: Vector<Element>
  private var column: Vector<Element>
  private var correction: Vector<Element>

  /// The memory for `count` unknowns and cycles of `restart` steps (at most `count` are of use).
  public init(count: Int, restart: Int = 30) {
    precondition(restart >= 1, "GMRES: the restart length must be at least 1, not \(restart)")
    core = KrylovCore(count: count)
    self.restart = max(1, min(restart, count))
    basis = .zeros(count, self.restart + 1)
    newest = .zeros(count)
    preconditioned = .zeros(count)
    triangle = .zeros(self.restart + 1, self.restart)
    cosines = .zeros(self.restart)
    sines = .zeros(self.restart)
    rotated = .zeros(self.restart + 1)
    column = .zeros(self.restart + 1)
    correction = .zeros(self.restart + 1)
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
    newest.combine(1 / size, core.residual, 0)
    basis.setLeadingColumn(0, newest)
    rotated.fill(0)
    rotated[0] = 1
    var used = 0
    var end = CycleEnd<Element>.restart
    var reach: Element = 0  // a lower bound of ‖A M‖
    for k in 0..<restart {
      if let M {
        M.apply(newest, into: &preconditioned)
        A.apply(preconditioned, into: &core.image)
      } else {
        A.apply(newest, into: &core.image)
      }
      run.products += 1
      let length = core.image.norm
      if !length.isFinite {
        end = .notFinite
        break
      }
      reach = max(reach, length)
      run.noteOperatorNorm(M == nil ? length : length / preconditioned.norm)
      orthogonalize(against: k + 1)
      // What two orthogonalizations leave of a dependent vector is their rounding error.
      let negligible = Element(k + 2) * .ulpOfOne * length
      var next = core.image.norm
      let isInvariant = next <= negligible
      if isInvariant { next = 0 }
      let pivot = rotate(column: k, next)
      if pivot <= negligible {
        // A maps the new direction to what the others already reach: it cannot lower the residual.
        end = .exhausted
        break
      }
      used = k + 1
      if let reason = run.note(size * rotated[used].magnitude) {
        end = reason
        break
      }
      if isInvariant {
        end = .exhausted
        break
      }
      newest.combine(1 / next, core.image, 0)
      basis.setLeadingColumn(used, newest)
    }
    if used > 0 { update(&x, used, size, M, reach) }
    return end
  }

  /// image ← image − V Vᵀ image over the first k columns of V, twice; `column` receives the coefficients.
  private func orthogonalize(against k: Int) {
    let n = count
    column.fill(0)
    let h = column.mutableBase()
    let c = correction.mutableBase()
    let w = core.image.mutableBase()
    for _ in 0..<2 {
      Element._gemv(true, n, k, 1, basis.base, basis.stride, w, 0, c)
      Element._gemv(false, n, k, -1, basis.base, basis.stride, c, 1, w)
      Element._axpy(k, 1, c, h)
    }
  }

  /// Makes column k of R from `column` and the entry `next` below it, and rotates the right-hand side; the new pivot.
  private func rotate(column k: Int, _ next: Element) -> Element {
    for i in 0..<k {
      let (upper, lower) = (column[i], column[i + 1])
      column[i] = cosines[i] * upper + sines[i] * lower
      column[i + 1] = cosines[i] * lower - sines[i] * upper
    }
    let pivot = Element.hypot(column[k], next)
    if pivot == 0 { return 0 }
    cosines[k] = column[k] / pivot
    sines[k] = next / pivot
    column[k] = pivot
    triangle.setLeadingColumn(k, column)
    rotated[k + 1] = -sines[k] * rotated[k]
    rotated[k] = cosines[k] * rotated[k]
    return pivot
  }

  /// x ← x + size · M V y with R y = the rotated right-hand side.
  ///
  /// The rounding of A M V y is about ulp ‖A M‖ ‖y‖. Where the residual was below that without the last column already,
  /// the column is left out: A is singular to working accuracy and y runs off along its null space.
  private func update(
    _ x: inout Vector<Element>, _ steps: Int, _ size: Element, _ M: (any LinearOperator<Element>)?, _ reach: Element
  ) {
    var k = steps
    var residual = rotated[k].magnitude
    let y = correction.mutableBase()
    while true {
      y.update(from: rotated.base, count: k)
      Element._trsv(false, false, k, triangle.base, triangle.stride, y)
      residual = Element.hypot(residual, rotated[k - 1])
      let grown = .ulpOfOne * reach * Element._nrm2(k, y)
      if k == 1 || residual > grown { break }
      k -= 1
    }
    newest.fill(0)
    Element._gemv(false, count, k, 1, basis.base, basis.stride, y, 0, newest.mutableBase())
    if let M {
      M.apply(newest, into: &preconditioned)
      x.add(size, preconditioned)
    } else {
      x.add(size, newest)
    }
  }
}

extension Matrix {
  /// Column j of a column-major matrix ← x.
  fileprivate mutating func setLeadingColumn(_ j: Int, _ x: Vector<Element>) {
    (mutableBase() + j * stride).update(from: x.base, count: rows)
  }
}
