import LinAlg

/// How much of some training rows an attacker may change: shifts of their features, and shares of their labels.
public struct AttackBudget: Sendable, Equatable, Codable {
  /// What bounds the shifts by ``size``.
  public enum Norm: Sendable, Equatable, Codable {
    /// Every row's Euclidean norm.
    case l2
    /// Every entry.
    case linf
    /// Every row's Euclidean norm, and all but so many rows stay as they are.
    case rows(Int)
    /// Every entry, and all but so many entries of all rows together stay as they are.
    case entries(Int)
  }

  public var norm: Norm
  public var size: Double
  /// How many labels at most, as a sum of shares; 0 for none.
  public var flips: Double

  /// - Precondition: sizes and counts are at least 0.
  public init(_ norm: Norm, size: Double, flips: Double = 0) {
    precondition(size >= 0 && flips >= 0, "AttackBudget: a size of \(size), \(flips) flips")
    self.norm = norm
    self.size = size
    self.flips = flips
  }

  /// Γ ← the nearest shift within the budget, rows of p entries one after the other.
  func project(shifts Γ: inout Vector<Double>, features p: Int) {
    let m = Γ.count / max(1, p)
    switch norm {
    case .l2: for k in 0..<m { shrink(&Γ, k * p..<(k + 1) * p) }
    case .linf: for j in Γ.indices { Γ[j] = min(max(Γ[j], -size), size) }
    case .rows(let count):
      for k in 0..<m { shrink(&Γ, k * p..<(k + 1) * p) }
      // Of rows within their balls those kept are the longest.
      let norms = (0..<m).map { Γ[segment: $0 * p..<($0 + 1) * p].norm }
      for k in Self.rest(norms, after: count) { for j in k * p..<(k + 1) * p { Γ[j] = 0 } }
    case .entries(let count):
      for j in Γ.indices { Γ[j] = min(max(Γ[j], -size), size) }
      for j in Self.rest(Γ.map(\.magnitude), after: count) { Γ[j] = 0 }
    }
  }

  /// All places but those of the `count` largest; of equal ones the first.
  private static func rest(_ sizes: [Double], after count: Int) -> ArraySlice<Int> {
    sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }.dropFirst(count)
  }

  private func shrink(_ Γ: inout Vector<Double>, _ range: Range<Int>) {
    let length = Γ[segment: range].norm
    if length > size { for j in range { Γ[j] *= size / length } }
  }

  /// c ← the nearest shares in [0, 1] whose sum is at most ``flips``: all moved down by one number and clipped, found by bisection to the last bit.
  func project(shares c: inout Vector<Double>) {
    func clipped(_ x: Double) -> Double { min(max(x, 0), 1) }
    func sum(_ shift: Double) -> Double { c.reduce(0) { $0 + clipped($1 - shift) } }
    guard sum(0) > flips else {
      for k in c.indices { c[k] = clipped(c[k]) }
      return
    }
    var (low, high) = (0.0, c.maxNorm)
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { break }
      if sum(middle) > flips { low = middle } else { high = middle }
    }
    for k in c.indices { c[k] = clipped(c[k] - high) }
  }
}
