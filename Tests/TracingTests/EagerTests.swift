import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// The same words traced and on vectors: the text of both closures is one, and so are their numbers, to the rounding of sums in another order.
@Suite struct EagerTests {
  typealias T = Traced<Double>
  typealias V = Vector<Double>

  struct Pair: Sendable, CustomStringConvertible {
    let description: String
    let traced: @Sendable (T, T) -> T
    let eager: @Sendable (V, V) -> Double
  }

  static let X = FunctionTests.matrix(7, 5, 1)
  static let y = FunctionTests.vector(7, 2)
  static let S = SparseMatrix(FunctionTests.matrix(7, 5, 1))
  static let A = RowOperator(A: FunctionTests.matrix(7, 5, 4))

  static func arithmetic(_ w: T, _ λ: T) -> T {
    let r = (X * w - y) * y / (2 + square(y)) + 1
    return sum(r - 2 * (3 - y) * 0.5 + λ[0] / 2)
  }
  static func arithmetic(_ w: V, _ λ: V) -> Double {
    let r = (X * w - y) * y / (2 + square(y)) + 1
    return sum(r - 2 * (3 - y) * 0.5 + λ[0] / 2)
  }

  static func designs(_ w: T, _ λ: T) -> T {
    let a = norm2(X.transposed * (S * w))
    return a + norm(S.transposed * (A * w)) - norm1(-w) / 3
  }
  static func designs(_ w: V, _ λ: V) -> Double {
    let a = norm2(X.transposed * (S * w))
    return a + norm(S.transposed * (A * w)) - norm1(-w) / 3
  }

  static func functions(_ w: T, _ λ: T) -> T {
    let a = exp(w) + log(2 + w) + sqrt(2 + w) + tanh(w)
    let b = sin(w) * cos(w) + abs(w) + sigmoid(w) + softplus(w)
    let c = positivePart(w) + pow(2 + w, 1.5) + pow(w, 3)
    return sum(a + b) + sum(c) + exp(λ[0]) * sigmoid(λ[1])
  }
  static func functions(_ w: V, _ λ: V) -> Double {
    let a = exp(w) + log(2 + w) + sqrt(2 + w) + tanh(w)
    let b = sin(w) * cos(w) + abs(w) + sigmoid(w) + softplus(w)
    let c = positivePart(w) + pow(2 + w, 1.5) + pow(w, 3)
    return sum(a + b) + sum(c) + exp(λ[0]) * sigmoid(λ[1])
  }

  static func reductions(_ w: T, _ λ: T) -> T {
    let a = logSumExp(w) + dot(softmax(w), w)
    return a + mean(w) + dot(w[segment: 1..<4], λ)
  }
  static func reductions(_ w: V, _ λ: V) -> Double {
    let a = logSumExp(w) + dot(softmax(w), w)
    return a + mean(w) + dot(w[segment: 1..<4], λ)
  }

  static func parts(_ w: T, _ λ: T) -> T {
    let picked = concatenate([w, λ]).rows([7, 0, 3])
    return norm2(picked.spread(toRows: [1, 1, 0], of: 3) + λ) * w[2]
  }
  static func parts(_ w: V, _ λ: V) -> Double {
    let picked = concatenate([w, λ]).rows([7, 0, 3])
    return norm2(picked.spread(toRows: [1, 1, 0], of: 3) + λ) * w[2]
  }

  static func pieces(_ w: T, _ λ: T) -> T {
    let a = maximum(w, 0.1 * w) + minimum(w, 0.2)
    let b = maximum(w, 0) + minimum(w, detach(w))
    let c = select(where: w, isGreaterThan: -w, square(w), otherwise: exp(w))
    let d = softThreshold(w, by: 0.1 * square(λ[0]))
    return sum(a + b) + sum(c) + norm2(d) + sum(softThreshold(w, by: square(w)))
  }
  static func pieces(_ w: V, _ λ: V) -> Double {
    let a = maximum(w, 0.1 * w) + minimum(w, 0.2)
    let b = maximum(w, 0) + minimum(w, detach(w))
    let c = select(where: w, isGreaterThan: -w, square(w), otherwise: exp(w))
    let d = softThreshold(w, by: 0.1 * square(λ[0]))
    return sum(a + b) + sum(c) + norm2(d) + sum(softThreshold(w, by: square(w)))
  }

