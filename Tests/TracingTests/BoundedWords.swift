import LinAlg
import Tracing

/// Closures of every word that has a rule for bounds, in any precision: the same text for a Float and a Double that is its truth.
struct BoundedWords<E: Scalar> {
  let X: Matrix<E>
  let y: Vector<E>

  typealias Closure = (Traced<E>, Traced<E>) -> Traced<E>

  /// n = 7, p = 5, three parameters.
  init(_ X: Matrix<Float>, _ y: Vector<Float>) {
    self.X = Matrix(rows: X.rows, columns: X.columns) { E(X[$0, $1]) }
    self.y = Vector(count: y.count) { E(y[$0]) }
  }

  static var names: [String] {
    BoundedWords<Double>(Matrix<Float>.zeros(7, 5), Vector<Float>.zeros(7)).closures.map(\.0)
  }

  var closures: [(String, Closure)] { smooth + pieces }

  private var smooth: [(String, Closure)] {
    let (X, y) = (X, y)
    return [
      ("squares", { w, λ in mean(square(X * w - y)) / 2 + exp(λ[0]) * norm2(w) }),
      ("logistic", { w, λ in mean(log(1 + exp(-y * (X * w)))) + λ[1] * norm2(w) / 2 }),
      ("log-cosh", { w, λ in mean(softplus(2 * (X * w - y)) - (X * w - y)) + λ[0] * norm2(w) / 2 }),
      ("poisson", { w, λ in mean(exp(X * w) - 2 * (X * w)) + λ[0] * norm2(w) / 2 }),
      ("sigmoid, tanh", { w, λ in sum(sigmoid(X * w) * tanh(X * w - λ[0])) + λ[2] * sum(w) }),
      ("quotient", { w, λ in sum((X * w) / (4 + square(X * w) * λ[1])) }),
      ("roots", { w, λ in norm(X * w - y) + sqrt(1 + norm2(w) * square(λ[0])) }),
      ("powers", { w, λ in sum(pow(2 + sin(X * w), 1.5)) + pow(λ[0] + 2, -2) * sum(pow(w, 3)) + sum(cos(w)) }),
      ("log-sum-exp", { w, λ in logSumExp(X * w * λ[0]) + dot(softmax(w), λ[segment: 0..<2][1] * w) }),
      ("parts", { w, λ in norm2(concatenate([w[segment: 1..<3] * λ[0], square(λ), w])) * cos(w[4]) }),
      ("weights", { w, λ in sum(exp(λ[0] * y) * square(X * w - y)) / 7 + λ[2] * λ[2] * norm2(w - 0.3) / 3 }),
      ("no design", { w, λ in λ[0] * norm2(w - 0.3) / 2 + sum(exp(λ[1]) * square(w)) }),
      ("two designs", { w, λ in λ[1] * norm2(X * w - y) + mean(softplus(X[rows: 0..<3] * w)) + λ[0] * norm2(w) }),
      ("row major", { w, λ in norm2(X.with(layout: .rowMajor) * w * λ[0] - y) / 14 }),
      (
        "rows",
        { w, λ in
          norm2((X * w).rows([3, 3, 0]).spread(toRows: [1, 2, 1], of: 4) - 1) + λ[0] * dot(w.rows([0, 1, 2]), λ)
        }
      ),
      (
        "matrices",
        { w, λ in
          let A = concatenate([w, λ]).reshaped(4, 2)
          let B = matrixProduct(A.transposed, exp(A))
          return sum(logSumExpRows(A)) + sum(square(softmaxRows(A))) + norm2(rowSums(B)) + sum(B * B.transposed)
        }
      ),
      (
        "sparse",
        { w, λ in
          let S = SparseMatrix(X)
          return norm2(S.transposed * sigmoid(S * w)) * λ[0]
        }
      ),
      ("detached", { w, λ in norm2(detach(exp(λ)[segment: 0..<1][0]) * w) + sum(w * w * λ[0]) }),
    ]
  }

  private var pieces: [(String, Closure)] {
    let (X, y) = (X, y)
    return [
      ("huber", { w, λ in mean(square(X * w) - square(positivePart(X * w - 0.5))) + λ[1] * norm2(w) }),
      ("squared hinge", { w, λ in mean(square(positivePart(1 - y * (X * w)))) * λ[0] }),
      ("maxima", { w, λ in sum(maximum(square(w), λ[0] * w)) + sum(minimum(X * w, 0.3) * 0.5) + norm1(w * λ[1]) }),
      ("thresholds", { w, λ in sum(square(softThreshold(w, by: 0.1 * square(λ[2])))) }),
      ("select", { w, λ in sum(select(where: w, isGreaterThan: λ[0] * 0.1, square(w), otherwise: w * λ[1])) }),
    ]
  }

  func function(_ name: String) throws -> TracedFunction<E> {
    let closure = closures.first { $0.0 == name }!.1
    return try TracedFunction<E>(state: 5, parameters: 3) { closure($0, $1) }
  }
}
