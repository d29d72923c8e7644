internal import LinAlg
public import NonsmoothMaps

/// sign(u) max(|u| − t, 0), entry by entry; at a kink the derivative counts as 0.
public func softThreshold<Element>(
  _ u: Traced<Element>, by t: Traced<Element>, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<Element> {
  guard u.joins(t, "softThreshold") else { return u }
  guard t.shape.isScalar || t.shape == u.shape else {
    return u.failing(
      "softThreshold(\(u.text), by: \(t.text))", "a \(u.shape) by a \(t.shape)", at: Place(file, line))
  }
  return u.with(u.tape.append(.softThreshold, [u.node, t.node], u.shape))
}

/// With a constant threshold.
public func softThreshold<Element>(_ u: Traced<Element>, by t: Element) -> Traced<Element> {
  softThreshold(u, by: u.with(u.tape.literal(t)))
}

/// prox_{s g}(u) for any proximal map g with constant step s, its parameters traced: the entries of a vector, or one number.
///
/// - Parameter kink: which element of the derivative is taken where the map has a kink.
public func proximal<G: ProximalMap>(
  _ g: G, step s: G.Element, parameters λ: Traced<G.Element>, kink: KinkRule = .zero, _ u: Traced<G.Element>,
  _ file: StaticString = #fileID, _ line: UInt = #line
) -> Traced<G.Element> {
  guard u.joins(λ, "proximal") else { return u }
  guard λ.shape.isScalar || λ.shape.isVector, λ.shape.fixedCount == g.parameterCount, let count = u.shape.fixedCount
  else {
    return u.failing(
      "proximal(\(G.self), \(u.text))",
      "a map of \(g.parameterCount) parameters with a \(λ.shape), applied to a \(u.shape)", at: Place(file, line))
  }
  guard g.admits(count: count) else {
    return u.failing(
      "proximal(\(G.self), \(u.text))", "a map made for another number of coordinates, applied to a \(u.shape)",
      at: Place(file, line))
  }
  let g = u.tape.register(TracedProximal(g, step: s, kink: kink))
  let parameters = u.tape.reshape(λ.node, .vector(λ.count))
  return u.with(u.tape.append(.proximal(g), [u.node, parameters], u.shape))
}

/// prox_{s g}(u) for a proximal map without parameters.
public func proximal<G: ProximalMap>(
  _ g: G, step s: G.Element, kink: KinkRule = .zero, _ u: Traced<G.Element>, _ file: StaticString = #fileID,
  _ line: UInt = #line
) -> Traced<G.Element> {
  proximal(g, step: s, parameters: u.constant(Vector<G.Element>.zeros(0)), kink: kink, u, file, line)
}
