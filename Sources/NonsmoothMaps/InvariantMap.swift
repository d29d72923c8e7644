import LinAlg

/// A penalty that does not change where its coordinates are permuted: it makes one of the eigenvalues of a symmetric matrix (``Eigenvalues``).
public protocol PermutationInvariant: ProximalMap {
  /// Whether this one is: false where its coordinates have numbers of their own.
  var isInvariant: Bool { get }
}

extension PermutationInvariant {
  public var isInvariant: Bool { true }
}

/// A penalty that does not change where its coordinates are permuted or their signs: it makes one of the singular values of a matrix (``SingularValues``).
public protocol SignInvariant: PermutationInvariant {}

extension L1Norm: SignInvariant { public var isInvariant: Bool { strengths.isSingle } }
extension L2Norm: SignInvariant {}
extension LInfinityNorm: SignInvariant {}
extension L1Ball: SignInvariant {}
extension L2Ball: SignInvariant {}
extension LInfinityBall: SignInvariant {}
extension SortedL1: SignInvariant {}
extension ElasticNet: SignInvariant {}
extension HuberPenalty: SignInvariant {}
extension InsensitivePenalty: SignInvariant {}
extension AsymmetricL1: PermutationInvariant {}
extension NonnegativeL1: PermutationInvariant {}
extension Simplex: PermutationInvariant {}
extension OrderedSum: PermutationInvariant {}
extension Box: PermutationInvariant { public var isInvariant: Bool { lower.isShared && upper.isShared } }
extension FixedParameters: PermutationInvariant where G: PermutationInvariant {
  public var isInvariant: Bool { base.isInvariant }
}
extension FixedParameters: SignInvariant where G: SignInvariant {}
extension Scaled: PermutationInvariant where G: PermutationInvariant {
  public var isInvariant: Bool { base.isInvariant }
}
extension Scaled: SignInvariant where G: SignInvariant {}

extension Box.Bound {
  /// Whether all coordinates have the same one.
  fileprivate var isShared: Bool {
    switch self {
    case .none, .fixed: true
    case .fixedEach: false
    case .parameters(let shared): shared.isSingle
    }
  }
}

extension ProximalMap {
  /// The value at numbers that are off by rounding errors of `rounding`: where a constraint is violated by no more, that at the nearest point that
  /// satisfies it.
  func value(near v: Vector<Element>, rounding: Element, parameters λ: Vector<Element>) -> Element {
    let value = value(at: v, parameters: λ)
    if value.isFinite || v.firstNonFinite != nil { return value }
    var x = Vector(copying: v)
    apply(step: Element.ulpOfOne * rounding, parameters: λ, to: &x)
    return x.distance(to: v) <= rounding ? self.value(at: x, parameters: λ) : value
  }
}

/// First divided differences (x(a) − x(b))/(a − b) of a proximal map that is invariant.
struct DividedDifference<Element: Scalar> {
  private let derivative: Matrix<Element>
  /// Above it no quotient of a convex function is.
  private let most: Element

  /// From the derivative at k numbers.
  init<L: ProximalLinearization>(_ L: L, count k: Int, isConvex: Bool) where L.Element == Element {
    var D = Matrix<Element>.zeros(k, k)
    for i in 0..<k { D[i, i] = 1 }
    L.apply(block: &D)
    derivative = D
    most = isConvex ? 1 : .infinity
  }

  /// w ← the differences below the diagonal, column by column.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fillDifferences(_ u: Vector<Element>, _ x: Vector<Element>, into w: inout Vector<Element>) {
    let target = w.mutableBase()
    var next = 0
    for j in 0..<u.count {
      for i in j + 1..<max(j + 1, u.count) {
        target[next] = difference(i, j, u, x)
        next += 1
      }
    }
  }

  /// w ← differences and sums below the diagonal, then `others` times the ratio of every column.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fillAll(_ u: Vector<Element>, _ x: Vector<Element>, others: Int, into w: inout Vector<Element>) {
    let target = w.mutableBase()
    var next = 0
    for j in 0..<u.count {
      for i in j + 1..<max(j + 1, u.count) {
        target[next] = difference(i, j, u, x)
        target[next + 1] = sum(i, j, u, x)
        next += 2
      }
    }
    for j in 0..<u.count {
      let ratio = ratio(j, u, x)
      for i in 0..<others { target[next + i] = ratio }
      next += others
    }
  }

  /// `limit` where the two agree but for rounding: on one linear piece it is exact, and where a = b there is no quotient.
  @inline(__always)
  private func quotient(_ difference: Element, over gap: Element, size: Element, limit: Element) -> Element {
    if gap == 0 || (difference - limit * gap).magnitude <= 4 * .ulpOfOne * size { return min(max(limit, 0), most) }
    return min(max(difference / gap, 0), most)
  }

  /// (xᵢ − xⱼ)/(uᵢ − uⱼ); where uᵢ = uⱼ the derivative along eᵢ − eⱼ, which exchanging the two says it is.
  @inline(__always)
  private func difference(_ i: Int, _ j: Int, _ u: Vector<Element>, _ x: Vector<Element>) -> Element {
    let limit = (derivative[i, i] + derivative[j, j]) / 2 - derivative[i, j]
    let size = u[i].magnitude + u[j].magnitude + x[i].magnitude + x[j].magnitude
    return quotient(x[i] - x[j], over: u[i] - u[j], size: size, limit: limit)
  }

  /// (xᵢ + xⱼ)/(uᵢ + uⱼ) for numbers that are not negative.
  @inline(__always)
  private func sum(_ i: Int, _ j: Int, _ u: Vector<Element>, _ x: Vector<Element>) -> Element {
    let limit = (derivative[i, i] + derivative[j, j]) / 2 + derivative[i, j]
    return quotient(x[i] + x[j], over: u[i] + u[j], size: u[i] + u[j] + x[i] + x[j], limit: limit)
  }

  /// xⱼ/uⱼ.
  @inline(__always)
  private func ratio(_ j: Int, _ u: Vector<Element>, _ x: Vector<Element>) -> Element {
    quotient(x[j], over: u[j], size: u[j].magnitude + x[j].magnitude, limit: derivative[j, j])
  }
}
