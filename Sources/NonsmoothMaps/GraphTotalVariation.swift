public import LinAlg

/// `g(w, λ) = λ Σ_e ω_e |w_i − w_j|` over the edges e = (i, j) of a graph: few distinct values, each on connected vertices.
///
/// x is constant on clusters: the mean of u plus sλ Σ ± ω_e over the edges that leave the cluster, over its size. D takes the means over the clusters. Found exactly by cutting: a
/// set of vertices is one cluster if the excesses over its mean can flow along its edges within their capacities sλω, otherwise a minimal cut divides it. Where
/// clusters merge or split, all rules of ``KinkRule`` take the joined one. Cost: a maximal flow per cut, at most twice as many as clusters.
///
/// H. Groenevelt: Two algorithms for maximizing a separable concave function over a polymatroid feasible region. Eur. J. Oper. Res. 54 (1991).
public struct GraphTotalVariation<Element: Scalar>: ProximalMap {
  let graph: WeightedGraph<Element>

  /// - Parameters:
  ///   - edges: pairs of different vertices; several edges between two add up.
  ///   - count: the number of vertices.
  ///   - weights: ω, one for each edge, above 0; nil for ones.
  /// - Precondition: vertices within 0 ..< count, as many weights as edges.
  public init(edges: [(Int, Int)], count: Int, weights: [Element]? = nil) {
    precondition((weights?.count ?? edges.count) == edges.count, "GraphTotalVariation: a weight for each edge")
    for (k, edge) in edges.enumerated() {
      precondition(
        edge.0 != edge.1 && edge.0 >= 0 && edge.0 < count && edge.1 >= 0 && edge.1 < count,
        "GraphTotalVariation: edge \(k) joins \(edge.0) and \(edge.1) of \(count) vertices")
      if let ω = weights?[k] {
        precondition(ω.isFinite && ω > 0, "GraphTotalVariation: the weight of edge \(k) is \(ω)")
      }
    }
    graph = WeightedGraph(edges, weights ?? Array(repeating: 1, count: edges.count), count: count)
  }

  /// A picture of so many rows and columns, column by column: every pixel with its neighbours.
  public init(rows: Int, columns: Int) {
    var edges: [(Int, Int)] = []
    for j in 0..<columns {
      for i in 0..<rows {
        if i + 1 < rows { edges.append((j * rows + i, j * rows + i + 1)) }
        if j + 1 < columns { edges.append((j * rows + i, (j + 1) * rows + i)) }
      }
    }
    self.init(edges: edges, count: rows * columns)
  }

  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { p == graph.count }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for (k, edge) in graph.edges.enumerated() { sum += graph.weights[k] * (w[edge.0] - w[edge.1]).magnitude }
    return λ[0] * sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    precondition(u.count == graph.count, "GraphTotalVariation: \(graph.count) vertices for \(u.count) coordinates")
    if u.firstNonFinite != nil { return u.fill(.nan) }
    let cutting = GraphCutting(graph, u, threshold: s * λ[0])
    u.copy(from: cutting.value)
  }

  public func makeLinearization(count p: Int) -> ClusterLinearization<Element> {
    ClusterLinearization(count: p, parameterCount: 1)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ClusterLinearization<Element>
  ) {
    if u.firstNonFinite != nil {
      return L.fill(labels: Array(0..<u.count), pulls: Array(repeating: .nan, count: u.count), kinkDistance: .nan) {
        _ in 1
      }
    }
    let cutting = GraphCutting(graph, u, threshold: s * λ[0])
    L.fill(labels: cutting.labels, pulls: cutting.pulls.map { s * $0 }, kinkDistance: cutting.margin()) { _ in 1 }
  }

  /// Which edges rise, fall or are level.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for edge in graph.edges { hash.add(w[edge.0] > w[edge.1] ? 2 : (w[edge.0] < w[edge.1] ? 1 : 0)) }
    return hash.value
  }
}

/// Edges with weights, and of every vertex those that meet it.
struct WeightedGraph<Element: Scalar>: Sendable {
  let count: Int
  let edges: [(Int, Int)]
  let weights: [Element]
  let incident: [[Int]]

  init(_ edges: [(Int, Int)], _ weights: [Element], count: Int) {
    self.count = count
    self.edges = edges
    self.weights = weights
    var incident = Array(repeating: [Int](), count: count)
    for (k, edge) in edges.enumerated() {
      incident[edge.0].append(k)
      incident[edge.1].append(k)
    }
    self.incident = incident
  }

  func other(_ edge: Int, from i: Int) -> Int { edges[edge].0 == i ? edges[edge].1 : edges[edge].0 }
}
