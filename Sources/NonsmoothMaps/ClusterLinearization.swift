public import LinAlg

/// The derivative of a map that replaces clusters of coordinates by signed means and the rest by zero: D = Σ q qᵀ over the clusters, with q = σ/√|C| on C,
/// an orthogonal projector whose rank is the number of clusters. Serves sorted ℓ1, total variation and isotonic regression.
///
/// B is σ times a number per cluster and parameter, in D's range.
public final class ClusterLinearization<Element: Scalar>: ProximalLinearization {
  public private(set) var active: IndexSubset
  public private(set) var rank = 0
  public private(set) var isMask = false
  public private(set) var kinkDistance: Element?
  public var isProjection: Bool { true }
  public var parametersLieInRange: Bool { true }

  private let m: Int
  /// By the order of the active coordinates: the cluster, q, and σ.
  private var clusters: [Int] = []
  private var entries: [Element] = []
  private var signs: [Element] = []
  /// m numbers per cluster.
  private var pulls: [Element] = []
  private var marks: Vector<Element>

  init(count p: Int, parameterCount m: Int) {
    self.m = m
    active = IndexSubset(universe: p)
    marks = .zeros(p)
  }

  /// - Parameters:
  ///   - labels: the cluster of every coordinate, −1 where the map is zero.
  ///   - sign: σ of a coordinate, ±1.
  ///   - pulls: ∂x/∂λ of every cluster, m numbers each.
  func fill(labels: [Int], pulls given: [Element], kinkDistance: Element?, sign: (Int) -> Element) {
    self.kinkDistance = kinkDistance
    for j in 0..<labels.count { marks[j] = labels[j] < 0 ? 0 : 1 }
    active.refill(nonzerosOf: marks)
    clusters.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    signs.removeAll(keepingCapacity: true)
    pulls.removeAll(keepingCapacity: true)
    let labelCount = (labels.max() ?? -1) + 1
    var sizes = Array(repeating: 0, count: labelCount)
    var renumbered = Array(repeating: -1, count: labelCount)
    for label in labels where label >= 0 { sizes[label] += 1 }
    rank = 0
    // Clusters are numbered as they appear, so that R is the identity where each has one member.
    for k in 0..<active.count {
      let label = labels[active[k]]
      if renumbered[label] < 0 {
        renumbered[label] = rank
        rank += 1
        for q in 0..<m { pulls.append(given[label * m + q]) }
      }
      let σ = sign(active[k])
      clusters.append(renumbered[label])
      signs.append(σ)
      // The sign of the column of a single member is free.
      entries.append(sizes[label] == 1 ? 1 : σ / Element(sizes[label]).squareRoot())
    }
    isMask = rank == active.count
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    z.fill(0)
    for k in 0..<clusters.count { z[clusters[k]] += entries[k] * x[k] }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) {
    for k in 0..<clusters.count { x[k] = entries[k] * z[clusters[k]] }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for k in 0..<clusters.count { for q in 0..<m { x[active[k]] += signs[k] * pulls[clusters[k] * m + q] * μ[q] } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for k in 0..<clusters.count {
      for q in 0..<m { g[q] += α * signs[k] * pulls[clusters[k] * m + q] * v[active[k]] }
    }
  }
}
