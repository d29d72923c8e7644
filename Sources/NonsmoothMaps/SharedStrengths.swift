public import LinAlg

/// Which of the strengths λ each of p coordinates has: one for all, one each, or one shared by the coordinates of a kind; and by which factor:
/// tⱼ = factorⱼ λ_{i(j)}. A coordinate of factor 0 is never penalized.
///
/// Not to be taken for the groups of a group lasso, which are penalized together; here coordinates share a number. Strengths are the first
/// ``count`` entries of a vector of parameters.
public struct SharedStrengths: Sendable, Equatable {
  /// The strength of every coordinate; nil where all have the first.
  let index: [Int]?
  /// The number of strengths.
  public let count: Int
  /// The factor of every coordinate; nil where all are 1.
  let factors: [Double]?
  /// The coordinates of factor 0, increasing.
  let unpenalized: [Int]

  /// One strength for all coordinates.
  public static var single: SharedStrengths { SharedStrengths(index: nil, count: 1, factors: nil) }

  /// One strength for all coordinates, times a factor for each.
  ///
  /// - Precondition: factors are finite and at least 0.
  public static func single(factors: [Double]) -> SharedStrengths {
    SharedStrengths(index: nil, count: 1, factors: factors)
  }

  /// Every one of p coordinates has its own.
  public static func perCoordinate(_ p: Int) -> SharedStrengths {
    SharedStrengths(index: Array(0..<p), count: p, factors: nil)
  }

  /// Coordinate j has `factors[j]` times strength `index[j]`.
  ///
  /// - Precondition: indices in 0 ..< count; factors, one per coordinate, are finite and at least 0.
  public init(_ index: [Int], count: Int, factors: [Double]? = nil) {
    precondition(
      count >= 1 && index.allSatisfy { $0 >= 0 && $0 < count }, "SharedStrengths: indices must lie in 0 ..< \(count)")
    self.init(index: index, count: count, factors: factors)
  }

  private init(index: [Int]?, count: Int, factors: [Double]?) {
    precondition(
      (factors ?? []).allSatisfy { $0 >= 0 && $0.isFinite }
        && (index == nil || factors == nil || index!.count == factors!.count),
      "SharedStrengths: factors must be finite and at least 0, one per coordinate")
    self.index = index
    self.count = count
    self.factors = factors
    unpenalized = factors.map { factors in factors.indices.filter { factors[$0] == 0 } } ?? []
  }

  /// The same with every factor times another one.
  ///
  /// - Precondition: factors, one per coordinate, are finite and at least 0.
  public func scaled(by others: [Double]) -> SharedStrengths {
    requireCoordinates(others.count)
    return SharedStrengths(
      index: index, count: count, factors: factors.map { zip($0, others).map { $0 * $1 } } ?? others)
  }

  /// Whether there are p coordinates; any number where they share one strength.
  func admits(count p: Int) -> Bool { (index?.count ?? factors?.count ?? p) == p }

  /// The same for p coordinates and one more after them that is never penalized, such as an intercept.
  ///
  /// - Precondition: where strengths or factors are given by coordinate, p of them.
  public func appendingUnpenalized(after p: Int) -> SharedStrengths {
    requireCoordinates(p)
    return SharedStrengths(
      index: index.map { $0 + [0] }, count: count, factors: (factors ?? Array(repeating: 1, count: p)) + [0])
  }

  /// The same with one more, which has the first strength.
  func appendingShared() -> SharedStrengths {
    SharedStrengths(index: index.map { $0 + [0] }, count: count, factors: factors)
  }

  /// Whether all coordinates have the first strength as it is.
  var isSingle: Bool { index == nil && factors == nil }

  /// The strength's place for coordinate j.
  @inline(__always)
  func place(_ j: Int) -> Int { index.map { $0[j] } ?? 0 }

  /// The factor of coordinate j.
  @inline(__always)
  func factor<Element: Scalar>(_ j: Int) -> Element { factors.map { Element($0[j]) } ?? 1 }

