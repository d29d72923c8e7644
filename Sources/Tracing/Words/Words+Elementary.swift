internal import LinAlg

// Functions of every entry. log(1 + exp(x)) is taken for the softplus, which does not overflow.

public func exp<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.exp) }
public func log<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.log) }
public func sqrt<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.sqrt) }
public func tanh<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.tanh) }
public func sin<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.sin) }
public func cos<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.cos) }
/// |x|; its derivative at 0 counts as 0.
public func abs<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.abs) }
/// x².
public func square<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.square) }
/// 1/(1 + exp(−x)).
public func sigmoid<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.sigmoid) }
/// log(1 + exp(x)), without overflow.
public func softplus<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.softplus) }
/// max(x, 0); its derivative at 0 counts as 0.
public func positivePart<Element>(_ x: Traced<Element>) -> Traced<Element> { x.entrywise(.positivePart) }

/// x to a constant power.
public func pow<Element>(_ x: Traced<Element>, _ exponent: Element) -> Traced<Element> {
  if exponent == 1 { return x }
  if exponent == 2 { return square(x) }
  if exponent == -1 { return x.entrywise(.reciprocal) }
  if exponent == 1 / 2 { return sqrt(x) }
  return x.with(x.tape.append(.power(exponent), [x.node], x.shape))
}

extension Traced {
  func entrywise(_ f: Elementary) -> Traced { with(tape.elementary(f, node)) }

  /// 1 where a > b, 0 elsewhere.
  static func mask(_ a: Traced, _ b: Traced, _ shape: Shape) -> Int {
    a.tape.append(.greater, [a.spread(to: shape), b.spread(to: shape)], shape)
  }
}

/// The larger of two, entry by entry; where they are equal the derivative is that of the second.
public func maximum<Element>(
  _ a: Traced<Element>, _ b: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> { select(where: a, isGreaterThan: b, a, otherwise: b, file, line) }

/// The smaller of two, entry by entry; where they are equal the derivative is that of the second.
public func minimum<Element>(
  _ a: Traced<Element>, _ b: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> { select(where: b, isGreaterThan: a, a, otherwise: b, file, line) }

/// Entry by entry, x where a > b and y elsewhere: what an `if` on traced values is written as. Both x and y are computed, and both must be finite.
public func select<Element>(
  where a: Traced<Element>, isGreaterThan b: Traced<Element>, _ x: Traced<Element>, otherwise y: Traced<Element>,
  _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  let place = Place(file, line)
  guard let of = Traced.common(a, b, "select(where: \(a.text), isGreaterThan: \(b.text))", at: place),
    let values = Traced.common(x, y, "select(\(x.text), otherwise: \(y.text))", at: place), a.joins(x, "select")
  else { return x }
  let shape = of.isScalar ? values : of
  guard values.isScalar || values == shape else {
    return x.failing(
      "select(where: \(a.text), isGreaterThan: \(b.text), \(x.text), otherwise: \(y.text))",
      "a condition of a \(of) for a \(values)", at: place)
  }
  let mask = of.isScalar ? a.tape.broadcast(Traced.mask(a, b, of), shape) : Traced.mask(a, b, of)
  let (x, y) = (x.spread(to: shape), y.spread(to: shape))
  let tape = a.tape
  return a.with(tape.combine(1, tape.times(mask, x), 1, tape.times(tape.offset(1, tape.scaled(-1, mask)), y)))
}

/// With a number.
public func maximum<Element>(_ a: Traced<Element>, _ c: Element) -> Traced<Element> {
  c == 0 ? positivePart(a) : maximum(a, a.with(a.tape.filled(c, a.shape)))
}

/// With a number.
public func minimum<Element>(_ a: Traced<Element>, _ c: Element) -> Traced<Element> {
  minimum(a, a.with(a.tape.filled(c, a.shape)))
}
