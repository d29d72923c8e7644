public import LinAlg

/// Products with R and D, block by block, and with B.
extension GroupLinearization {
  /// Σ h x over a block, x by the given places.
  @inline(__always)
  private func along(_ block: Block, _ x: Vector<Element>, _ places: [Int]) -> Element {
    let p = x.base
    var sum: Element = 0
    for m in block.range { sum += directions[m] * p[places[m]] }
    return sum
  }

  /// D x, block by block.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    y.fill(0)
    for block in blocks {
      let (c, d) = squares(block)
      if block.range.count == 1 {
        let j = members[block.range.lowerBound]
        y[j] = d * x[j]
      } else {
        combine(block, c, d, x, from: members, into: &y, at: members)
      }
    }
  }

  /// out ← (c (I − h hᵀ) + d h hᵀ) x on a block.
  @inline(__always)
  private func combine(
    _ block: Block, _ c: Element, _ d: Element, _ x: Vector<Element>, from source: [Int],
    into out: inout Vector<Element>, at target: [Int]
  ) {
    let shift = (d - c) * along(block, x, source)
    let (p, q) = (x.base, out.mutableBase())
    for m in block.range { q[target[m]] = c * p[source[m]] + shift * directions[m] }
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { gather(x, into: &z, inverse: false) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { gather(x, into: &z, inverse: true) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, into: &x, inverse: false) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, into: &x, inverse: true) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func gather(_ x: Vector<Element>, into z: inout Vector<Element>, inverse: Bool) {
    for block in blocks {
      let (a, b) = inverse ? (1 / block.a, 1 / block.b) : (block.a, block.b)
      if block.range.count == 1 {
        z[slots[block.range.lowerBound]] = b * x[places[block.range.lowerBound]]
      } else if block.isLine {
        z[slots[block.range.lowerBound]] = b * along(block, x, places)
      } else {
        combine(block, a, b, x, from: places, into: &z, at: slots)
      }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func spread(_ z: Vector<Element>, into x: inout Vector<Element>, inverse: Bool) {
    for block in blocks {
      let (a, b) = inverse ? (1 / block.a, 1 / block.b) : (block.a, block.b)
      if block.range.count == 1 {
        x[places[block.range.lowerBound]] = b * z[slots[block.range.lowerBound]]
      } else if block.isLine {
        let size = b * z[slots[block.range.lowerBound]]
        for m in block.range { x[places[m]] = size * directions[m] }
      } else {
        combine(block, a, b, z, from: slots, into: &x, at: places)
      }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    for block in blocks {
      if block.isLine {
        let slot = slots[block.range.lowerBound]
        y[slot] = block.b * block.b * z[slot]
      } else {
        combine(block, block.a * block.a, block.b * block.b, z, from: slots, into: &y, at: slots)
      }
    }
  }

  /// B's column of a group's strength is D (pull h), that of a coordinates' strength D (signs on those coordinates).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    let offset = coordinateStrengths?.count ?? 0
    for (k, block) in blocks.enumerated() {
      let (c, d) = squares(block)
      var dot: Element = 0
      if let coordinateStrengths {
        for m in block.range { dot += directions[m] * signs[m] * μ[coordinateStrengths.place(members[m])] }
      }
      let size = (d - c) * dot + d * pulls[k] * μ[offset + groupStrengths.place(block.group)]
      for m in block.range {
        var entry = size * directions[m]
        if let coordinateStrengths { entry += c * signs[m] * μ[coordinateStrengths.place(members[m])] }
        x[members[m]] += entry
      }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    let offset = coordinateStrengths?.count ?? 0
    for (k, block) in blocks.enumerated() {
      let (c, d) = squares(block)
      let dot = along(block, v, members)
      g[offset + groupStrengths.place(block.group)] += α * d * pulls[k] * dot
      guard let coordinateStrengths else { continue }
      for m in block.range {
        let image = c * v[members[m]] + (d - c) * dot * directions[m]
        g[coordinateStrengths.place(members[m])] += α * signs[m] * image
      }
    }
  }

  /// a² and b²; a block of one coordinate is b² whatever its h.
  private func squares(_ block: Block) -> (Element, Element) {
    let d = block.b * block.b
    return (block.range.count == 1 ? d : block.a * block.a, d)
  }
}
