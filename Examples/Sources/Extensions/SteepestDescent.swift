// An adjoint solver of one's own: steepest descent for symmetric positive definite systems.
import ImplicitDiff
import LinAlg

final class SteepestDescent: KrylovSolver {
  let count: Int
  private var residual: Vector<Double>
  private var image: Vector<Double>

  init(count: Int) {
    self.count = count
    residual = .zeros(count)
    image = .zeros(count)
  }

  func solve(
    _ A: some LinearOperator<Double>, _ b: Vector<Double>, into x: inout Vector<Double>, warmStart: Bool,
    preconditioner: (any LinearOperator<Double>)?, options: KrylovOptions<Double>
  ) -> KrylovReport<Double> {
    if !warmStart { x.fill(0) }
    for step in 0... {
      A.apply(x, into: &image)
      residual.assign(1, b, -1, image)
      let size = residual.norm
      let isSolved = size <= (options.stopping.relativeTolerance ?? 0) * b.norm
      if isSolved || step == options.stopping.iterationLimit ?? 100_000 {
        return KrylovReport(
          outcome: isSolved ? .converged : .iterationLimit, iterations: step, products: 2 * step + 1,
          residualNorm: size, rightHandSideNorm: b.norm)
      }
      A.apply(residual, into: &image)
      x.add(size * size / residual.dot(image), residual)
    }
    fatalError("the loop ends by its limit")
  }
}
