// Kernels are static functions on `Scalar`, one concrete call of a C library each: `Element._axpy(…)`. They take pointers, so
// they are seen inside the package at most.
//
// A requirement of a public protocol is public, therefore kernels are no requirements: each is one generic function that
// asks which of the two types `Self` is. Where code of this module is specialized for `Float` or `Double`, the compiler knows
// the answer and C is called directly; elsewhere it costs the comparison of an address, less than a call through a table
// of functions. Measured from another module, on four numbers: axpby takes 3.4 ns from specialized code and 11.4 ns from
// other code, and as a requirement it took 3.4 and 11.6 ns.

extension Scalar {
  /// Whether this is `Double`; otherwise it is `Float`.
  ///
  /// - Precondition: it is one of the two.
  @inline(__always)
  package static var isDouble: Bool {
    if Self.self == Double.self { return true }
    precondition(Self.self == Float.self, "LinAlg: Scalar is for Float and Double, not for \(Self.self)")
    return false
  }

  /// The same number under the type that it is known to have.
  @inline(__always)
  package func recast<T: Scalar>() -> T {
    assert(T.self == Self.self, "A kernel of \(T.self) for \(Self.self)")
    return unsafeBitCast(self, to: T.self)
  }
}

extension UnsafePointer where Pointee: Scalar {
  /// The same numbers under the type that they are known to have.
  @inline(__always)
  package func recast<T: Scalar>() -> UnsafePointer<T> {
    assert(T.self == Pointee.self, "A kernel of \(T.self) for \(Pointee.self)")
    return UnsafeRawPointer(self).assumingMemoryBound(to: T.self)
  }
}

extension UnsafeMutablePointer where Pointee: Scalar {
  /// The same numbers under the type that they are known to have.
  @inline(__always)
  package func recast<T: Scalar>() -> UnsafeMutablePointer<T> {
    assert(T.self == Pointee.self, "A kernel of \(T.self) for \(Pointee.self)")
    return UnsafeMutableRawPointer(self).assumingMemoryBound(to: T.self)
  }
}

extension Optional {
  /// The same numbers, if any, under the type that they are known to have.
  @inline(__always)
  package func recast<S: Scalar, T: Scalar>() -> UnsafePointer<T>? where Wrapped == UnsafePointer<S> {
    self.map { $0.recast() }
  }

  /// The same numbers, if any, under the type that they are known to have.
  @inline(__always)
  package func recast<S: Scalar, T: Scalar>() -> UnsafeMutablePointer<T>? where Wrapped == UnsafeMutablePointer<S> {
    self.map { $0.recast() }
  }
}

/// Converts a count to BLAS's 32-bit integer.
///
/// - Precondition: the count fits. A dimension above 2³¹ − 1 cannot be given to this BLAS.
@inline(__always)
func blasInteger(_ n: Int) -> Int32 {
  guard let n32 = Int32(exactly: n) else {
    preconditionFailure("LinAlg: dimension \(n) exceeds what a 32-bit BLAS can address (\(Int32.max))")
  }
  return n32
}

/// LAPACK's character arguments.
@inline(__always)
func char(_ letter: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: letter.value) }
