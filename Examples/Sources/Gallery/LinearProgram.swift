import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Tracing

/// A linear program, max cᵀx over Ax ≤ b: the plants of Wyndor Glass (Hillier, Lieberman, *Introduction to Operations Research*), whose solution is the vertex (2, 6) with
/// the shadow prices (0, 3/2, 1).
///
/// The vertex does not move with c, so ∂x/∂c is zero, and that is no failure: x is constant while 0 < c₁ < 7.5 and jumps to another vertex beyond, where it has no
/// derivative. A loss of x cannot be reduced by gradient steps on c; of a program with ε‖x‖²/2 added it can. With b the vertex moves, by the inverse of
/// the active rows.
func linearProgram() throws -> [Comparison] {
  let A = Matrix<Double>([[1, 0], [0, 2], [3, 2], [-1, 0], [0, -1]])
  let b: Vector<Double> = [4, 12, 18, 0, 0]
  let c: Vector<Double> = [3, 5]

  // Steps by 1 along c and back onto the polyhedron end at the vertex. Parameters: b of the polyhedron, then c.
  let f = try TracedFunction<Double>(state: 2, parameters: 2) { x, c in -dot(c, x) }
  let map = ProximalGradientMap(f, Polyhedron(A))
  let solution = map.solve(at: concatenate([b, c]))
  let J = try AID().jacobian(solution.problem)
  let profit = try TracedObjective<Double>(state: 2, parameters: 7) { x, λ in dot(λ[segment: 5..<7], x) }
  let prices = try AID().hypergradient(of: profit, solution.problem)

  // Active are 2x₂ = b₂ and 3x₁ + 2x₂ = b₃.
  let byB: Vector<Double> = [0, 0, -1 / 3.0, 1 / 2.0, 1 / 3.0, 0, 0, 0, 0, 0]
  // The vertex is where it was on this side of 7.5 and another on that.
  let moved = try [7.0, 8.0].flatMap { try Array(map.solve(at: concatenate([b, [$0, 5]])).get()) }

  // Numbers below 20 by a handful of operations.
  let rounding = 20 * 16 * Double.ulpOfOne
  let derivative = try J.get()
  return try [
    Comparison("x", "solve", try solution.get(), is: [2, 6], within: rounding),
    Comparison("∂x/∂c", J.report.method, derivative[columns: 5..<7].flattened, is: [0, 0, 0, 0], within: 0),
    Comparison("∂x/∂b", J.report.method, derivative[columns: 0..<5].flattened, is: byB, within: rounding),
    Comparison("∂(profit)/∂(b, c)", prices, is: [0, 1.5, 1, 0, 0, 2, 6], within: rounding),
    Comparison("x at c₁ = 7 and 8", "solve", Vector(moved), is: [2, 6, 4, 3], within: rounding),
  ]
}
