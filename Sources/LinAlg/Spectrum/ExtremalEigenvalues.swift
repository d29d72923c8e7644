internal import RealModule

/// The smallest and the largest eigenvalue of a symmetric operator, with bounds on their errors.
public struct ExtremalEigenvalues<Element: Scalar>: Sendable {
  public var smallest: Element
  public var largest: Element
  /// An eigenvalue lies within this distance of ``smallest``, which is never below the true smallest one by more than
  /// rounding.
  public var smallestErrorBound: Element
  /// An eigenvalue lies within this distance of ``largest``, which is never above the true largest one by more than
  /// rounding.
  public var largestErrorBound: Element
  /// Products with the operator; 0 where the eigenvalues of a matrix were computed.
  public var products: Int
  /// `converged` where both error bounds meet the tolerance or are down to rounding, `iterationLimit` where the allowed number of products was
  /// spent before (the bounds say how far it came), `notFinite` where the operator produced a NaN or an infinity (the numbers are NaN).
  public var outcome: Outcome<Element>
}

// MARK: - Lanczos

extension ExtremalEigenvalues {
  /// By Lanczos with full reorthogonalization, from a fixed start vector.
  ///
  /// A Ritz pair (θ, s) has an eigenvalue within β |s_k| of θ, β and s_k the last off-diagonal entry and the last entry
  /// of the pair's vector: the bounds. That it is the extremal one is not proven but likely: the start vector would have
  /// to be nearly orthogonal to its eigenspace. Cost one product and 8 n k operations at step k; memory n k.
  ///
  /// - Parameters:
  ///   - A: symmetric, n × n, n ≥ 1 (not checked for symmetry).
  ///   - relativeTolerance: accepted error bound over max(|smallest|, |largest|); by default √ulp.
  ///   - iterationLimit: products allowed, at most n; nil stands for min(n, 300).
  public init(
    of A: some LinearOperator<Element>, relativeTolerance: Element? = nil, iterationLimit: Int? = nil
  ) {
    let n = A.rows
    precondition(A.columns == n, "ExtremalEigenvalues: the operator must be square, not \(n) × \(A.columns)")
    precondition(n >= 1, "ExtremalEigenvalues: an operator on 0 unknowns has no eigenvalues")
    let tolerance = relativeTolerance ?? Element.ulpOfOne.squareRoot()
    let limit = max(1, min(n, iterationLimit ?? 300))

    var v = Self.startVector(n)
    v.scale(by: 1 / v.norm)
    var w = Vector<Element>.zeros(n)
    var basis: [Vector<Element>] = []
    var diagonal: [Element] = []
    var below: [Element] = []
    var norm: Element = 0  // of A, from below
    while true {
      A.apply(v, into: &w)
      let length = w.norm
      norm = max(norm, length)
      guard length.isFinite else {
        self = .failure(products: diagonal.count + 1)
        return
      }
      diagonal.append(v.dot(w))
      basis.append(v)
      // Twice is enough (Kahan and Parlett): what is left is orthogonal to rounding.
      for _ in 0..<2 { for u in basis.reversed() { w.add(-u.dot(w), u) } }
      let k = diagonal.count
      let next = w.norm
      // Of a dependent vector the product and the orthogonalization leave their rounding errors.
      let isInvariant = k == n || next <= Element(k + 2) * .ulpOfOne * norm
      if isInvariant || k == limit || k % 8 == 0 {
        let now = Self.ritz(diagonal, below, isInvariant ? 0 : next)
        let accepted = tolerance * max(now.smallest.magnitude, now.largest.magnitude)
        let isDone = isInvariant || max(now.smallestErrorBound, now.largestErrorBound) <= accepted
        if isDone || k == limit {
          self = now
          outcome = isDone ? .converged : .iterationLimit
          return
        }
      }
      below.append(next)
      v = .zeros(n)
      v.combine(1 / next, w, 0)
    }
  }

  /// Numbers in ±(½ … 1) without a pattern: a vector of ones is a null vector of every graph's Laplacian.
  private static func startVector(_ n: Int) -> Vector<Element> {
    var state: UInt64 = 0x2545_F491_4F6C_DD1D
    return Vector(count: n) { _ in
      // Marsaglia's xorshift; the top 22 bits, which both precisions hold.
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let magnitude = Element(1) / 2 + Element(Int(state >> 43)) / Element(1 << 22)
      return state & 1 == 0 ? magnitude : -magnitude
    }
  }

