import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// Derivatives of traced functions against central differences of their values.
@Suite struct FunctionTests {
  static func vector(_ n: Int, _ seed: Int) -> Vector<Double> {
    Vector(count: n) { Double(($0 * 7919 + seed * 104729) % 997) / 498.5 - 1 }
  }
  static func matrix(_ n: Int, _ p: Int, _ seed: Int) -> Matrix<Double> {
    let v = vector(n * p, seed)
    return Matrix(rows: n, columns: p) { v[$1 * n + $0] }
  }

  static let (n, p, m) = (7, 5, 3)
  static let X = matrix(7, 5, 1)
  static let y = vector(7, 2)

  struct Subject: Sendable, CustomStringConvertible {
    let description: String
    let f: @Sendable (Traced<Double>, Traced<Double>) -> Traced<Double>
  }

  static let subjects: [Subject] = [
    Subject(description: "squares") { w, λ in mean(square(X * w - y)) / 2 + exp(λ[0]) * norm2(w) },
    Subject(description: "logistic") { w, λ in mean(log(1 + exp(-y * (X * w)))) + λ[1] * norm2(w) / 2 },
    Subject(description: "sigmoid, tanh") { w, λ in sum(sigmoid(X * w) * tanh(X * w - λ[0])) + λ[2] * sum(w) },
    Subject(description: "quotient") { w, λ in sum((X * w) / (4 + square(X * w) * λ[1])) },
    Subject(description: "roots") { w, λ in norm(X * w - y) + sqrt(1 + norm2(w) * square(λ[0])) },
    Subject(description: "powers") { w, λ in sum(pow(2 + sin(X * w), 1.5)) + pow(λ[0] + 2, -2) * sum(pow(w, 3)) },
    Subject(description: "log-sum-exp") { w, λ in logSumExp(X * w * λ[0]) + dot(softmax(w), λ[segment: 0..<2][1] * w) },
    Subject(description: "rows") { w, λ in
      norm2((X * w).rows([3, 3, 0]).spread(toRows: [1, 2, 1], of: 4) - 1) + λ[0] * dot(w.rows([0, 1, 2]), λ)
    },
    Subject(description: "parts") { w, λ in
      norm2(concatenate([w[segment: 1..<3] * λ[0], square(λ), w])) * cos(w[4])
    },
    Subject(description: "matrices") { w, λ in
      let A = concatenate([w, λ]).reshaped(4, 2)
      let B = matrixProduct(A.transposed, exp(A))
      return sum(logSumExpRows(A)) + sum(square(softmaxRows(A))) + norm2(rowSums(B)) + sum(B * B.transposed)
    },
    Subject(description: "pieces") { w, λ in
      sum(maximum(square(w), λ[0] * w)) + sum(minimum(X * w, 0.3) * 0.5) + norm1(w * λ[1])
        + sum(square(softThreshold(w, by: 0.1 * square(λ[2])))) + sum(square(positivePart(w)))
    },
    Subject(description: "select") { w, λ in
      sum(select(where: w, isGreaterThan: λ[0] * 0.1, square(w), otherwise: w * λ[1]))
    },
    Subject(description: "operators") { w, λ in
      let A = Matrix<Double>([[2, 1], [1, 3], [0, 1], [1, 0], [1, 1]])
      let own = RowOperator(A: A)
      return norm2(own * (A.transposed * w) + 1) + norm2(own * λ[segment: 0..<2] - w) * λ[2]
    },
    Subject(description: "sparse") { w, λ in
      let S = SparseMatrix(X)
      return norm2(S.transposed * sigmoid(S * w)) * λ[0]
    },
    Subject(description: "detached") { w, λ in norm2(detach(w) * w) * 0 + sum(w * w * λ[0]) },
  ]

  /// Central differences with h = ε^{1/3} err by h² f‴/6 and ε |f|/h, both below 1e-9 of the size of the values here; gradients are checked to 1e-7 of it.
  private func difference(_ h: Double, _ f: (Double) -> Vector<Double>) -> Vector<Double> {
    (f(h) - f(-h)) / (2 * h)
  }

  @Test(arguments: subjects)
  func derivativesAgreeWithDifferences(_ subject: Subject) throws {
    let (p, m) = (Self.p, Self.m)
    let f = try TracedFunction<Double>(state: p, parameters: m) { subject.f($0, $1) }
    let (w, λ) = (Self.vector(p, 3), Vector<Double>([0.7, 1.1, -0.4]))
    let (x, μ) = (Self.vector(p, 4), Self.vector(m, 5))
    let h = 6e-6
    var g = Vector<Double>.zeros(p)
    f.gradient(at: w, parameters: λ, into: &g)
    func gradient(_ w: Vector<Double>, _ λ: Vector<Double>) -> Vector<Double> {
      var g = Vector<Double>.zeros(p)
      f.gradient(at: w, parameters: λ, into: &g)
      return g
    }
    let slope = difference(h) { [f.value(at: w + $0 * x, parameters: λ)] }[0]
    #expect(abs(slope - g.dot(x)) <= 1e-7 * (1 + abs(slope)))

    let H = f.makeHessian()
    var again = g
    f.linearize(at: w, parameters: λ, into: H, gradient: &again)
    #expect(again == g)
    var Hx = x
    H.apply(x, into: &Hx)
    let curvature = difference(h) { gradient(w + $0 * x, λ) }
    #expect(Hx.distance(to: curvature) <= 1e-7 * (1 + curvature.norm))

    var mixed = Vector<Double>.zeros(p)
    f.addMixedDerivative(μ, at: w, parameters: λ, hessian: H, scale: 1, to: &mixed)
    let expected = difference(h) { gradient(w, λ + $0 * μ) }
    #expect(mixed.distance(to: expected) <= 1e-7 * (1 + expected.norm))
    var adjoint = Vector<Double>.zeros(m)
    f.addMixedDerivativeAdjoint(x, at: w, parameters: λ, hessian: H, scale: 1, to: &adjoint)
    // Two sums of the same products in another order.
    #expect(abs(adjoint.dot(μ) - mixed.dot(x)) <= 1e-12 * (1 + mixed.norm * x.norm))

    // What is handed to solvers is the same Hessian.
    let S = IndexSubset([0, 2, 3], universe: p)
    var M = Matrix<Double>.zeros(3, 3)
    H.assemble(on: S, into: &M)
    for j in 0..<3 {
      var unit = Vector<Double>.zeros(p)
      unit[S[j]] = 1
      H.apply(unit, into: &Hx)
      for i in 0..<3 { #expect(abs(M[i, j] - Hx[S[i]]) <= 1e-12 * (1 + curvature.norm)) }
    }
    var d = Vector<Double>.zeros(3)
    if H.diagonal(on: S, into: &d) { for i in 0..<3 { #expect(abs(d[i] - M[i, i]) <= 1e-12 * (1 + curvature.norm)) } }
  }
}

/// A matrix that does not say that it is one.
struct RowOperator: AdjointableOperator {
  let A: Matrix<Double>
  var rows: Int { A.rows }
  var columns: Int { A.columns }
  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) { y.assignProduct(A, x) }
  func applyAdjoint(_ y: Vector<Double>, into x: inout Vector<Double>) { x.assignProduct(A.transposed, y) }
}
