public import LinAlg

/// An orthogonal map T of R^p, which a ``RotatedLinearization`` goes there and back by.
public protocol Rotation<Element>: AnyObject {
  associatedtype Element: Scalar
  /// y ← T x.
  func forward(_ x: Vector<Element>, into y: inout Vector<Element>)
  /// x ← Tᵀ y.
  func backward(_ y: Vector<Element>, into x: inout Vector<Element>)
}

/// D = Tᵀ (D_base ⊕ diag(ω)) T for an orthogonal T: another derivative on the first k entries of T x, weights on the others. The derivative of
/// functions of eigenvalues and singular
/// values, and of penalties of an orthogonal transform.
///
/// R = Tᵀ (R_base ⊕ diag(√ω)) on the weights that are not zero. B = c Tᵀ (B_base ⊕ 0).
public final class RotatedLinearization<L: ProximalLinearization>: ProximalLinearization {
  public typealias Element = L.Element
  /// The derivative on the first k entries of T x, which its owner fills.
  public let base: L
  private let k: Int
  private let p: Int
  /// T.
  public var rotation: any Rotation<Element>
  /// ω, p − k entries, at least 0.
  public var weights: Vector<Element>
  /// c; kinks are nearer by it too.
  private let parameterFactor: Element
  private let all: IndexSubset
  private let none: IndexSubset
  /// Where ω is not zero, and √ω there.
  private var weighted: IndexSubset
  private var roots = Vector<Element>.zeros(0)
  private var weightsAreBinary = false
  private var isIdentity = false
  /// Room: p, p, k, |S_base| and r_base entries.
  private var rotated: Vector<Element>
  private var image: Vector<Element>
  private var head: Vector<Element>
  private var compact = Vector<Element>.zeros(0)
  private var inner = Vector<Element>.zeros(0)

  public private(set) var hasFactor = true

  /// - Parameters:
  ///   - base: the derivative on the first k entries.
  ///   - k: their number.
  ///   - weights: ω, p − k entries.
  ///   - rotation: T, of p = k + the number of weights entries.
  ///   - parameterFactor: c.
  public init(
    _ base: L, count k: Int, weights: Vector<Element>, rotation: any Rotation<Element>, parameterFactor: Element = 1
  ) {
    self.base = base
    self.k = k
    self.rotation = rotation
    self.weights = weights
    self.parameterFactor = parameterFactor
    p = k + weights.count
    all = IndexSubset(Array(0..<p), universe: p)
    none = IndexSubset(universe: p)
    weighted = IndexSubset(universe: weights.count)
    rotated = .zeros(p)
    image = .zeros(p)
    head = .zeros(k)
  }

  /// Counts the rank and makes the roots anew: to be called after ``base``, ``weights`` and ``rotation`` were filled.
  public func close() {
    precondition(weights.count == p - k, "RotatedLinearization: \(weights.count) weights for \(p - k) entries")
    weighted.refill(nonzerosOf: weights)
    roots = Vector(count: weighted.count) { weights[weighted[$0]].squareRoot() }
    weightsAreBinary = (0..<weighted.count).allSatisfy { weights[weighted[$0]] == 1 }
    hasFactor = base.hasFactor && (0..<weighted.count).allSatisfy { weights[weighted[$0]] <= 1 }
    isIdentity = base.isMask && base.rank == k && weightsAreBinary && weighted.count == weights.count
    compact = .zeros(base.active.count)
    inner = .zeros(base.rank)
  }

  public var isDefined: Bool { base.isDefined }
  public var rank: Int { base.rank + weighted.count }
  public var active: IndexSubset { rank == 0 ? none : all }
  public var isMask: Bool { isIdentity || rank == 0 }
  public var isProjection: Bool { isMask || (base.isProjection && weightsAreBinary) }
  public var kinkDistance: Element? { base.kinkDistance.map { $0 * parameterFactor } }
  public var parametersLieInRange: Bool { base.parametersLieInRange }
  public var parametersFrobeniusNorm: Element? { base.parametersFrobeniusNorm.map { $0 * parameterFactor } }

  private func loadHead() { for i in 0..<k { head[i] = rotated[i] } }

  private func compress(_ x: Vector<Element>, _ z: inout Vector<Element>, inverse: Bool) {
    if isMask { return z.copy(from: x) }
    rotation.forward(x, into: &rotated)
    loadHead()
    compact.gather(base.active, from: head)
    if inverse { base.project(compact, into: &inner) } else { base.restrict(compact, into: &inner) }
    let r = base.rank
    for i in 0..<r { z[i] = inner[i] }
    for i in 0..<weighted.count {
      let y = rotated[k + weighted[i]]
      z[r + i] = inverse ? y / roots[i] : y * roots[i]
    }
  }

  private func spread(_ z: Vector<Element>, _ x: inout Vector<Element>, inverse: Bool) {
    if isMask { return x.copy(from: z) }
    let r = base.rank
    for i in 0..<r { inner[i] = z[i] }
    if inverse { base.lift(inner, into: &compact) } else { base.expand(inner, into: &compact) }
    head.scatter(base.active, from: compact)
    rotated.fill(0)
    for i in 0..<k { rotated[i] = head[i] }
    for i in 0..<weighted.count { rotated[k + weighted[i]] = inverse ? z[r + i] / roots[i] : z[r + i] * roots[i] }
    rotation.backward(rotated, into: &x)
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { compress(x, &z, inverse: false) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { compress(x, &z, inverse: true) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, &x, inverse: false) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { spread(z, &x, inverse: true) }

  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    y.copy(from: z)
    if isProjection { return }
    let r = base.rank
    if !base.isProjection {
      var gram = Vector<Element>.zeros(r)
      for i in 0..<r { inner[i] = z[i] }
      base.applyGram(inner, into: &gram)
      for i in 0..<r { y[i] = gram[i] }
    }
    for i in 0..<weighted.count { y[r + i] = weights[weighted[i]] * z[r + i] }
  }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if isMask { return rank == 0 ? y.fill(0) : y.copy(from: x) }
    rotation.forward(x, into: &rotated)
    loadHead()
    var top = head
    base.apply(head, into: &top)
    for i in 0..<k { image[i] = top[i] }
    for i in k..<p { image[i] = weights[i - k] * rotated[i] }
    rotation.backward(image, into: &y)
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    head.fill(0)
    base.addParameters(μ, to: &head)
    rotated.fill(0)
    for i in 0..<k { rotated[i] = head[i] }
    rotation.backward(rotated, into: &image)
    x.add(parameterFactor, image)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    rotation.forward(v, into: &rotated)
    loadHead()
    base.addParametersAdjoint(head, scale: α * parameterFactor, to: &g)
  }
}
