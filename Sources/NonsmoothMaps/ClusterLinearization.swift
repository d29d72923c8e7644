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
  private var entries = Vector<Element>.zeros(0)
  private var signs = Vector<Element>.zeros(0)
  /// m numbers per cluster.
  private var pulls: [Element] = []
  /// σ, 0 where the map is zero.
  private var allSigns: Vector<Element>
  /// Room: a number per cluster, and two per label.
  private var sums = Vector<Element>.zeros(0)
  private var sizes: [Int] = []
  private var renumbered: [Int] = []

  /// - Parameters:
  ///   - p: the number of coordinates.
  ///   - m: that of the parameters.
  public init(count p: Int, parameterCount m: Int) {
    self.m = m
    active = IndexSubset(universe: p)
    allSigns = .zeros(p)
  }

  /// Fills D and B, O(p).
  ///
  /// - Parameters:
  ///   - labels: the cluster of every coordinate, −1 where the map is zero, p entries; numbers in between may be left out.
  ///   - pulls: of every cluster in the order of their labels the derivative of its size by each parameter, m numbers: B is σ times these.
  ///   - kinkDistance: see ``ProximalLinearization/kinkDistance``.
  ///   - sign: σ of a coordinate, ±1.
  @inline(__always)
  public func fill(labels: [Int], pulls given: [Element], kinkDistance: Element?, sign: (Int) -> Element) {
    precondition(
      labels.count == allSigns.count,
      "ClusterLinearization: \(labels.count) labels for \(allSigns.count) coordinates")
    let σ = allSigns.mutableBase()
    for j in 0..<labels.count { σ[j] = labels[j] < 0 ? 0 : sign(j) }
    fill(labels: labels, pulls: given, kinkDistance: kinkDistance)
  }

  /// With the signs there, 0 where the map is zero.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func fill(labels: [Int], pulls given: [Element], kinkDistance: Element?) {
    self.kinkDistance = kinkDistance
    active.refill(nonzerosOf: allSigns)
    let k = active.count
    if clusters.count != k {
      clusters = Array(repeating: 0, count: k)
      (entries, signs) = (.zeros(k), .zeros(k))
    }
    signs.gather(active, from: allSigns)
    var labelCount = 0
    for label in labels where label >= labelCount { labelCount = label + 1 }
    precondition(
      given.count >= m * labelCount,
      "ClusterLinearization: \(given.count) pulls for \(labelCount) clusters and \(m) parameters")
    sizes.removeAll(keepingCapacity: true)
    renumbered.removeAll(keepingCapacity: true)
    sizes.append(contentsOf: repeatElement(0, count: labelCount))
    renumbered.append(contentsOf: repeatElement(-1, count: labelCount))
    pulls.removeAll(keepingCapacity: true)
    rank = 0
    let (σ, q) = (signs.base, entries.mutableBase())
    clusters.withUnsafeMutableBufferPointer { clusters in
      sizes.withUnsafeMutableBufferPointer { sizes in
        for label in labels where label >= 0 { sizes[label] += 1 }
        // Clusters are numbered as they appear, so that R is the identity where each has one member.
        for i in 0..<k {
          let label = labels[active[i]]
          if renumbered[label] < 0 {
            renumbered[label] = rank
            rank += 1
            for q in 0..<m { pulls.append(given[label * m + q]) }
          }
          clusters[i] = renumbered[label]
          // The sign of the column of a single member is free.
          q[i] = sizes[label] == 1 ? 1 : σ[i] / Element(sizes[label]).squareRoot()
        }
      }
    }
    isMask = rank == k
    if sums.count != rank { sums = .zeros(rank) }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    z.fill(0)
    let (p, q, target) = (x.base, entries.base, z.mutableBase())
    clusters.withUnsafeBufferPointer { c in for i in 0..<c.count { target[c[i]] += q[i] * p[i] } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) {
    let (p, q, target) = (z.base, entries.base, x.mutableBase())
    clusters.withUnsafeBufferPointer { c in for i in 0..<c.count { target[i] = q[i] * p[c[i]] } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    y.fill(0)
    sums.fill(0)
    let (p, q, target, z) = (x.base, entries.base, y.mutableBase(), sums.mutableBase())
    clusters.withUnsafeBufferPointer { c in
      active.withElements { j in
        for i in 0..<c.count { z[c[i]] += q[i] * p[j[i]] }
        for i in 0..<c.count { target[j[i]] = q[i] * z[c[i]] }
      }
    }
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
