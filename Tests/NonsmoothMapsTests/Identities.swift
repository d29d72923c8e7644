import LinAlg
import NonsmoothMaps
import Testing

/// Derivatives that say "not in the range" where they did not look.
protocol ConservativeRange {}
extension ConjugateLinearization: ConservativeRange {}
extension SeparableLinearization: ConservativeRange {}

/// Maps whose pieces cannot be told from a value, or not beyond rounding errors.
protocol UnreadablePieces {}
extension Conjugate: UnreadablePieces {}
extension TightFrame: UnreadablePieces {}
extension Eigenvalues: UnreadablePieces {}
extension SingularValues: UnreadablePieces {}
extension TrendFilter: UnreadablePieces {}

/// What every derivative of a proximal map promises of its products.
enum Identities {
  /// The identities between D, R, B and their products.
  static func check<L: ProximalLinearization>(
    _ L: L, m: Int, _ numbers: inout Numbers, bound: L.Element = 1, _ name: String
  ) {
    typealias T = L.Element
    let p = L.active.universe
    let dense = DenseDerivative(L, parameters: m)
    let (D, R) = (dense.D, dense.R)
    // Each entry is a sum of at most p products of numbers of at most 1, after a few roundings each.
    let ε = 16 * T(p) * T.ulpOfOne
    #expect(D.difference(from: D.transposed) <= ε, "symmetry, \(name)")
    let values = try? SymmetricEigen.eigenvalues(of: D)
    #expect(
      values != nil && values![0] >= -ε && values![p - 1] <= bound * (1 + ε), "eigenvalues \(values as Any), \(name)")
    if !L.hasFactor { return checkParameters(L, dense, &numbers, name) }
    let (k, r) = (L.active.count, L.rank)
    var full = Matrix<T>.zeros(p, p)
    if r > 0 {
      let product = R * R.transposed
      for i in 0..<k { for j in 0..<k { full[L.active[i], L.active[j]] = product[i, j] } }
    }
    #expect(full.difference(from: D) <= ε, "D = R Rᵀ, \(name)")
    var (X, Y) = (Matrix<T>.zeros(p, 2), Matrix<T>.zeros(p, 2))
    for i in 0..<2 { X.setColumn(i, numbers.vector(p)) }
    Y.copy(from: X)
    L.apply(block: &Y)
    #expect(Y.difference(from: D * X) <= ε, "D by blocks, \(name)")
    if let norm = L.parametersFrobeniusNorm, m > 0 {
      #expect(norm >= dense.B.frobeniusNorm * (1 - ε), "norm of B, \(name)")
    }
    if L.isMask { #expect(r == k && (k == 0 || R == Matrix.identity(k)), "mask, \(name)") }
    if L.isProjection { #expect((D * D).difference(from: D) <= 2 * ε, "projection, \(name)") }
    if let roots = L.diagonalRoots {
      #expect(r == k)
      for i in 0..<k { #expect((R[i, i] - roots[i]).magnitude <= ε, "roots, \(name)") }
    }
    var least: T?
    if r > 0 {
      let gram = R.transposed * R
      least = try? SymmetricEigen.eigenvalues(of: gram)[0]
      // The inverse of R multiplies errors by 1/σ², σ the least singular value of R.
      let loose = ε / (least ?? 1)
      let x: Vector<T> = numbers.vector(k)
      let z: Vector<T> = numbers.vector(r)
      var (y, c) = (Vector<T>.zeros(r), Vector<T>.zeros(k))
      L.restrict(x, into: &y)
      #expect((y - R.transposed * x).maxNorm <= ε, "restrict, \(name)")
      if !L.isProjection {
        L.applyGram(z, into: &y)
        #expect((y - gram * z).maxNorm <= ε, "gram, \(name)")
      }
      L.lift(z, into: &c)
      L.restrict(c, into: &y)
      #expect((y - z).maxNorm <= loose, "lift, \(name)")
      L.project(R * z, into: &y)
      #expect((y - z).maxNorm <= loose, "project, \(name)")
    }
    checkParameters(L, dense, &numbers, name)
    var largestOutside: T = 0
    for i in 0..<m {
      let b = dense.B.column(i)
      if b.norm > 0 {
        var (c, z, inside) = (Vector<T>.zeros(k), Vector<T>.zeros(r), Vector<T>.zeros(p))
        c.gather(L.active, from: b)
        L.project(c, into: &z)
        L.expand(z, into: &c)
        inside.scatter(L.active, from: c)
        largestOutside = max(largestOutside, (b - inside).norm / b.norm)
      }
    }
    // Each column lies within the range, up to the errors of R and its inverse, or part of it stands out by 1/√p at least: the columns are signs or masks, but for those of a surface
    // that moves with its exponent.
    if L.parametersLieInRange {
      #expect(largestOutside <= 4 * ε / (least ?? 1).squareRoot(), "range, \(name)")
    } else if !(L is any ConservativeRange) && !name.hasPrefix("fixed: power cone") {
      #expect(largestOutside >= T(0.3), "out of range, \(name)")
    }
  }

  /// Bᵀ against B.
  private static func checkParameters<L: ProximalLinearization>(
    _ L: L, _ dense: DenseDerivative<L.Element>, _ numbers: inout Numbers, _ name: String
  ) {
    typealias T = L.Element
    let (p, m) = (L.active.universe, dense.B.columns)
    let ε = 16 * T(p) * T.ulpOfOne
    for i in 0..<m {
      let b = dense.B.column(i)
      #expect(b.firstNonFinite == nil)
      let v: Vector<T> = numbers.vector(p)
      var g = Vector<T>.zeros(m)
      L.addParametersAdjoint(v, scale: 2, to: &g)
      #expect((g[i] - 2 * b.dot(v)).magnitude <= 4 * ε * max(1, b.norm), "Bᵀ, \(name)")
    }
  }
}
