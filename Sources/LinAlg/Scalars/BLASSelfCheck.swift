internal import RealModule

/// What one kernel did in ``BLAS/selfCheck()``.
public struct SelfCheckResult: Sendable, Equatable {
  /// The kernel and its scalar, for example `"gemm float32"`.
  public var name: String
  /// The largest error found, in units of the error allowed; NaN where a result was NaN.
  public var largestError: Double
  /// The case with the largest error, for example `"n = 33, transposed"`.
  public var worstCase: String
  /// Whether the largest error is at most the one allowed.
  public var passed: Bool { largestError <= 1 }
}

extension BLAS {
  /// Runs the kernels this package uses on small problems of known result. Takes well under a second.
  ///
  /// Some builds of OpenBLAS compute wrong products on some processors (their kernels are chosen when the program
  /// starts), and nothing else would show it. Products and triangular solves run on whole numbers small enough that no
  /// step rounds, so they have to be exact; factorizations are judged by their residuals.
  public static func selfCheck() -> [SelfCheckResult] { check(Float.self) + check(Double.self) }

  private static func check<Element: Scalar>(_: Element.Type) -> [SelfCheckResult] {
    var checker = Checker<Element>()
    return [
      checker.run("dot") { $0.dot() },
      checker.run("gemv") { $0.gemv() },
      checker.run("symv") { $0.symv() },
      checker.run("gemm") { $0.gemm() },
      checker.run("syrk") { $0.syrk() },
      checker.run("trsv, trsm") { $0.triangular() },
      checker.run("Cholesky") { $0.cholesky() },
      checker.run("LU") { $0.lu() },
      checker.run("symmetric eigen") { $0.eigen() },
    ]
  }
}

private struct Checker<Element: Scalar> {
  /// On either side of the widths at which kernels change path: vectors, register tiles, cache blocks.
  private let sizes = [1, 7, 16, 33, 64, 100, 129, 257]
  /// Entries of the factors of a product. 2 · 127² · 257 stays below Float's 2²⁴, 2 · 2³⁰ · 257 · 3 · 257 below
  /// Double's 2⁵³, the last two factors being those of the check in ``compare``.
  private let bound = Element.significandBitCount < 30 ? 127 : 1 << 15
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var worst = 0.0
  private var place = ""

  mutating func run(_ name: String, _ body: (inout Self) -> Void) -> SelfCheckResult {
    (worst, place) = (0, "")
    body(&self)
    return SelfCheckResult(name: "\(name) \(Element.typeName)", largestError: worst, worstCase: place)
  }

  // MARK: - Data

  private mutating func whole(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % (2 * bound + 1) - bound
  }

  private mutating func entries(_ count: Int, _ bound: Int) -> [Double] {
    (0..<count).map { _ in Double(whole(bound)) }
  }

  private func vector(_ x: [Double]) -> Vector<Element> { Vector(x.map { Element($0) }) }

  private func matrix(_ a: [Double], _ m: Int, _ n: Int) -> Matrix<Element> {
    Matrix(rows: m, columns: n, layout: .columnMajor, entries: a.map { Element($0) })
  }

  /// ±1 … ±3, no zeros.
  private mutating func probe(_ n: Int) -> [Double] {
    (0..<n).map { _ in
      let k = whole(3)
      return k == 0 ? 1 : Double(k)
    }
  }

  // MARK: - Plain loops

  /// op(A) x, A m × n column-major.
  private func times(_ a: [Double], _ m: Int, _ n: Int, _ transpose: Bool, _ x: [Double]) -> [Double] {
    var y = [Double](repeating: 0, count: transpose ? n : m)
    a.withUnsafeBufferPointer { a in
      x.withUnsafeBufferPointer { x in
        for j in 0..<n {
          if transpose {
            var sum = 0.0
            for i in 0..<m { sum += a[j * m + i] * x[i] }
            y[j] = sum
          } else {
            for i in 0..<m { y[i] += a[j * m + i] * x[j] }
          }
        }
      }
    }
    return y
  }

  private func doubles(_ v: some Sequence<Element>) -> [Double] { v.map { Double($0) } }

  private func doubles(_ A: Matrix<Element>) -> [Double] { (0..<A.columns).flatMap { doubles(A.column($0)) } }