  /// The largest factor.
  func largestFactor<Element: Scalar>() -> Element { Element(factors?.max() ?? 1) }

  /// tⱼ, where the strengths are those of λ from `offset` on.
  @inline(__always)
  func strength<Element: Scalar>(_ j: Int, _ λ: Vector<Element>, offset: Int = 0) -> Element {
    let λ = λ[offset + place(j)]
    return factors.map { Element($0[j]) * λ } ?? λ
  }

  /// - Precondition: where strengths or factors are given by coordinate, as many as there are coordinates.
  public func requireCoordinates(_ n: Int) {
    let known = index?.count ?? factors?.count ?? n
    precondition(known == n, "SharedStrengths: of \(known) coordinates where there are \(n)")
  }

  /// - Precondition: there are no factors: for numbers that have none, and for groups, which have weights.
  func requireNoFactors(_ use: String) {
    precondition(factors == nil, "\(use): factors are for the strengths of coordinates")
  }

  /// The smallest strength of a coordinate that is penalized, infinite where there is none; NaN where one is.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func leastPenalized<Element: Scalar>(_ λ: Vector<Element>) -> Element {
    guard let factors else { return least(λ) }
    var least = Element.infinity
    for j in factors.indices where factors[j] > 0 {
      let value = strength(j, λ)
      if value < least || value.isNaN { least = value }
    }
    return least
  }

  /// The smallest of the strengths, 0 where a coordinate is not penalized; NaN where one is.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func least<Element: Scalar>(_ λ: Vector<Element>) -> Element {
    if factors != nil {
      let least = leastPenalized(λ)
      return unpenalized.isEmpty || least.isNaN ? least : 0
    }
    var least = λ[0]
    for k in 1..<max(1, count) {
      let value = λ[k]
      if value < least || value.isNaN { least = value }
    }
    return least
  }

  /// t ← scale · (the strength of every coordinate).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func fill<Element: Scalar>(_ t: inout Vector<Element>, from λ: Vector<Element>, scale: Element) {
    gather(λ, into: &t, scale: scale)
    scaleByFactors(&t)
  }

  /// x ← x ∘ factors.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func scaleByFactors<Element: Scalar>(_ x: inout Vector<Element>) {
    guard let factors else { return }
    precondition(factors.count == x.count, "SharedStrengths: of \(factors.count) coordinates into \(x.count)")
    let target = x.mutableBase()
    for j in factors.indices { target[j] *= Element(factors[j]) }
  }

  /// t ← scale · (the entry of λ of every coordinate), without factors.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func gather<Element: Scalar>(_ λ: Vector<Element>, into t: inout Vector<Element>, scale: Element) {
    guard let index else {
      t.fill(scale * λ[0])
      return
    }
    precondition(index.count == t.count, "SharedStrengths: of \(index.count) coordinates into \(t.count)")
    let target = t.mutableBase()
    index.withUnsafeBufferPointer {
      if let index = $0.baseAddress { Element._gather(t.count, index, λ.base, target) }
    }
    t.scale(by: scale)
  }

  /// y ← y + x ∘ (the entry of μ of every coordinate, without factors), in `scratch` where strengths are shared.
  func addProduct<Element: Scalar>(
    _ x: Vector<Element>, _ μ: Vector<Element>, to y: inout Vector<Element>, scratch: inout Vector<Element>
  ) {
    if index == nil {
      y.add(μ[0], x)
      return
    }
    gather(μ, into: &scratch, scale: 1)
    scratch.scale(by: x)
    y.add(1, scratch)
  }

  /// g_k ← g_k + α Σ over the coordinates j with strength k of x[j] v[j].
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func collect<Element: Scalar>(
    _ x: Vector<Element>, _ v: Vector<Element>, scale α: Element, into g: inout Vector<Element>
  ) {
    guard let index else {
      g[0] += α * x.dot(v)
      return
    }
    for j in 0..<x.count { g[index[j]] += α * (x[j] * v[j]) }
  }
}
