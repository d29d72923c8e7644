public import LinAlg

// Numbers made of vectors and matrices, and functions of their rows.

extension Traced {
  /// Whether the entries are there whatever the minibatch; an error where they are not, since a sum over a minibatch is no mean over samples.
  func isWhole(_ operation: String, _ place: Place) -> Bool {
    if !shape.isBatch { return true }
    tape.fail("\(operation)(\(text))", "over the samples of a minibatch only mean(_:) makes sense", at: place)
    return false
  }
}

/// Σ xᵢ.
public func sum<Element>(
  _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard x.isWhole("sum", Place(file, line)) else { return x.with(x.tape.literal(0)) }
  return x.with(x.tape.sum(x.node))
}

/// The mean of the entries; of a value with a row per sample of a minibatch, of all its entries over the number of samples and columns.
public func mean<Element>(_ x: Traced<Element>) -> Traced<Element> {
  let tape = x.tape
  guard x.shape.isBatch else { return x.with(tape.scaled(1 / Element(max(1, x.count)), tape.sum(x.node))) }
  return x.with(tape.scaled(1 / Element(x.shape.columns), tape.overBatch(tape.sum(x.node))))
}

/// xᵀ y.
public func dot<Element>(
  _ x: Traced<Element>, _ y: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  let place = Place(file, line)
  guard x.joins(y, "dot"), x.isWhole("dot", place) else { return x.with(x.tape.literal(0)) }
  guard x.shape == y.shape else {
    return x.failing("dot(\(x.text), \(y.text))", "a \(x.shape) and a \(y.shape)", like: .scalar, at: place)
  }
  return x.with(x.tape.dot(x.node, y.node))
}

/// With a constant vector.
public func dot<Element>(
  _ x: Traced<Element>, _ v: Vector<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> { dot(x, x.constant(v), file, line) }

/// With a constant vector.
public func dot<Element>(
  _ v: Vector<Element>, _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> { dot(x.constant(v), x, file, line) }

/// Σ xᵢ², the square of the Euclidean norm.
public func norm2<Element>(
  _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard x.isWhole("norm2", Place(file, line)) else { return x.with(x.tape.literal(0)) }
  return x.with(x.tape.dot(x.node, x.node))
}

/// √Σ xᵢ², the Euclidean norm. It has no derivative at 0.
public func norm<Element>(
  _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> { sqrt(norm2(x, file, line)) }

/// Σ |xᵢ|.
public func norm1<Element>(
  _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> { sum(abs(x), file, line) }

/// log Σ exp(xᵢ), without overflow.
public func logSumExp<Element>(
  _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard x.isWhole("logSumExp", Place(file, line)) else { return x.with(x.tape.literal(0)) }
  let tape = x.tape
  let row = tape.reshape(x.node, .matrix(1, x.count))
  return x.with(tape.reshape(tape.append(.logSumExpRows, [row], .vector(1)), .scalar))
}

/// exp(xᵢ)/Σ exp(xⱼ), without overflow.
public func softmax<Element>(
  _ x: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard x.isWhole("softmax", Place(file, line)) else { return x }
  let tape = x.tape
  let shape = Shape.matrix(1, x.count)
  return x.with(tape.reshape(tape.append(.softmaxRows, [tape.reshape(x.node, shape)], shape), x.shape))
}

/// log Σ exp of each row of a matrix, a vector with an entry per row.
public func logSumExpRows<Element>(
  _ Z: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard case .matrix(let rows, _) = Z.shape.form else {
    return Z.failing("logSumExpRows(\(Z.text))", "rows of a \(Z.shape)", at: Place(file, line))
  }
  return Z.with(Z.tape.append(.logSumExpRows, [Z.node], Shape(.vector(rows))))
}

/// The softmax of each row of a matrix.
public func softmaxRows<Element>(
  _ Z: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard case .matrix = Z.shape.form else {
    return Z.failing("softmaxRows(\(Z.text))", "rows of a \(Z.shape)", at: Place(file, line))
  }
  return Z.with(Z.tape.append(.softmaxRows, [Z.node], Z.shape))
}

/// The sum of each row of a matrix, a vector with an entry per row.
public func rowSums<Element>(
  _ Z: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard case .matrix(let rows, _) = Z.shape.form else {
    return Z.failing("rowSums(\(Z.text))", "rows of a \(Z.shape)", at: Place(file, line))
  }
  return Z.with(Z.tape.append(.rowSums, [Z.node], Shape(.vector(rows))))
}