  static func matrices(_ w: T, _ λ: T) -> T {
    let Z = concatenate([w, λ]).reshaped(4, 2)
    let P = entrywiseProduct(softmaxRows(Z), Z) + (-0.5) * exp(Z) + 1
    let a = sum(logSumExpRows(Z) + rowSums(P))
    let b = norm2(matrixProduct(P.transposed, Z).flattened)
    return a + b + norm2(P.rows([3, 1]).spread(toRows: [0, 0], of: 2))
  }
  static func matrices(_ w: V, _ λ: V) -> Double {
    let Z = concatenate([w, λ]).reshaped(4, 2)
    let P = entrywiseProduct(softmaxRows(Z), Z) + (-0.5) * exp(Z) + 1
    let a = sum(logSumExpRows(Z) + rowSums(P))
    let b = norm2(matrixProduct(P.transposed, Z).flattened)
    return a + b + norm2(P.rows([3, 1]).spread(toRows: [0, 0], of: 2))
  }

  static func numbers(_ w: T, _ λ: T) -> T {
    let a = maximum(λ[0], λ[1]) + minimum(λ[1], λ[2]) + softThreshold(λ[0], by: 0.1)
    let b = select(where: λ[0], isGreaterThan: λ[1], λ[2], otherwise: λ[0] * λ[1])
    let c = select(where: λ[0], isGreaterThan: λ[1], w, otherwise: 2 * w) + maximum(λ[0], w) - minimum(λ[0], w)
    let d = concatenate([λ[2], λ[0]])
    return a + b + sum(c) + dot(d, λ[segment: 0..<2])
  }
  static func numbers(_ w: V, _ λ: V) -> Double {
    let a = maximum(λ[0], λ[1]) + minimum(λ[1], λ[2]) + softThreshold(λ[0], by: 0.1)
    let b = select(where: λ[0], isGreaterThan: λ[1], λ[2], otherwise: λ[0] * λ[1])
    let c = select(where: λ[0], isGreaterThan: λ[1], w, otherwise: 2 * w) + maximum(λ[0], w) - minimum(λ[0], w)
    let d = concatenate([λ[2], λ[0]])
    return a + b + sum(c) + dot(d, λ[segment: 0..<2])
  }

  static let pairs: [Pair] = [
    Pair(description: "numbers", traced: numbers, eager: numbers),
    Pair(description: "arithmetic", traced: arithmetic, eager: arithmetic),
    Pair(description: "designs", traced: designs, eager: designs),
    Pair(description: "functions", traced: functions, eager: functions),
    Pair(description: "reductions", traced: reductions, eager: reductions),
    Pair(description: "parts", traced: parts, eager: parts),
    Pair(description: "pieces", traced: pieces, eager: pieces),
    Pair(description: "matrices", traced: matrices, eager: matrices),
  ]

  @Test(arguments: pairs)
  func twinsAgree(_ pair: Pair) throws {
    let f = try TracedFunction<Double>(state: 5, parameters: 3) { pair.traced($0, $1) }
    let (w, λ) = (FunctionTests.vector(5, 3), FunctionTests.vector(3, 5))
    let (traced, eager) = (f.value(at: w, parameters: λ), pair.eager(w, λ))
    // Sums of some tens of terms of the size of the result, in another order.
    #expect(abs(traced - eager) <= 64 * Double.ulpOfOne * (16 + abs(eager)))
  }

  /// A proximal map without parameters has its word untraced too.
  @Test func constraintsAgree() throws {
    let map = try TracedMap<Double>(state: 5, parameters: 0) { w, _ in
      proximal(Box<Double>.nonNegative, step: 0.1, 0.5 * w + 0.1)
    }
    let w = FunctionTests.vector(5, 3)
    var next = w
    map.apply(w, parameters: [], into: &next)
    #expect(next == proximal(Box<Double>.nonNegative, step: 0.1, 0.5 * w + 0.1))
  }

  @Test func mapsAgree() throws {
    let (X, y) = (Self.X, Self.y)
    let map = try TracedMap<Double>(state: 5, parameters: 2) { w, λ in
      proximal(
        GroupLasso<Double>(Groups(count: 5, size: 2)), step: 0.1, parameters: λ[segment: 0..<1],
        w - 0.1 * (X.transposed * (X * w - y) + λ[1] * w))
    }
    func eager(_ w: V, _ λ: V) -> V {
      proximal(
        GroupLasso<Double>(Groups(count: 5, size: 2)), step: 0.1, parameters: λ[segment: 0..<1],
        w - 0.1 * (X.transposed * (X * w - y) + λ[1] * w))
    }
    let (w, λ) = (FunctionTests.vector(5, 3), V([0.4, 0.2]))
    var next = w
    map.apply(w, parameters: λ, into: &next)
    #expect(next.distance(to: eager(w, λ)) <= 64 * Double.ulpOfOne)
  }
}
