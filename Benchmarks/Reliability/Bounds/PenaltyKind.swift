import LinAlg
import NonsmoothMaps

/// The penalties whose bounds are tried.
public enum PenaltyKind: String, CaseIterable, Sendable {
  case l1 = "l1"
  case weightedL1 = "l1-weighted"
  case elasticNet = "elastic-net"
  case asymmetricL1 = "l1-asymmetric"
  case nonnegativeL1 = "l1-nonnegative"
  case nonnegative = "nonnegative"
  case box = "box"
  case groupLasso = "group-lasso"
  case sparseGroupLasso = "sparse-group-lasso"
  case simplex = "simplex"
  case l1Ball = "l1-ball"
  case l2Norm = "l2-norm"
  case l2Ball = "l2-ball"
  case lInfinityBall = "linf-ball"
  case huber = "huber"
  case sortedL1 = "sorted-l1"
  case orderedSum = "ordered-sum"
  case totalVariation = "total-variation"
  case fusedLasso = "fused-lasso"
  case isotonic = "isotonic"

  /// How a parameter scales with the data: X by 2^a and y by 2^b.
  enum Unit {
    /// A multiple of ‖w‖, by 2^(a + b).
    case strength
    /// A curvature, by 2^(2a).
    case curvature
    /// An entry of w, by 2^(b − a).
    case length

    func exponent(features a: Int, targets b: Int) -> Int {
      switch self {
      case .strength: a + b
      case .curvature: 2 * a
      case .length: b - a
      }
    }
  }

  /// Of the parameters of the penalty, for p coordinates.
  func units(count p: Int) -> [Unit] {
    switch self {
    case .l1, .nonnegativeL1, .groupLasso, .l2Norm, .sortedL1, .orderedSum, .totalVariation: [.strength]
    case .weightedL1: Array(repeating: .strength, count: p)
    case .elasticNet: [.strength, .curvature]
    case .asymmetricL1, .sparseGroupLasso, .fusedLasso: [.strength, .strength]
    case .nonnegative, .isotonic: []
    case .box: [.length, .length]
    case .simplex, .l1Ball, .l2Ball, .lInfinityBall: [.length]
    case .huber: [.curvature, .length]
    }
  }

  /// Groups of two or three neighbours.
  static func groups(count p: Int) -> [Int] {
    var sizes: [Int] = []
    var left = p
    while left > 0 {
      let size = left == 4 ? 2 : min(left, sizes.count % 2 == 0 ? 3 : 2)
      sizes.append(size)
      left -= size
    }
    return sizes
  }

  /// ω of the ordered penalties, in halves, which are exact.
  static func weights(count p: Int) -> [Double] { (0..<p).map { Double(p - $0 + 1) / 2 } }

  /// That of the package.
  func make<Element: Scalar>(count p: Int, _: Element.Type) -> any CertifiablePenalty<Element> {
    let groups = Groups(sizes: Self.groups(count: p))
    let weights = Vector<Element>(count: p) { Element(Self.weights(count: p)[$0]) }
    return switch self {
    case .l1: L1Norm<Element>()
    case .weightedL1: L1Norm<Element>(.perCoordinate(p))
    case .elasticNet: ElasticNet<Element>()
    case .asymmetricL1: AsymmetricL1<Element>()
    case .nonnegativeL1: NonnegativeL1<Element>()
    case .nonnegative: Box<Element>.nonNegative
    case .box: Box<Element>(lower: .parameters(), upper: .parameters())
    case .groupLasso: GroupLasso<Element>(groups)
    case .sparseGroupLasso: SparseGroupLasso<Element>(groups)
    case .simplex: Simplex<Element>()
    case .l1Ball: L1Ball<Element>()
    case .l2Norm: L2Norm<Element>()
    case .l2Ball: L2Ball<Element>()
    case .lInfinityBall: LInfinityBall<Element>()
    case .huber: HuberPenalty<Element>()
    case .sortedL1: SortedL1<Element>(weights: weights)
    case .orderedSum: OrderedSum<Element>(weights: weights)
    case .totalVariation: TotalVariation<Element>()
    case .fusedLasso: FusedLasso<Element>()
    case .isotonic: Isotonic<Element>()
    }
  }
}
