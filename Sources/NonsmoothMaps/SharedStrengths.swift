public import LinAlg

/// Which of the strengths λ each of p coordinates has: one for all, one each, or one shared by the coordinates of a kind.
///
/// Not to be taken for the groups of a group lasso, which are penalized together; here coordinates share a number.
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

  /// The strength's place for coordinate j.
  @inline(__always)
  func place(_ j: Int) -> Int { index.map { $0[j] } ?? 0 }

  func requireCoordinates(_ n: Int) {
    precondition(index == nil || index!.count == n, "SharedStrengths: of \(index?.count ?? n) where there are \(n)")
  }

  /// t ← scale · (the strength of every coordinate).
  public func fill<Element: Scalar>(_ t: inout Vector<Element>, from λ: Vector<Element>, scale: Element) {
    guard let index else {
      t.fill(scale * λ[0])
      return
    }
    precondition(index.count == t.count, "SharedStrengths: of \(index.count) coordinates into \(t.count)")
    for j in 0..<t.count { t[j] = scale * λ[index[j]] }
  }
}
