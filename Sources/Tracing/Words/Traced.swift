public import LinAlg

/// A value that is being traced: a shape and an expression, never a number.
///
/// What is done to it is written on a tape. It has no number that an `if` could look at, so a closure cannot be traced on one branch of one: use
/// ``maximum(_:_:_:_:)``, ``minimum(_:_:_:_:)`` and ``select(where:_:otherwise:_:_:)``. Every word for it has a twin for `Vector`
/// and numbers, so the same closure runs untraced.
public struct Traced<Element: Scalar>: CustomStringConvertible {
  let tape: Tape<Element>
  let node: Int

  init(_ tape: Tape<Element>, _ node: Int) {
    self.tape = tape
    self.node = node
  }

  public var shape: Shape { tape.shape(node) }

  /// The number of entries; of a value with a row per sample of a minibatch, that of one sample.
  public var count: Int { shape.count(batch: 1) }

  /// The shape and the expression.
  public var description: String { "\(shape): \(tape.expression(node))" }

  /// A value on the same tape.
  func with(_ node: Int) -> Traced { Traced(tape, node) }

  /// Records that an operation makes no sense and goes on with something of a shape that may fit; the error is thrown where the closure was given.
  func failing(_ operation: String, _ reason: String, like shape: Shape? = nil, at place: Place? = nil) -> Traced {
    tape.fail(operation, reason, at: place)
    return with(tape.filled(0, shape ?? self.shape))
  }

  /// The same value where all of an operation's operands are on one tape; an error otherwise.
  func joins(_ other: Traced, _ operation: String) -> Bool {
    if tape === other.tape { return true }
    tape.fail(operation, "the operands belong to two closures")
    return false
  }

  /// A constant of the tape.
  func constant(_ v: Vector<Element>) -> Traced { with(tape.append(.constant(tape.register(v)), [], .vector(v.count))) }

  /// As an expression in an error.
  var text: String { tape.expression(node, depth: 3) }

  /// This value in the shape of another: itself where it has it, copies of a number.
  func spread(to shape: Shape) -> Int { tape.shape(node).isScalar ? tape.broadcast(node, shape) : node }

  /// The shape that two operands of an operation entry by entry have together; nil, and an error, where they do not fit.
  static func common(_ a: Traced, _ b: Traced, _ operation: @autoclosure () -> String, at place: Place? = nil) -> Shape?
  {
    guard a.tape === b.tape else {
      a.tape.fail(operation(), "the operands belong to two closures", at: place)
      return nil
    }
    if a.shape == b.shape || b.shape.isScalar { return a.shape }
    if a.shape.isScalar { return b.shape }
    a.tape.fail(operation(), "a \(a.shape) and a \(b.shape)", at: place)
    return nil
  }
}
