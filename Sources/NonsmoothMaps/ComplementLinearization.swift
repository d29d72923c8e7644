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
  /// c and q, p entries.
  private var fullNormal: Vector<Element>?
  private var fullLine: Vector<Element>?
  /// c and q̃, compact: made when R is first asked for.
  private var normal: [Element]?
  private var line: [Element]?
  private var isCompact = false
  private var a: Element = 1
  private var b: Element = 1
  /// 1 on F.
  private var indicator: Vector<Element>
  /// B.
  private var columns: [Vector<Element>] = []
  private let p: Int
  /// Room for products, in memory that is used again while the counts stay: |F| and rank entries.
  private var reflected = Vector<Element>.zeros(0)
  private var stretched = Vector<Element>.zeros(0)

  /// - Parameter p: the number of coordinates. D and B are 0 until they are filled.
  public init(count p: Int) {
    self.p = p
    active = IndexSubset(universe: p)
    indicator = .zeros(p)
  }

  public var rank: Int { fullNormal == nil ? active.count : max(0, active.count - 1) }
  public private(set) var isProjection = true
  public var hasFactor: Bool { a <= 1 && b <= 1 }

  /// Zero, where there is no derivative: ``isDefined`` is false.
  public func fillUndefined() {
    fill(free: .zeros(p), kinkDistance: 0)
    isDefined = false
  }

  /// Fills D and B; O(p), and O(|F|) more where R is first asked for.
  ///
  /// - Parameters:
  ///   - free: p entries, not 0 on F.
  ///   - normal: c, p entries, of length 1, 0 off F; nil where there is none.
  ///   - root: a, above 0.
  ///   - line: q, p entries, of length 1, 0 off F, orthogonal to c; nil where there is none.
  ///   - lineRoot: b, above 0.
  ///   - columns: B, p entries for each parameter; empty for zero.
  ///   - inRange: whether the columns lie in the range of D.
  ///   - isCurved: whether a is below 1 although it may be rounded to 1; nil where it is as it is given.
  ///   - kinkDistance: see ``ProximalLinearization/kinkDistance``.
  public func fill(
    free: Vector<Element>, normal c: Vector<Element>? = nil, root a: Element = 1, line q: Vector<Element>? = nil,
    lineRoot b: Element = 1, columns: [Vector<Element>] = [], inRange: Bool = true, isCurved: Bool? = nil,
    kinkDistance: Element?
  ) {
    precondition(
      free.count == p && (c?.count ?? p) == p && (q?.count ?? p) == p && columns.allSatisfy { $0.count == p },
      "ComplementLinearization: every vector has \(p) entries")
    active.refill(nonzerosOf: free)
    isDefined = true
    self.kinkDistance = kinkDistance
    self.columns = columns
    (self.a, self.b) = (a, q == nil ? 1 : b)
    isProjection = self.b == 1 && !(isCurved ?? (a != 1))
    parametersLieInRange = inRange
    let isEmpty = active.count == 0
    (fullNormal, fullLine) = (isEmpty ? nil : c, isEmpty ? nil : q)
    isMask = fullNormal == nil && isProjection
    isCompact = false
    if active.count < p { mark(free) }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func mark(_ free: Vector<Element>) {
    let (f, target) = (free.base, indicator.mutableBase())
    for j in 0..<p { target[j] = f[j] == 0 ? 0 : 1 }
  }

  /// Makes the compact forms.
  private func compact() {
    if isCompact { return }
    isCompact = true
    normal = fullNormal.map { gather($0) }
    line = nil
    guard let fullLine else { return }
    var full = Vector<Element>(gather(fullLine))
    reflect(&full)
    line = Array(full.dropFirst(normal == nil ? 0 : 1))
  }

  private func gather(_ x: Vector<Element>) -> [Element] {
    var compact = Vector<Element>.zeros(active.count)
    compact.gather(active, from: x)
    return Array(compact)
  }

  /// x ← H x; the identity without a normal.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func reflect(_ x: inout Vector<Element>) {
    guard let normal else { return }
    let sign: Element = normal[0] < 0 ? -1 : 1
    let p = x.mutableBase()
    normal.withUnsafeBufferPointer { c in
      var dot = sign * p[0]
      for k in 0..<c.count { dot += c[k] * p[k] }
      dot /= 1 + c[0].magnitude
      for k in 0..<c.count { p[k] -= dot * c[k] }
      p[0] -= dot * sign
    }
  }

  /// z ← α z + (β − α) q̃ q̃ᵀz.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func stretch(_ z: inout Vector<Element>, _ α: Element, _ β: Element) {
    guard let line else { return z.scale(by: α) }
    let p = z.mutableBase()
    line.withUnsafeBufferPointer { q in
      var dot: Element = 0
      for k in 0..<q.count { dot += q[k] * p[k] }
      dot *= β - α
      for k in 0..<q.count { p[k] = α * p[k] + dot * q[k] }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func compress(_ x: Vector<Element>, _ z: inout Vector<Element>, _ α: Element, _ β: Element) {
    if x.count == 0 { return }
    compact()
    if reflected.count != x.count { reflected = .zeros(x.count) }
    reflected.copy(from: x)
    reflect(&reflected)
    z.copy(from: reflected[segment: x.count - z.count..<x.count])
    stretch(&z, α, β)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func spread(_ z: Vector<Element>, _ x: inout Vector<Element>, _ α: Element, _ β: Element) {
    if x.count == 0 { return }
    compact()
    if stretched.count != z.count { stretched = .zeros(z.count) }
    stretched.copy(from: z)
    stretch(&stretched, α, β)
    x[0] = 0
    x[segment: x.count - z.count..<x.count] = stretched
    reflect(&x)
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { compress(x, &z, a, b) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, &x, a, b) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, &x, 1 / a, 1 / b) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { compress(x, &z, 1 / a, 1 / b) }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    compact()
    y.copy(from: z)
    stretch(&y, a * a, b * b)
  }

  /// D x by c and q themselves.
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if active.count == 0 { return y.fill(0) }
    if active.count < p { y.assignProduct(indicator, x) } else { y.copy(from: x) }
    y.scale(by: a * a)
    if let fullNormal { y.add(-a * a * fullNormal.dot(x), fullNormal) }
    if let fullLine { y.add((b - a) * (b + a) * fullLine.dot(x), fullLine) }
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for (q, column) in columns.enumerated() { x.add(μ[q], column) }
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for (q, column) in columns.enumerated() { g[q] += α * column.dot(v) }
  }
}
