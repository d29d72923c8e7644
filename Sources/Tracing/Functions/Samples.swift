public import ImplicitDiff
public import LinAlg

/// The samples that a finite sum is traced over: what picks the rows of data that belong to them.
///
///     try TracedFiniteSum<Double>(samples: n, state: p, parameters: 1) { w, λ, ξ in
///       mean(softplus(-ξ.rows(of: y) * (ξ.rows(of: X) * w))) + λ[0] * norm2(w) / 2
///     }
///
/// What has a row per sample fits only what has one too, and ends in ``mean(_:)``. `Minibatch` has the same words, untraced.
public struct Samples<Element: Scalar> {
  let tape: Tape<Element>
  /// n.
  public let count: Int
  /// Whether the tape is that of all samples, in their order.
  let isWhole: Bool

  /// The rows of a design that belong to the samples, to be multiplied with.
  public func rows(of X: any DesignMatrix<Element>) -> SampledDesign<Element> {
    SampledDesign(samples: self, base: X)
  }

  /// The rows of a matrix. A row-major one is copied once.
  public func rows(of A: Matrix<Element>) -> SampledDesign<Element> {
    let (design, _) = tape.register(A.with(layout: .columnMajor))
    return SampledDesign(samples: self, base: tape.designs[design])
  }

  /// The entries of a vector that belong to the samples.
  public func rows(of v: Vector<Element>, _ file: StaticString = #fileID, _ line: UInt = #line) -> Traced<Element> {
    if v.count != count {
      tape.fail("rows(of:)", "a vector of \(v.count) for \(count) samples", at: Place(file, line))
    }
    let place = tape.register(v)
    let node =
      isWhole
      ? tape.append(.constant(place), [], .vector(v.count)) : tape.append(.sampled(place), [], Shape(.vector(.batch)))
    return Traced(tape, node)
  }
}

/// The rows of a design that belong to some samples.
public struct SampledDesign<Element: Scalar> {
  let samples: Samples<Element>
  let base: any DesignMatrix<Element>

  /// A row per sample: its features times x, or times every column of a matrix.
  public static func * (X: SampledDesign, x: Traced<Element>) -> Traced<Element> {
    let (base, tape) = (X.base, x.tape)
    let operation = "rows * \(x.text)"
    guard base.rows == X.samples.count else {
      return x.failing(operation, "a design of \(base.rows) rows for \(X.samples.count) samples")
    }
    guard !x.shape.isScalar, x.shape.extent == .fixed(base.columns), X.samples.tape === tape else {
      return x.failing(operation, "a \(base.rows) × \(base.columns) design and a \(x.shape)")
    }
    let design = tape.register(base)
    return x.with(
      X.samples.isWhole
        ? tape.multiply(design, transposed: false, x.node) : tape.multiplyRows(design, transposed: false, x.node))
  }
}

extension Minibatch {
  /// The entries of a vector that belong to the samples.
  public func rows<Element>(of v: Vector<Element>) -> Vector<Element> { indexArray.map { v.rows($0) } ?? v }
  /// The rows of a matrix that belong to the samples.
  public func rows<Element>(of A: Matrix<Element>) -> Matrix<Element> {
    guard let indices = indexArray else { return A }
    return Matrix(rows: indices.count, columns: A.columns) { A[indices[$0], $1] }
  }
}
