import LinAlg

/// The vertices of one value of a graph's variation at an argument, by how their excesses flow: where more can flow from i to j, j moves no less than i. Vertices between
/// which more can flow both ways move together, a *block*; between blocks more can flow one way at most, and the edges there are saturated the other way.
struct GraphBlocks<Element: Scalar> {
  /// The vertices of every block.
  let blocks: [[Int]]
  /// The pairs (below, above) of blocks that follow each other without another between them.
  let covers: [(below: Int, above: Int)]

  /// - Parameters:
  ///   - part: connected vertices.
  ///   - excess: of each above the common value, flows from other vertices counted in; their sum is zero to rounding.
  ///   - capacity: of edge k between two of them, either way.
  ///   - tolerance: up to this nothing can flow.
  init(
    _ part: [Int], _ graph: WeightedGraph<Element>, excess: (Int) -> Element, capacity: (Int) -> Element,
    tolerance: Element
  ) {
    let successors = Self.flow(part, graph, excess: excess, capacity: capacity, tolerance: tolerance)
    // Each vertex's reach; those that reach each other are one block.
    let n = part.count
    var reach = (0..<n).map { start in
      var seen = Array(repeating: false, count: n)
      seen[start] = true
      var queue = [start]
      var at = 0
      while at < queue.count {
        for j in successors[queue[at]] where !seen[j] {
          seen[j] = true
          queue.append(j)
        }
        at += 1
      }
      return seen
    }
    var label = Array(repeating: -1, count: n)
    var firsts: [Int] = []
    var blocks: [[Int]] = []
    for i in 0..<n where label[i] < 0 {
      for j in i..<n where reach[i][j] && reach[j][i] { label[j] = blocks.count }
      firsts.append(i)
      blocks.append((i..<n).filter { label[$0] == blocks.count }.map { part[$0] })
    }
    reach = firsts.map { reach[$0] }
    var covers: [(below: Int, above: Int)] = []
    for a in blocks.indices {
      for b in blocks.indices where a != b && reach[a][firsts[b]] {
        let between = blocks.indices.contains { $0 != a && $0 != b && reach[a][firsts[$0]] && reach[$0][firsts[b]] }
        if !between { covers.append((a, b)) }
      }
    }
    (self.blocks, self.covers) = (blocks, covers)
  }

  /// To where more can flow from every place of `part`.
  private static func flow(
    _ part: [Int], _ graph: WeightedGraph<Element>, excess: (Int) -> Element, capacity: (Int) -> Element,
    tolerance: Element
  ) -> [[Int]] {
    var flow = MaximalFlow<Element>(vertices: part.count + 2)
    let (source, sink) = (part.count, part.count + 1)
    var place: [Int: Int] = [:]
    for (k, i) in part.enumerated() { place[i] = k }
    for (k, i) in part.enumerated() {
      let e = excess(i)
      if e > 0 { flow.add(source, k, e, 0) } else if e < 0 { flow.add(k, sink, -e, 0) }
      for edge in graph.incident[i] {
        let j = graph.other(edge, from: i)
        guard i < j, let l = place[j] else { continue }
        flow.add(k, l, capacity(edge), capacity(edge))
      }
    }
    flow.tolerance = tolerance / Element(8 * (part.count + 1))
    _ = flow.run(from: source, to: sink)
    return (0..<part.count).map { flow.successors(of: $0, beyond: tolerance).filter { $0 < part.count } }
  }

  /// The blocks on the side of a cover's upper end where it is taken out; nil where the covers close a circle.
  func above(_ cover: Int) -> [Int]? {
    var seen = Set([covers[cover].above])
    var queue = [covers[cover].above]
    var at = 0
    while at < queue.count {
      for (k, other) in covers.enumerated() where k != cover {
        for (from, to) in [(other.below, other.above), (other.above, other.below)]
        where from == queue[at] && seen.insert(to).inserted {
          queue.append(to)
        }
      }
      at += 1
    }
    return seen.contains(covers[cover].below) ? nil : queue
  }
}
