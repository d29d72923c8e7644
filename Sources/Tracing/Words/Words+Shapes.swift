public import LinAlg

// Values put together and taken apart.

extension Traced {
  /// The same entries as a matrix, column by column.
  public func reshaped(
    _ rows: Int, _ columns: Int, _ file: StaticString = #fileID, _ line: UInt = #line
  ) -> Traced { reshaped(.matrix(rows, columns), Place(file, line)) }

  /// The entries of a matrix, column by column.
  public var flattened: Traced { reshaped(.vector(count), tape.place) }

  private func reshaped(_ wanted: Shape, _ place: Place) -> Traced {
    guard let count = shape.fixedCount, wanted.isPossible, count == wanted.fixedCount else {
      // What cannot be has no entries to count, so that what comes after it does not trap.
      return failing(
        "reshape(\(text))", "a \(shape) as a \(wanted)", like: wanted.isPossible ? wanted : .matrix(0, 0), at: place)
    }
    return with(tape.reshape(node, wanted))
  }

  /// A constant matrix, on the tape of this value.
  public func like(_ A: Matrix<Element>) -> Traced { constant(A.flattened).reshaped(A.rows, A.columns) }

  /// The transpose of a matrix.
  public var transposed: Traced {
    guard case .matrix(.fixed(let rows), let columns) = shape.form else {
      return failing("transpose(\(text))", "the transpose of a \(shape)")
    }
    return with(tape.append(.transpose, [node], .matrix(columns, rows)))
  }

  /// Entries of a vector or rows of a matrix by their indices, repetitions allowed.
  public func rows(
    _ indices: [Int], _ file: StaticString = #fileID, _ line: UInt = #line
  ) -> Traced {
    guard case .fixed(let n) = shape.extent, !shape.isScalar, indices.allSatisfy({ 0 <= $0 && $0 < n }) else {
      return failing("rows(\(text))", "rows \(indices) of a \(shape)", at: Place(file, line))
    }
    return with(tape.append(.gather(tape.register(indices)), [node], shape.with(.fixed(indices.count))))
  }

  /// A vector of n entries or a matrix of n rows: zeros, but row k of this value added to row `indices[k]`.
  public func spread(
    toRows indices: [Int], of n: Int, _ file: StaticString = #fileID, _ line: UInt = #line
  ) -> Traced {
    let result = shape.with(.fixed(max(0, n)))
    guard n >= 0, !shape.isScalar, shape.extent == .fixed(indices.count), indices.allSatisfy({ 0 <= $0 && $0 < n })
    else {
      return failing(
        "spread(\(text))", "\(indices.count) indices below \(n) for a \(shape)", like: result, at: Place(file, line))
    }
    return with(tape.append(.scatter(tape.register(indices)), [node], result))
  }
}

/// The entries of one after those of the other.
public func concatenate<Element>(
  _ parts: [Traced<Element>], _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  precondition(!parts.isEmpty, "concatenate: nothing to put together")
  let first = parts[0]
  for part in parts where !first.joins(part, "concatenate") || part.shape.fixedCount == nil {
    return first.failing("concatenate", "a \(part.shape) has no fixed count", at: Place(file, line))
  }
  return first.with(
    first.tape.append(.concatenate, parts.map(\.node), .vector(parts.reduce(0) { $0 + $1.count })))
}

/// A B for traced matrices, or a matrix and a vector.
public func matrixProduct<Element>(
  _ A: Traced<Element>, _ B: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  let isVector = B.shape.isVector
  guard A.joins(B, "matrixProduct"), case .matrix(let rows, let inner) = A.shape.form, !B.shape.isScalar,
    B.shape.extent == .fixed(inner)
  else {
    return A.failing("matrixProduct(\(A.text), \(B.text))", "a \(A.shape) and a \(B.shape)", at: Place(file, line))
  }
  let tape = A.tape
  let right = isVector ? tape.reshape(B.node, .matrix(inner, 1)) : B.node
  let product = tape.product(A.node, transposed: false, right, transposed: false)
  return A.with(isVector ? tape.reshape(product, Shape(.vector(rows))) : product)
}

/// The value, as a constant to differentiation.
public func detach<Element>(_ x: Traced<Element>) -> Traced<Element> {
  x.with(x.tape.append(.detach, [x.node], x.shape))
}
