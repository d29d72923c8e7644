/// The incomplete Cholesky factorization without fill, IC(0): L has the pattern of A's lower triangle, and L Lᵀ agrees with A
/// there (Meijerink and van der Vorst, Math. Comp. 31, 1977). Where no fill would arise, as in a full band, L is the
/// Cholesky factor itself.
///
/// It may break down for an A that is positive definite. Then A + σ diag(A) is factored (Manteuffel, Math. Comp. 34, 1980),
/// σ doubled from 10⁻³ until it succeeds (the schedule of Lin and Moré, SIAM J. Sci. Comput. 21, 1999).
///
/// As an operator it is (L Lᵀ)⁻¹, two sparse triangular solves: a preconditioner for conjugate gradient and MINRES. A product
/// costs 4 multiply-adds an entry and allocates nothing.
public struct IncompleteCholesky<Element: Scalar>: LinearOperator, Sendable {
  private let factor: SparseSymmetricMatrix<Element>
  private let inverses: Vector<Element>
  /// σ: 0 where A itself could be factored.
  public let shift: Element

  /// Where even a diagonal some hundred times as large does not help, the matrix is not positive definite or not finite.
  private static var largestShift: Element { 256 }

  /// nil where no shift up to 256 makes the pivots positive: a diagonal entry that is not positive, or a NaN.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public init?(_ A: SparseSymmetricMatrix<Element>) {
    let n = A.count
    var spread = Vector<Element>.zeros(n)
    var links = [Int](repeating: 0, count: 3 * n)
    var shift: Element = 0
    while true {
      var values = Array(A.lower.values)
      let failed = A.lower.pointers.withUnsafeBufferPointer { pointers in
        A.lower.indices.withUnsafeBufferPointer { indices in
          values.withUnsafeMutableBufferPointer { values in
            links.withUnsafeMutableBufferPointer { links in
              guard let p = pointers.baseAddress, let i = indices.baseAddress, let v = values.baseAddress,
                let l = links.baseAddress
              else { return 0 }
              return Element._incompleteCholesky(
                n, p, i, v, shift, spread.mutableBase(), l, l + n, l + 2 * n)
            }
          }
        }
      }
      if failed == 0 {
        self.shift = shift
        factor = SparseSymmetricMatrix(
          lower: CompressedLines(
            length: n, pointers: A.lower.pointers, indices: A.lower.indices, values: Stretch(values)))
        inverses = Vector(count: n) { 1 / values[A.lower.pointers[$0]] }
        return
      }
      shift = shift == 0 ? Element(1) / 1000 : 2 * shift
      if shift > Self.largestShift { return nil }
    }
  }

  public var rows: Int { factor.count }
  public var columns: Int { factor.count }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    precondition(
      x.count == rows && y.count == rows, "IncompleteCholesky of \(rows): \(x.count) into \(y.count)")
    y.copy(from: x)
    let out = y.mutableBase()
    factor.lower.withArrays {
      Element._sparseCholeskySolve(rows, $0, $1, $2, inverses.base, out)
    }
  }

  /// L as a dense lower triangle.
  public func denseFactor() -> Matrix<Element> {
    var L = factor.dense()
    for j in 0..<rows { for i in 0..<j { L[i, j] = 0 } }
    return L
  }
}

extension CompressedLines {
  /// Lends the three arrays; nothing is called where there are no entries.
  func withArrays(_ body: (UnsafePointer<Int>, UnsafePointer<Int32>, UnsafePointer<Element>) -> Void) {
    pointers.withUnsafeBufferPointer { pointers in
      indices.withUnsafeBufferPointer { indices in
        values.withUnsafeBufferPointer { values in
          if let p = pointers.baseAddress, let i = indices.baseAddress, let v = values.baseAddress { body(p, i, v) }
        }
      }
    }
  }
}

extension SparseSymmetricMatrix {
  init(lower: CompressedLines<Element>) { self.lower = lower }
}