  /// The extremal eigenvalues of the tridiagonal matrix and their bounds.
  private static func ritz(_ diagonal: [Element], _ below: [Element], _ next: Element) -> Self {
    let k = diagonal.count
    var values = Vector(diagonal)
    var off = Vector(below + [0])
    var vectors = Matrix<Element>.zeros(k, k)
    var work = Vector<Element>.zeros(max(1, 2 * k - 2))
    let z = vectors.mutableBase()
    let info = Element._stev(k, values.mutableBase(), off.mutableBase(), z, vectors.stride, work.mutableBase())
    guard info == 0 else { return .failure(products: k) }
    // stev is backward stable: a multiple of ulp of the norm, which grows with k at worst.
    let rounding = Element(k) * .ulpOfOne * max(values[0].magnitude, values[k - 1].magnitude)
    return Self(
      smallest: values[0], largest: values[k - 1],
      smallestErrorBound: next * vectors[k - 1, 0].magnitude + rounding,
      largestErrorBound: next * vectors[k - 1, k - 1].magnitude + rounding, products: k, outcome: .converged)
  }

  private static func failure(products: Int) -> Self {
    Self(
      smallest: .nan, largest: .nan, smallestErrorBound: .nan, largestErrorBound: .nan, products: products,
      outcome: .notFinite())
  }
}

// MARK: - Gram matrices

extension ExtremalEigenvalues {
  /// The side up to which the eigenvalues of a Gram matrix are computed by LAPACK: at 2000 it holds 32 MB and takes a
  /// few seconds.
  private static var largestDense: Int { 2000 }

  /// The extremal eigenvalues of `scale` · XᵀX, X n × p; zeros for no columns.
  ///
  /// XᵀX and XXᵀ share their eigenvalues other than 0, so the smaller of the two is used; for p > n the smallest
  /// eigenvalue of XᵀX is exactly 0. Where min(n, p) ≤ 2000 it is LAPACK's eigenvalues, at a cost of n p min(n, p), with
  /// rounding as the bound. Beyond, it is Lanczos.
  ///
  /// - Precondition: `scale` ≥ 0.
  public static func ofGram(_ X: Matrix<Element>, scale: Element = 1) -> Self {
    precondition(scale >= 0, "ExtremalEigenvalues.ofGram: the scale cannot be negative (\(scale))")
    if X.firstNonFinite != nil { return .failure(products: 0) }
    let isWide = X.columns > X.rows
    let tall = isWide ? X.transposed : X
    if tall.columns == 0 {
      return Self(
        smallest: 0, largest: 0, smallestErrorBound: 0, largestErrorBound: 0, products: 0, outcome: .converged)
    }
    var result = tall.columns <= largestDense ? dense(tall, scale) : Self(of: GramOperator(tall, scale: scale))
    if isWide {
      result.smallest = 0
      result.smallestErrorBound = 0
    } else {
      // A Gram matrix has no negative eigenvalue; rounding may say otherwise.
      result.smallest = max(0, result.smallest)
    }
    return result
  }

  private static func dense(_ X: Matrix<Element>, _ scale: Element) -> Self {
    let (n, p) = (X.rows, X.columns)
    var G = Matrix<Element>.zeros(p, p)
    G.assignGram(X, alpha: scale)
    guard let values = try? SymmetricEigen.eigenvalues(of: G) else { return .failure(products: 0) }
    // The products: |ΔG| ≤ n u |X|ᵀ|X|, whose norm is at most the trace of G. The eigenvalues: p ulp of ‖G‖.
    var trace: Element = 0
    for i in 0..<p { trace += G[i, i] }
    let bound = Element(n) * .ulpOfOne / 2 * trace + Element(p) * .ulpOfOne * values[p - 1].magnitude
    return Self(
      smallest: values[0], largest: values[p - 1], smallestErrorBound: bound, largestErrorBound: bound, products: 0,
      outcome: .converged)
  }
}
