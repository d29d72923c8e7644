public import LinAlg

/// D = a² (I_F − c cᵀ − q qᵀ) + b² q qᵀ on coordinates F, with orthonormal c and q, either of which may be absent: the derivative of projections on
/// spheres, hyperplanes with bounds, and second-order cones.
///
/// R = Q (a I + (b − a) q̃ q̃ᵀ) with q̃ = Qᵀq and Q the columns but the first of the Householder reflection that takes c to ±e₁: every product is O(|F|).
public final class ComplementLinearization<Element: Scalar>: ProximalLinearization {
  public private(set) var active: IndexSubset
  public private(set) var isMask = true
  public private(set) var kinkDistance: Element?
  public private(set) var parametersLieInRange = true
  public private(set) var isDefined = true
  /// c and q̃, compact.
  private var normal: [Element]?
  private var line: [Element]?
  private var a: Element = 1
  private var b: Element = 1
  /// B, one column after the other.
  private var columns: [Element] = []
  private let p: Int
  private let m: Int
  /// Room for products, in memory that is used again while the counts stay: |F| and rank entries.
  private var reflected = Vector<Element>.zeros(0)
  private var stretched = Vector<Element>.zeros(0)

  init(count p: Int, parameterCount m: Int) {
    self.p = p
    self.m = m
    active = IndexSubset(universe: p)
  }

  public var rank: Int { normal == nil ? active.count : max(0, active.count - 1) }
  public var isProjection: Bool { a == 1 && b == 1 }
  public var hasFactor: Bool { a <= 1 && b <= 1 }

  /// Zero, where there is no derivative.
  func fillUndefined() {
    fill(free: .zeros(p), kinkDistance: 0)
    isDefined = false
  }

  /// - Parameters:
  ///   - free: not 0 on F.
  ///   - normal: c, of length 1, 0 off F.
  ///   - line: q, of length 1, 0 off F.
  ///   - columns: B; empty for zero.
  func fill(
    free: Vector<Element>, normal c: Vector<Element>? = nil, root a: Element = 1, line q: Vector<Element>? = nil,
    lineRoot b: Element = 1, columns: [Element] = [], inRange: Bool = true, kinkDistance: Element?
  ) {
    active.refill(nonzerosOf: free)
    isDefined = true
    self.kinkDistance = kinkDistance
    self.columns = columns
    (self.a, self.b) = (a, q == nil ? 1 : b)
    parametersLieInRange = inRange
    normal = active.count == 0 ? nil : c.map { c in (0..<active.count).map { c[active[$0]] } }
    isMask = normal == nil && isProjection
    line = nil
    guard let q, active.count > 0 else { return }
    var full = Vector<Element>(count: active.count) { q[active[$0]] }
    reflect(&full)
    line = Array(full.dropFirst(normal == nil ? 0 : 1))
  }

  /// x ← H x; the identity without a normal.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func reflect(_ x: inout Vector<Element>) {
    guard let normal else { return }
    let sign: Element = normal[0] < 0 ? -1 : 1
    var dot = sign * x[0]
    for k in 0..<x.count { dot += normal[k] * x[k] }
    dot /= 1 + normal[0].magnitude
    for k in 0..<x.count { x[k] -= dot * normal[k] }
    x[0] -= dot * sign
  }

  /// z ← α z + (β − α) q̃ q̃ᵀz.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func stretch(_ z: inout Vector<Element>, _ α: Element, _ β: Element) {
    var dot: Element = 0
    if let line { for k in 0..<z.count { dot += line[k] * z[k] } }
    z.scale(by: α)
    if let line { for k in 0..<z.count { z[k] += (β - α) * dot * line[k] } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func compress(_ x: Vector<Element>, _ z: inout Vector<Element>, _ α: Element, _ β: Element) {
    if x.count == 0 { return }
    if reflected.count != x.count { reflected = .zeros(x.count) }
    reflected.copy(from: x)
    reflect(&reflected)
    let skip = x.count - z.count
    for k in 0..<z.count { z[k] = reflected[k + skip] }
    stretch(&z, α, β)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func spread(_ z: Vector<Element>, _ x: inout Vector<Element>, _ α: Element, _ β: Element) {
    if x.count == 0 { return }
    if stretched.count != z.count { stretched = .zeros(z.count) }
    stretched.copy(from: z)
    stretch(&stretched, α, β)
    x.fill(0)
    let skip = x.count - z.count
    for k in 0..<z.count { x[k + skip] = stretched[k] }
    reflect(&x)
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { compress(x, &z, a, b) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, &x, a, b) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, &x, 1 / a, 1 / b) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { compress(x, &z, 1 / a, 1 / b) }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    y.copy(from: z)
    stretch(&y, a * a, b * b)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    if columns.isEmpty { return }
    for q in 0..<m { for j in 0..<p { x[j] += columns[q * p + j] * μ[q] } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    if columns.isEmpty { return }
    for q in 0..<m { for j in 0..<p { g[q] += α * columns[q * p + j] * v[j] } }
  }
}
