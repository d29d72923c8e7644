public import LinAlg

/// A solver of the adjoint equation that a caller brings: a Krylov method, or anything else that solves A x = b by products.
///
/// ```swift
/// let own = AdjointSolver<Double>(name: "richardson", for: .symmetric) { Richardson(count: $0) }
/// let strategy = AID<Map>(.custom(own))
/// ```
public struct AdjointSolver<Element: Scalar>: Sendable, Equatable {
  /// The system that is handed to the solver.
  public enum System: Sendable, Equatable {
    /// `(I − RᵀR) + s RᵀHR` on the range of D, symmetric positive definite; refused where the map declares no such form.
    case symmetric
    /// `I − A1ᵀ` (for tangents `I − A1`) in the full space, any matrix.
    case general
  }

  /// The name in reports.
  public let name: String
  public let system: System
  let make: @Sendable (_ count: Int) -> any KrylovSolver<Element>

  /// - Parameter make: makes the solver, with its memory, for so many unknowns. It is used again for systems of the same size.
  public init(
    name: String, for system: System, _ make: @escaping @Sendable (_ count: Int) -> any KrylovSolver<Element>
  ) {
    self.name = name
    self.system = system
    self.make = make
  }

  /// By name and system: closures cannot be compared.
  public static func == (a: AdjointSolver, b: AdjointSolver) -> Bool { a.name == b.name && a.system == b.system }
}
