internal import LinAlg

/// One instruction of a tape. Numbers in it are constants; operands are nodes of the tape.
enum Operation<Element: Scalar>: Hashable {
  // Sources
  case input(Int)
  /// One number.
  case literal(Element)
  /// A vector of the tape's table.
  case constant(Int)
  /// The entries of a constant, or its rows, that belong to the minibatch.
  case sampled(Int)
  /// Equal entries.
  case filled(Element)

  // Sums and products
  /// α a + β b.
  case combine(Element, Element)
  /// α a.
  case scaled(Element)
  /// a + c, entry by entry.
  case offset(Element)
  /// a ∘ b.
  case times
  /// s x for a number s.
  case scale
  /// x/b for the size b of the minibatch.
  case overBatch
  case broadcast
  case sum
  case dot

  // Entry by entry
  case elementary(Elementary)
  case power(Element)
  /// 1 where a > b, 0 elsewhere. Locally constant.
  case greater
  /// S_t(u), t a number or a vector.
  case softThreshold
  /// 1 where |u| > t, 0 elsewhere. Locally constant.
  case beyondThreshold

  // Linear maps
  /// A design of the tape's table, or its transpose.
  case multiply(Int, transposed: Bool)
  /// The rows of a design that belong to the minibatch.
  case multiplyRows(Int, transposed: Bool)
  /// An operator of the tape's table, or its adjoint.
  case operate(Int, adjoint: Bool)
  /// A B, AᵀB, A Bᵀ, AᵀBᵀ for traced matrices.
  case product(transposeA: Bool, transposeB: Bool)
  /// Entries from a place on; as many as the shape says.
  case segment(Int)
  /// Zeros but for a segment from a place on.
  case embed(Int)
  /// Rows or entries by an index list of the tape's table.
  case gather(Int)
  /// The adjoint of gather: rows are added where they came from.
  case scatter(Int)
  case concatenate
  case reshape
  case transpose
  case rowSums
  /// A matrix whose columns are all the operand.
  case spreadColumns

  // Row by row of a matrix
  case softmaxRows
  case logSumExpRows

  // Proximal maps of the tape's table; operands (u, λ), or (the map's node, a vector)
  case proximal(Int)
  case proximalState(Int)
  case proximalParameters(Int)
  case proximalParametersAdjoint(Int)

  /// The operand, as a constant to differentiation.
  case detach
}

/// A function of one number.
enum Elementary: String, Hashable {
  case exp, log, sqrt, reciprocal, square, abs, sign, tanh, sigmoid, softplus, sin, cos
  /// 1 − tanh².
  case tanhSlope
  /// σ (1 − σ).
  case sigmoidSlope
  /// max(x, 0).
  case positivePart
  /// 1 where x > 0, 0 elsewhere.
  case isPositive

  /// A bound on the values over all arguments that lie in `x`.
  func range<Element: Scalar>(of x: ClosedInterval<Element>) -> ClosedInterval<Element> {
    switch self {
    case .exp: x.monotone { Element.exp($0) }
    case .log: x.monotone { $0 > 0 ? Element.log($0) : -.infinity }
    case .sqrt: x.monotone { $0 > 0 ? $0.squareRoot() : 0 }
    case .square: x.magnitudes.monotone { $0 * $0 }
    case .abs: x.magnitudes
    case .sign: ClosedInterval(-1, 1)
    case .tanh: x.monotone { Element.tanh($0) }
    case .sin, .cos: ClosedInterval(-1, 1)
    case .sigmoid: ClosedInterval(0, 1)
    case .sigmoidSlope: ClosedInterval(0, 1 / 4)
    case .tanhSlope, .isPositive: ClosedInterval(0, 1)
    case .positivePart: x.monotone { Swift.max($0, 0) }
    case .softplus: ClosedInterval(0, .infinity)
    case .reciprocal:
      if x.lower > 0 { ClosedInterval(1 / x.upper, 1 / x.lower) } else { .all }
    }
  }
}
