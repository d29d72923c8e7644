import LinAlg

/// The clusters of ``GraphTotalVariation`` at an argument.
struct GraphCutting<Element: Scalar> {
  private let graph: WeightedGraph<Element>
  private let threshold: Element
  private(set) var value: Vector<Element>
  /// The cluster of every vertex.
  private(set) var labels: [Int]
  /// Of each cluster Σ ± ω_e over the edges that leave it, over its size: + where the neighbour is higher.
  private(set) var pulls: [Element] = []
  private var clusters: [[Int]] = []
  /// u and what the edges to other clusters add.
  private var loads: Vector<Element>

  init(_ graph: WeightedGraph<Element>, _ u: Vector<Element>, threshold t: Element) {
    self.graph = graph
    threshold = t
    value = Vector(copying: u)
    loads = Vector(copying: u)
    labels = Array(repeating: -1, count: u.count)
    var tension = Vector<Element>.zeros(u.count)
    // The set that a vertex is in, while sets are divided.
    var owner = Array(repeating: 0, count: u.count)
    var sets: [[Int]] = [Array(0..<u.count)]
    var next = 1
    while let set = sets.popLast() {
      for part in components(set, owner) {
        for i in part { owner[i] = next }
        next += 1
        let mean = part.reduce(0) { $0 + loads[$1] } / Element(part.count)
        guard let upper = cut(part, owner, mean, capacity: t) else {
          for i in part { value[i] = mean }
          for i in part { labels[i] = clusters.count }
          clusters.append(part)
          pulls.append(part.reduce(0) { $0 + tension[$1] } / Element(part.count))
          continue
        }
        let isUpper = Set(upper)
        let lower = part.filter { !isUpper.contains($0) }
        for i in upper {
          for k in graph.incident[i] {
            let j = graph.other(k, from: i)
            guard owner[j] == owner[i], !isUpper.contains(j) else { continue }
            loads[i] -= t * graph.weights[k]
            loads[j] += t * graph.weights[k]
            tension[i] -= graph.weights[k]
            tension[j] += graph.weights[k]
          }
        }
        for i in upper { owner[i] = next }
        for i in lower { owner[i] = next + 1 }
        next += 2
        sets.append(upper)
        sets.append(lower)
      }
    }
  }

  /// The connected parts of a set.
  private func components(_ set: [Int], _ owner: [Int]) -> [[Int]] {
    var seen = Set<Int>()
    var parts: [[Int]] = []
    for start in set where seen.insert(start).inserted {
      var part = [start]
      var at = 0
      while at < part.count {
        let i = part[at]
        at += 1
        for k in graph.incident[i] {
          let j = graph.other(k, from: i)
          if owner[j] == owner[i], seen.insert(j).inserted { part.append(j) }
        }
      }
      parts.append(part)
    }
    return parts
  }

  /// The vertices that rise above the mean where not all of the excess over it can flow off within the capacities; nil where it can.
  private func cut(_ part: [Int], _ owner: [Int], _ mean: Element, capacity t: Element) -> [Int]? {
    if part.count == 1 { return nil }
    var flow = MaximalFlow<Element>(vertices: part.count + 2)
    let (source, sink) = (part.count, part.count + 1)
    var place: [Int: Int] = [:]
    for (k, i) in part.enumerated() { place[i] = k }
    var (total, size) = (Element(0), Element(0))
    for (k, i) in part.enumerated() {
      let excess = loads[i] - mean
      size = max(size, loads[i].magnitude)
      if excess > 0 {
        flow.add(source, k, excess, 0)
        total += excess
      } else if excess < 0 {
        flow.add(k, sink, -excess, 0)
      }
      for e in graph.incident[i] {
        let j = graph.other(e, from: i)
        guard i < j, owner[j] == owner[i], let l = place[j] else { continue }
        flow.add(k, l, t * graph.weights[e], t * graph.weights[e])
      }
    }
    // The mean and the loads are sums of so many terms: by as much the excesses do not add up to zero.
    let rounding = 8 * Element(part.count + 8) * .ulpOfOne * size
    flow.tolerance = rounding / Element(part.count)
    let missing = total - flow.run(from: source, to: sink)
    if missing <= rounding * Element(part.count) { return nil }
    let upper = flow.reachable(from: source).filter { $0 < part.count }.map { part[$0] }
    return upper.isEmpty || upper.count == part.count ? nil : upper
  }

  /// A lower bound on the distance to another piece.
  ///
  /// Two clusters A and B that share an edge merge where their values meet, whose difference has a gradient of norm √(1/|A| + 1/|B|). A cluster C in which the excesses flow
  /// within (1 − θ) of the capacities holds against moves d with ⟨d, 1_S − |S|/|C|⟩ ≤ θ t ω for all S, ω the least weight of its edges: those of norm up to 2 θ t ω/√|C|.
  func margin() -> Element {
    var margin = Element.infinity
    for edge in graph.edges where labels[edge.0] != labels[edge.1] {
      let (a, b) = (Element(clusters[labels[edge.0]].count), Element(clusters[labels[edge.1]].count))
      margin = min(margin, (value[edge.0] - value[edge.1]).magnitude / (1 / a + 1 / b).squareRoot())
    }
    for (label, part) in clusters.enumerated() where part.count > 1 {
      var least = Element.infinity
      for i in part {
        for k in graph.incident[i] where labels[graph.other(k, from: i)] == label {
          least = min(least, graph.weights[k])
        }
      }
      let whole = 2 * threshold * least / Element(part.count).squareRoot()
      // No more than what the others leave is of interest.
      var (low, high, width) = (Element(0), Element(1), Element(1))
      while width > 1 / 256 && low * whole < margin && high * whole > 1024 * .ulpOfOne * value.maxNorm {
        let θ = low == 0 ? high / 2 : (low + high) / 2
        if cut(part, labels, value[part[0]], capacity: threshold * (1 - θ)) == nil { low = θ } else { high = θ }
        width = low == 0 ? 1 : (high - low) / high
      }
      margin = min(margin, low * whole)
    }
    return margin
  }
}