  private mutating func note(_ error: Double, _ what: @autoclosure () -> String) {
    if error > worst || (error.isNaN && !worst.isNaN) {
      worst = error
      place = what()
    }
  }

  /// Whole numbers that have to agree: half a unit is allowed.
  private mutating func compare(_ got: [Double], _ expected: [Double], _ what: @autoclosure () -> String) {
    for (a, b) in zip(got, expected) where a != b { note(2 * (a - b).magnitude, what()) }
  }

  // MARK: - Products

  mutating func dot() {
    for n in sizes {
      let (x, y) = (entries(n, bound), entries(n, bound))
      compare([Double(vector(x).dot(vector(y)))], [zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }], "n = \(n)")
    }
  }

  /// The sizes in triples that meet different edges in each dimension.
  private var shapes: [(Int, Int, Int)] {
    let n = sizes.count
    return (0..<n).map { (sizes[$0], sizes[($0 + 3) % n], sizes[($0 + 5) % n]) } + sizes.map { ($0, $0, $0) }
  }

  mutating func gemv() {
    for (m, n, _) in shapes {
      let a = entries(m * n, bound)
      for transpose in [false, true] {
        let x = entries(transpose ? m : n, bound)
        var y = vector([Double](repeating: 0, count: transpose ? n : m))
        let A = matrix(a, m, n)
        y.assignProduct(transpose ? A.transposed : A, vector(x))
        compare(doubles(y), times(a, m, n, transpose, x), "\(m) × \(n)\(transpose ? ", transposed" : "")")
      }
    }
  }

  mutating func symv() {
    for n in sizes {
      let a = entries(n * n, bound)
      let x = entries(n, bound)
      var symmetric = a
      for j in 0..<n { for i in 0..<j { symmetric[j * n + i] = a[i * n + j] } }
      var y = vector([Double](repeating: 0, count: n))
      let (A, v) = (matrix(a, n, n), vector(x))
      withExtendedLifetime((A, v)) {
        Element._symv(false, n, 1, A.base, A.stride, v.base, 0, y.mutableBase())
      }
      compare(doubles(y), times(symmetric, n, n, false, x), "n = \(n)")
    }
  }

  /// C ← 2 op(A) op(B) + C. The product is checked by C v = 2 op(A) (op(B) v) + C₀ v, which takes n² operations and not
  /// n³: with no zero in v one wrong entry cannot hide, and several in a row cancel with a probability below 1/6.
  mutating func gemm() {
    for (m, n, k) in shapes {
      for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
        let (a, b, c) = (entries(m * k, bound), entries(k * n, bound), entries(m * n, bound))
        let A = ta ? matrix(a, k, m).transposed : matrix(a, m, k)
        let B = tb ? matrix(b, n, k).transposed : matrix(b, k, n)
        var C = matrix(c, m, n)
        C.assignProduct(A, B, alpha: 2, beta: 1)
        let v = probe(n)
        let bv = tb ? times(b, n, k, true, v) : times(b, k, n, false, v)
        let abv = ta ? times(a, k, m, true, bv) : times(a, m, k, false, bv)
        let expected = zip(abv, times(c, m, n, false, v)).map { 2 * $0 + $1 }
        compare(
          times(doubles(C), m, n, false, v), expected,
          "\(m) × \(k) × \(n)\(ta ? ", A transposed" : "")\(tb ? ", B transposed" : "")")
      }
    }
  }

  mutating func syrk() {
    for (m, n, _) in shapes {
      for transpose in [false, true] {
        let a = entries(m * n, bound)
        let A = transpose ? matrix(a, n, m).transposed : matrix(a, m, n)
        var C = Matrix<Element>.zeros(n, n)
        C.assignGram(A)
        let v = probe(n)
        let av = transpose ? times(a, n, m, true, v) : times(a, m, n, false, v)
        let expected = transpose ? times(a, n, m, false, av) : times(a, m, n, true, av)
        compare(times(doubles(C), n, n, false, v), expected, "\(m) × \(n)\(transpose ? ", transposed" : "")")
      }
    }
  }

  /// Whole-number solutions under a whole-number triangle with ±1 on its diagonal: substitution never rounds.
  mutating func triangular() {
    for (n, columns, _) in shapes {
      let x = entries(n * columns, bound)
      for (lower, transpose) in [(false, false), (false, true), (true, false), (true, true)] {
        var t = entries(n * n, 3)
        for j in 0..<n {
          for i in 0..<n where i == j || (i > j) != lower { t[j * n + i] = i == j ? 1 - 2 * Double(i % 2) : 0 }
        }
        let T = matrix(t, n, n)
        let b = (0..<columns).flatMap { times(t, n, n, transpose, Array(x[$0 * n..<($0 + 1) * n])) }
        var B = matrix(b, n, columns)
        var first = B.column(0)
        let p = B.mutableBase()
        withExtendedLifetime(T) {
          Element._trsm(lower, transpose, n, columns, T.base, T.stride, p, B.stride)
          Element._trsv(lower, transpose, n, T.base, T.stride, first.mutableBase())
        }
        let what = "\(n) × \(columns), \(lower ? "lower" : "upper")\(transpose ? ", transposed" : "")"
        compare(doubles(B), x, what)
        compare(doubles(first), Array(x[..<n]), what + ", one column")
      }
    }
  }

  // MARK: - Factorizations

  /// ‖b − op(A) x‖ in units of 4 n ulp (‖A‖ ‖x‖ + ‖b‖): a backward stable solve stays below with a wide margin.
  private mutating func residual(
    _ a: [Double], _ n: Int, _ transpose: Bool, _ x: Vector<Element>, _ b: [Double], _ what: String
  ) {
    let r = zip(times(a, n, n, transpose, doubles(x)), b).map { $0 - $1 }
    let allowed = 4 * Double(n) * Double(Element.ulpOfOne) * (norm(a) * Double(x.norm) + norm(b))
    note(norm(r) / allowed, what)
  }

  private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private let factored = [1, 7, 33, 100, 257]

  mutating func cholesky() {
    for n in factored {
      // Diagonally dominant and symmetric: definite.
      var a = entries(n * n, 100)
      for j in 0..<n {
        for i in 0..<j { a[j * n + i] = a[i * n + j] }
        a[j * n + j] = Double(100 * n + j)
      }
      let b = entries(n, 100)
      var x = vector(b)
      guard let factor = try? Cholesky(matrix(a, n, n)) else { return note(.infinity, "n = \(n)") }
      factor.solve(&x)
      residual(a, n, false, x, b, "n = \(n)")
    }
  }

  mutating func lu() {
    for n in factored {
      let a = entries(n * n, 100).map { $0 + 0.5 }
      let b = entries(n, 100)
      guard let factor = try? LU(matrix(a, n, n)) else { return note(.infinity, "n = \(n)") }
      var (x, y) = (vector(b), vector(b))
      factor.solve(&x)
      factor.solveAdjoint(&y)
      residual(a, n, false, x, b, "n = \(n)")
      residual(a, n, true, y, b, "n = \(n), transposed")
    }
  }

  mutating func eigen() {
    for n in factored {
      // Second differences, whose eigenvalues are known, and A Q v = Q Λ v for one v.
      var a = [Double](repeating: 0, count: n * n)
      for j in 0..<n { for i in max(0, j - 1)...min(n - 1, j + 1) { a[j * n + i] = i == j ? 2 : -1 } }
      guard let eigen = try? SymmetricEigen(matrix(a, n, n)) else { return note(.infinity, "n = \(n)") }
      let allowed = 4 * Double(n) * Double(Element.ulpOfOne) * 4
      for k in 0..<n {
        let expected = 2 - 2 * Double.cos(Double(k + 1) * .pi / Double(n + 1))
        note((Double(eigen.values[k]) - expected).magnitude / allowed, "eigenvalue \(k) of \(n)")
      }
      let (q, v) = (doubles(eigen.vectors), probe(n))
      let left = times(a, n, n, false, times(q, n, n, false, v))
      let right = times(q, n, n, false, zip(v, doubles(eigen.values)).map { $0 * $1 })
      note(norm(zip(left, right).map { $0 - $1 }) / (allowed * norm(v)), "eigenvectors of \(n)")
    }
  }
}
