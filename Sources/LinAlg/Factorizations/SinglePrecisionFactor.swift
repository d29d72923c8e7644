/// A Cholesky factor in single precision of a matrix that is known in `Element`'s: half the time and memory, and about 1e-7 times
/// the condition number as relative error of a solve. Refined by residuals in full precision it gives full accuracy.
///
/// Source: Langou, Langou, Luszczek, Kurzak, Buttari, Dongarra, *Exploiting the performance of 32 bit floating point
/// arithmetic in obtaining 64 bit accuracy*, SC 2006.
public final class SinglePrecisionFactor<Element: Scalar> {
  private let cholesky = CholeskyWorkspace<Float>(capacity: 0)
  private var single = Vector<Float>.zeros(0)

  public init() {}

  /// Factors the n × n matrix whose lower triangle `fill` writes; false where that is not positive definite, not finite or too
  /// ill conditioned for single precision to say anything (a reciprocal condition number of at most 1e-5).
  public func factor(count n: Int, _ fill: (inout Matrix<Float>) -> Void) -> Bool {
    do throws(FactorizationError) { try cholesky.factor(count: n, fill) } catch { return false }
    if single.count != n { single = .zeros(n) }
    return cholesky.pivotRatio > 1e-5
  }

  /// x ← about the solution for the right-hand side b. The numbers pass through `Float` divided by their largest, so that none
  /// over- or underflows because of the size of b.
  public func solve(_ b: Vector<Element>, into x: inout Vector<Element>) {
    precondition(
      b.count == cholesky.count && x.count == b.count,
      "SinglePrecisionFactor: \(b.count) entries into \(x.count) for \(cholesky.count) unknowns")
    let size = b.maxNorm
    if size == 0 || !size.isFinite {
      x.copy(from: b)
      return
    }
    x.copy(from: b)
    x.scale(by: 1 / size)
    Element._toSingle(b.count, x.base, single.mutableBase())
    cholesky.solve(&single)
    Element._fromSingle(b.count, single.base, x.mutableBase())
    x.scale(by: size)
  }
}
