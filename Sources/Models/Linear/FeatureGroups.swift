import LinAlg
import NonsmoothMaps

/// Which strength of the 1-norm each feature has. The penalty of a ``PenalizedMap`` is
/// `Σⱼ λ_{g(j)} |wⱼ| + (λ_G/2) ‖w‖²` with the parameters λ = (λ₀ … λ_{G−1}, λ_G): one strength per group, then the ridge's.
///
/// One group is the elastic net, (λ1, λ2); one group per feature is the weighted (adaptive) lasso with its ridge. λ_G may be 0.
public struct FeatureGroups: Sendable, Equatable {
  /// g(j) for every feature; nil where all are in group 0.
  let groupOfFeature: [Int]?
  /// G.
  public let count: Int

  /// All features share one strength.
  public static var single: FeatureGroups { FeatureGroups(groupOfFeature: nil, count: 1) }

  /// Every one of p features has its own.
  public static func perFeature(_ p: Int) -> FeatureGroups {
    FeatureGroups(groupOfFeature: Array(0..<p), count: p)
  }

  /// Feature j is in group `groups[j]`.
  ///
  /// - Precondition: groups in 0 ..< count.
  public init(_ groups: [Int], count: Int) {
    precondition(
      count >= 1 && groups.allSatisfy { $0 >= 0 && $0 < count }, "FeatureGroups: groups must lie in 0 ..< \(count)")
    self.init(groupOfFeature: groups, count: count)
  }

  private init(groupOfFeature: [Int]?, count: Int) {
    self.groupOfFeature = groupOfFeature
    self.count = count
  }

  /// G + 1: the strengths and the ridge's.
  public var parameterCount: Int { count + 1 }

  /// The strength of the ridge in λ.
  func ridge<Element: Scalar>(_ λ: Vector<Element>) -> Element { λ[count] }

  /// The smallest of the strengths; NaN where one is.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func leastStrength<Element: Scalar>(_ λ: Vector<Element>) -> Element {
    let values = λ.base
    var least = values[0]
    for g in 1..<max(1, count) where values[g] < least || values[g].isNaN { least = values[g] }
    return least
  }

  /// The first strength that is zero, or nil.
  func zeroStrength<Element: Scalar>(_ λ: Vector<Element>) -> ParameterViolation? {
    (0..<count).first { λ[$0] == 0 }.map {
      ParameterViolation(index: $0, value: 0, expected: "a strength above 0 for working sets")
    }
  }

  func requireFit(features p: Int) {
    precondition(
      (groupOfFeature?.count ?? p) == p, "FeatureGroups: groups of \(groupOfFeature?.count ?? 0) features for \(p)")
  }

  /// out[j] ← scale λ_{g(j)}.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fillStrengths<Element: Scalar>(_ λ: Vector<Element>, scale: Element, into out: inout Vector<Element>) {
    guard let groupOfFeature else {
      out.fill(scale * λ[0])
      return
    }
    let target = out.mutableBase()
    groupOfFeature.withUnsafeBufferPointer {
      if let index = $0.baseAddress { Element._gather(out.count, index, λ.base, target) }
    }
    out.scale(by: scale)
  }

  /// g_k ← Σ over the features j of group k of x[j] v[j], for the first G entries of g.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func collect<Element: Scalar>(_ x: Vector<Element>, _ v: Vector<Element>, into g: inout Vector<Element>) {
    guard let groupOfFeature else {
      g[0] = x.dot(v)
      return
    }
    let target = g.mutableBase()
    target.update(repeating: 0, count: count)
    groupOfFeature.withUnsafeBufferPointer {
      if let index = $0.baseAddress { Element._scatterAdd(x.count, index, x.base, v.base, target) }
    }
  }
}
