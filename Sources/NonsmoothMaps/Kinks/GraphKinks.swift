public import LinAlg

/// The clusters of a graph's variation at an argument, those that meet to within the tolerance taken together.
private struct GraphClusters<Element: Scalar> {
  let graph: WeightedGraph<Element>
  let value: Vector<Element>
  private(set) var labels: [Int]
  private(set) var parts: [[Int]] = []
  /// By how much two clusters that share an edge are apart, as a distance of u.
  private(set) var gaps: [(edge: Int, distance: Element)] = []

  init(_ graph: WeightedGraph<Element>, _ u: Vector<Element>, threshold t: Element, tolerance: Element) {
    self.graph = graph
    let cutting = GraphCutting(graph, u, threshold: t)
    value = cutting.value
    var sizes: [Int: Element] = [:]
    for label in cutting.labels { sizes[label, default: 0] += 1 }
    var isJoined = Array(repeating: false, count: graph.edges.count)
    for (k, edge) in graph.edges.enumerated() {
      let (a, b) = (cutting.labels[edge.0], cutting.labels[edge.1])
      let distance =
        a == b ? 0 : (value[edge.0] - value[edge.1]).magnitude / (1 / sizes[a]! + 1 / sizes[b]!).squareRoot()
      isJoined[k] = distance <= tolerance
      if a != b { gaps.append((k, distance)) }
    }
    labels = Array(repeating: -1, count: u.count)
    for start in 0..<u.count where labels[start] < 0 {
      var part = [start]
      labels[start] = parts.count
      var at = 0
      while at < part.count {
        for k in graph.incident[part[at]] where isJoined[k] {
          let j = graph.other(k, from: part[at])
          if labels[j] < 0 {
            labels[j] = parts.count
            part.append(j)
          }
        }
        at += 1
      }
      parts.append(part)
    }
  }

  func mean(_ part: [Int]) -> Element {
    var mean: Element = 0
    for (k, i) in part.enumerated() { mean += (value[i] - mean) / Element(k + 1) }
    return mean
  }

  /// Σ ± ω of the edges of a vertex to other clusters, + where the neighbour is higher.
  func tension(_ i: Int) -> Element {
    graph.incident[i].reduce(0) { sum, k in
      let j = graph.other(k, from: i)
      return labels[j] == labels[i] ? sum : sum + (value[j] > value[i] ? graph.weights[k] : -graph.weights[k])
    }
  }
}

