public import LinAlg

/// Which of the strengths λ each of p coordinates has: one for all, one each, or one shared by the coordinates of a kind.
///
/// Not to be taken for the groups of a group lasso, which are penalized together; here coordinates share a number. Strengths are the first
/// ``count`` entries of a vector of parameters.
public struct SharedStrengths: Sendable, Equatable {
  /// The strength of every coordinate; nil where all have the first.
  let index: [Int]?
  /// The number of strengths.
  public let count: Int

  /// One strength for all coordinates.
  public static var single: SharedStrengths { SharedStrengths(index: nil, count: 1) }

  /// Every one of p coordinates has its own.
  public static func perCoordinate(_ p: Int) -> SharedStrengths { SharedStrengths(index: Array(0..<p), count: p) }

  /// Coordinate j has strength `index[j]`.
  ///
  /// - Precondition: indices in 0 ..< count.
  public init(_ index: [Int], count: Int) {
    precondition(
      count >= 1 && index.allSatisfy { $0 >= 0 && $0 < count }, "SharedStrengths: indices must lie in 0 ..< \(count)")
    self.init(index: index, count: count)
  }

  private init(index: [Int]?, count: Int) {
    self.index = index
    self.count = count
  }

  /// Whether all coordinates have the first strength.
  var isSingle: Bool { index == nil }

  /// The strength's place for coordinate j.
  @inline(__always)
  func place(_ j: Int) -> Int { index.map { $0[j] } ?? 0 }

  /// Whether there are p coordinates; any number where they share one strength.
  func admits(count p: Int) -> Bool { index == nil || index!.count == p }

  /// - Precondition: where strengths are given by coordinate, as many as there are coordinates.
  public func requireCoordinates(_ n: Int) {
    precondition(
      index == nil || index!.count == n, "SharedStrengths: of \(index?.count ?? n) coordinates where there are \(n)")
  }

  /// The smallest of the strengths; NaN where one is.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func least<Element: Scalar>(_ λ: Vector<Element>) -> Element {
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

  /// y ← y + x ∘ (the entry of μ of every coordinate), in `scratch` where strengths are shared.
  func addProduct<Element: Scalar>(
    _ x: Vector<Element>, _ μ: Vector<Element>, to y: inout Vector<Element>, scratch: inout Vector<Element>
  ) {
    if index == nil {
      y.add(μ[0], x)
      return
    }
    fill(&scratch, from: μ, scale: 1)
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
