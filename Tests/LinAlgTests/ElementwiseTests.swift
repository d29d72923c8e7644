import LinAlg
import Testing

/// The C loops against the definitions, at lengths around the widths of vectors, by ==: each entry takes at most one
/// rounded operation, so there is one right answer (but for axpby, where a fused product may differ).
@Suite struct ElementwiseTests {
  private static let counts = [0, 1, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100]

  private func array<T: Scalar>(_ n: Int, _ body: (UnsafeMutablePointer<T>) -> Void) -> [T] {
    var out = [T](repeating: -7, count: n + 1)
    out.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    #expect(out[n] == -7, "wrote past the end of \(n)")
    return Array(out[..<n])
  }

  @Test(arguments: Precision.allCases) func combinations(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for n in Self.counts {
        var numbers = Numbers(UInt64(n) + 50)
        // Whole numbers, so that a fused and a plain multiplication agree.
        let (x, y): (Vector<T>, Vector<T>) = (numbers.vector(n, whole: 99), numbers.vector(n, whole: 99))
        var z = y
        z.combine(3, x, -2)
        #expect(z == Vector(count: n) { 3 * x[$0] - 2 * y[$0] })
        z.assign(5, x, 7, y)
        #expect(z == Vector(count: n) { 5 * x[$0] + 7 * y[$0] })
        z.assign(1, z, -5, x)  // the target may be an operand
        #expect(z == Vector(count: n) { 7 * y[$0] })
        z.assignProduct(x, y)
        #expect(z == Vector(count: n) { x[$0] * y[$0] })
        z.copy(from: y)
        z.scale(by: x)
        #expect(z == Vector(count: n) { x[$0] * y[$0] })
        z.add(-1, z)
        #expect(z == .zeros(n))
        #expect(x.oneNorm == x.reduce(0) { $0 + $1.magnitude })
        #expect(x.dot(y) == zip(x, y).reduce(0) { $0 + $1.0 * $1.1 })
        #expect(x.distance(to: y) == zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot())
      }
    }
    body(p.type)
  }

  @Test(arguments: Precision.allCases) func transposesAndMirrors(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for (m, n) in [(0, 3), (3, 0), (1, 1), (15, 17), (16, 16), (40, 5)] {
        let A = Matrix<T>(rows: m, columns: n) { T($0 * 100 + $1) }
        let B = A.packed(as: .rowMajor)
        #expect(B == A)
        #expect(B.packed(as: .columnMajor) == A)
      }
      for n in [0, 1, 2, 17] {
        let lower = (0..<n * n).map { T($0 % n * 100 + $0 / n) }
        let mirrored = array(n * n) { out in
          out.update(from: lower, count: n * n)
          T._mirrorLower(n, out, max(1, n))
        }
        #expect(mirrored == (0..<n * n).map { T(max($0 % n, $0 / n) * 100 + min($0 % n, $0 / n)) })
      }
    }
    body(p.type)
  }

  /// What is written over an input is what is written beside it: the loops go by vectors either way.
  @Test(arguments: Precision.allCases) func outputsMayBeInputs(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for n in Self.counts {
        var numbers = Numbers(UInt64(n) + 90)
        let (x, y): (Vector<T>, Vector<T>) = (numbers.vector(n, whole: 99), numbers.vector(n, whole: 99))
        func expectSame(
          _ name: String, _ body: (UnsafePointer<T>, UnsafePointer<T>, UnsafeMutablePointer<T>) -> Void
        ) {
          var (beside, first, second) = (Vector<T>.zeros(n), Vector(copying: x), Vector(copying: y))
          body(x.base, y.base, beside.mutableBase())
          let a = first.mutableBase()
          body(a, y.base, a)
          #expect(first == beside, "\(name), over the first of \(n)")
          let b = second.mutableBase()
          body(x.base, b, b)
          #expect(second == beside, "\(name), over the second of \(n)")
        }
        expectSame("linear combination") { T._linearCombination(n, 3, $0, -2, $1, $2) }
        expectSame("product") { T._hadamard(n, $0, $1, $2) }
      }
    }
    body(p.type)
  }
}