extension GraphTotalVariation: PolyhedralPenalty {
  /// Clusters move as a whole, but where their excesses saturate edges the blocks on the two sides may part. Where blocks may part in ways that depend on each other, as about a circle of the graph,
  /// that is refused.
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    if u.firstNonFinite != nil { throw .notFinite }
    let t = s * λ[0]
    guard t * (graph.weights.min() ?? .infinity) > 2 * tolerance else {
      throw .meetingKinks("the penalty is zero to within the tolerance \(tolerance)")
    }
    let clusters = GraphClusters(graph, u, threshold: t, tolerance: tolerance)
    var cone = CriticalCone(point: Vector<Element>.zeros(u.count))
    for part in clusters.parts {
      let mean = clusters.mean(part)
      for i in part { cone.point[i] = mean }
      let scale = 1 / Element(part.count).squareRoot()
      cone.free.append(.init(part.map { .init($0, scale) }))
      if part.count == 1 { continue }
      // What can flow over a set's edges is its distance times √(k (n − k)/n), at most √n/2.
      let blocks = GraphBlocks(
        part, graph, excess: { u[$0] + t * clusters.tension($0) - mean }, capacity: { t * graph.weights[$0] },
        tolerance: tolerance * Element(part.count).squareRoot())
      for (k, cover) in blocks.covers.enumerated() {
        guard let above = blocks.above(k), blocks.covers.count < blocks.blocks.count else {
          throw .meetingKinks(
            "the cluster of vertex \(part[0]) may part in ways that depend on each other, as about a circle of the graph"
          )
        }
        let members = above.flatMap { blocks.blocks[$0] }.sorted()
        cone.kinks.append(
          .init(
            record: KinkRecord(
              place: .cluster(blocks.blocks[cover.above].sorted()), distance: 0, tolerance: tolerance,
              branches: ("join those of its size", "part from those of its size"), isBelow: true),
            entries: members.map { .init($0, 1) }, lower: nil, upper: .init(), isFlat: true))
      }
      addSlopes(within: blocks, to: &cone)
    }
    for (k, edge) in graph.edges.enumerated() where clusters.labels[edge.0] != clusters.labels[edge.1] {
      let sign: Element = clusters.value[edge.0] > clusters.value[edge.1] ? 1 : -1
      cone.slope.append(.init(edge.0, 0, sign * graph.weights[k]))
      cone.slope.append(.init(edge.1, 0, -sign * graph.weights[k]))
    }
    for gap in clusters.gaps where gap.distance > tolerance && gap.distance <= radius {
      let edge = graph.edges[gap.edge]
      cone.nearby.append(
        KinkRecord(
          place: .cluster([edge.0, edge.1].sorted()), distance: gap.distance, tolerance: tolerance,
          branches: ("join", "part"), isBelow: false))
    }
    return cone
  }

  /// Edges between blocks weigh by how far the upper one rises above the lower one.
  private func addSlopes(within blocks: GraphBlocks<Element>, to cone: inout CriticalCone<Element>) {
    var label: [Int: Int] = [:]
    for (b, block) in blocks.blocks.enumerated() { for i in block { label[i] = b } }
    // Along an edge one block is above the other, by a cover or more.
    func isAbove(_ a: Int, _ b: Int) -> Bool {
      var queue = [b]
      var seen = Set(queue)
      while let next = queue.popLast() {
        if next == a { return true }
        for cover in blocks.covers where cover.below == next && seen.insert(cover.above).inserted {
          queue.append(cover.above)
        }
      }
      return false
    }
    for (k, edge) in graph.edges.enumerated() {
      guard let a = label[edge.0], let b = label[edge.1], a != b else { continue }
      let sign: Element = isAbove(a, b) ? 1 : -1
      cone.slope.append(.init(edge.0, 0, sign * graph.weights[k]))
      cone.slope.append(.init(edge.1, 0, -sign * graph.weights[k]))
    }
  }

  /// Where clusters meet, and where the excesses of one no longer flow: sets whose edges are saturated then, found as those of least slack at ever earlier times.
  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let (t, ṫ) = (s * λ[0], s * rates.parameters[0])
    let clusters = GraphClusters(graph, u, threshold: t, tolerance: tolerance)
    var least: Element?
    func consider(_ value: Element, _ rate: Element) {
      let t = -value / rate
      if value > 0 && t > 0 && t < least ?? .infinity { least = t }
    }
    for gap in clusters.gaps where gap.distance > tolerance {
      let (i, j) = graph.edges[gap.edge]
      let sign: Element = clusters.value[i] > clusters.value[j] ? 1 : -1
      consider(sign * (clusters.value[i] - clusters.value[j]), sign * (rates.value[i] - rates.value[j]))
    }
    for part in clusters.parts where part.count > 1 {
      if let split = firstSplit(of: part, clusters, u, t, ṫ, rates, before: least, tolerance: tolerance) {
        least = split
      }
    }
    return least
  }

  private func firstSplit(
    of part: [Int], _ clusters: GraphClusters<Element>, _ u: Vector<Element>, _ t: Element, _ ṫ: Element,
    _ rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>), before least: Element?,
    tolerance: Element
  ) -> Element? {
    let mean = clusters.mean(part)
    // Blocks that part at once are clusters of their own from here on.
    let size = rates.value.maxNorm
    func isTogether(_ i: Int, _ j: Int) -> Bool {
      (rates.value[i] - rates.value[j]).magnitude <= 64 * Element(part.count) * .ulpOfOne * size
    }
    let members = Set(part)
    func edges(_ i: Int) -> [(edge: Int, other: Int, isInside: Bool)] {
      graph.incident[i].map { ($0, graph.other($0, from: i), members.contains(graph.other($0, from: i))) }
    }
    func pull(_ i: Int) -> Element {
      edges(i).reduce(clusters.tension(i)) { sum, edge in
        guard edge.isInside, !isTogether(i, edge.other) else { return sum }
        return sum + (rates.value[edge.other] > rates.value[i] ? graph.weights[edge.edge] : -graph.weights[edge.edge])
      }
    }
    func excess(_ i: Int) -> (Element, Element) {
      let tension = pull(i)
      return (u[i] + t * tension - mean, rates.argument[i] + ṫ * tension - rates.value[i])
    }
    var found: Element?
    var bound = least ?? 1
    for _ in 0..<64 {
      var upper: [Int]?
      var flow = MaximalFlow<Element>(vertices: part.count + 2)
      var place: [Int: Int] = [:]
      for (k, i) in part.enumerated() { place[i] = k }
      for (k, i) in part.enumerated() {
        let (e, ė) = excess(i)
        let value = e + bound * ė
        if value > 0 { flow.add(part.count, k, value, 0) } else if value < 0 { flow.add(k, part.count + 1, -value, 0) }
        for edge in edges(i) where edge.isInside && i < edge.other && isTogether(i, edge.other) {
          let capacity = max(0, (t + bound * ṫ) * graph.weights[edge.edge])
          flow.add(k, place[edge.other]!, capacity, capacity)
        }
      }
      flow.tolerance = tolerance / Element(8 * (part.count + 1))
      _ = flow.run(from: part.count, to: part.count + 1)
      let reached = flow.reachable(from: part.count).filter { $0 < part.count }
      if !reached.isEmpty && reached.count < part.count { upper = reached.map { part[$0] } }
      guard let upper else { return found }
      let isUpper = Set(upper)
      var (slack, rate): (Element, Element) = (0, 0)
      for i in upper {
        let (e, ė) = excess(i)
        (slack, rate) = (slack - e, rate - ė)
        for edge in edges(i) where edge.isInside && !isUpper.contains(edge.other) && isTogether(i, edge.other) {
          (slack, rate) = (slack + t * graph.weights[edge.edge], rate + ṫ * graph.weights[edge.edge])
        }
      }
      let time = -slack / rate
      guard slack > tolerance, rate < 0, time < bound * (1 - 64 * .ulpOfOne) else { return found }
      (bound, found) = (time, time)
    }
    return found
  }
}
