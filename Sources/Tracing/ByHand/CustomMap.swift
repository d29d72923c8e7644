public import ImplicitDiff
public import LinAlg

/// A fixed-point map from closures: Φ with its tangents, its adjoints, or both.
///
/// It declares no structure, so the solvers for general matrices apply; conjugate gradients are refused. What is not given is made of the other by p or m products, once for each
/// linearization: give adjoints for AID and reverse ITD, tangents for forward ITD. ``validate(_:at:parameters:directions:)`` compares what was given with differences.
public final class CustomMap<Element: Scalar>: FixedPointMap {
  /// Φ(w, λ), p entries.
  public typealias Apply = (_ w: Vector<Element>, _ λ: Vector<Element>) -> Vector<Element>
  /// A1 x + A2 μ at (w, λ), p entries.
  public typealias Tangent = (
    _ w: Vector<Element>, _ λ: Vector<Element>, _ x: Vector<Element>, _ μ: Vector<Element>
  ) -> Vector<Element>
  /// A1ᵀ y (p entries) and A2ᵀ y (m entries) at (w, λ).
  public typealias Adjoint = (
    _ w: Vector<Element>, _ λ: Vector<Element>, _ y: Vector<Element>
  ) -> (state: Vector<Element>, parameters: Vector<Element>)

  public let stateCount: Int
  public let parameterCount: Int
  private let map: Apply
  fileprivate let tangent: Tangent?
  fileprivate let adjoint: Adjoint?

  private init(_ p: Int, _ m: Int, _ map: @escaping Apply, _ tangent: Tangent?, _ adjoint: Adjoint?) {
    stateCount = p
    parameterCount = m
    self.map = map
    self.tangent = tangent
    self.adjoint = adjoint
  }

  /// With adjoints, and tangents where they are known too.
  public convenience init(
    state p: Int, parameters m: Int, apply map: @escaping Apply, adjoint: @escaping Adjoint, tangent: Tangent? = nil
  ) { self.init(p, m, map, tangent, adjoint) }

  /// With tangents alone.
  public convenience init(state p: Int, parameters m: Int, apply map: @escaping Apply, tangent: @escaping Tangent) {
    self.init(p, m, map, tangent, nil)
  }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    let value = map(w, λ)
    precondition(value.count == stateCount, "CustomMap: \(value.count) entries from a map of \(stateCount) unknowns")
    next.copy(from: value)
  }

  public func makeLinearization() -> CustomLinearization<Element> { CustomLinearization(self) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into L: CustomLinearization<Element>,
    value: inout Vector<Element>
  ) {
    L.move(to: w, λ)
    apply(w, parameters: λ, into: &value)
  }
}

/// [A1, A2] of a ``CustomMap``.
public final class CustomLinearization<Element: Scalar>: Linearization {
  private let map: CustomMap<Element>
  private var w: Vector<Element>
  private var λ: Vector<Element>
  /// A1 and A2 as matrices, once products are asked for that were not given.
  private var matrices: (state: Matrix<Element>, parameters: Matrix<Element>)?

  init(_ map: CustomMap<Element>) {
    self.map = map
    w = .zeros(map.stateCount)
    λ = .zeros(map.parameterCount)
  }

  func move(to w: Vector<Element>, _ λ: Vector<Element>) {
    self.w.copy(from: w)
    self.λ.copy(from: λ)
    matrices = nil
  }

  public var state: CustomOperator<Element> { CustomOperator(linearization: self, isState: true, columns: w.count) }
  public var parameters: CustomOperator<Element> {
    CustomOperator(linearization: self, isState: false, columns: λ.count)
  }
  public var structure: LinearizationStructure<Element> { .general }
  fileprivate var count: Int { w.count }

  fileprivate func apply(_ x: Vector<Element>, isState: Bool, into y: inout Vector<Element>) {
    if let tangent = map.tangent {
      y.copy(from: tangent(w, λ, isState ? x : .zeros(w.count), isState ? .zeros(λ.count) : x))
    } else {
      y.assignProduct(matrix(isState), x)
    }
  }

  fileprivate func applyAdjoint(_ y: Vector<Element>, isState: Bool, into x: inout Vector<Element>) {
    if let adjoint = map.adjoint {
      let (state, parameters) = adjoint(w, λ, y)
      x.copy(from: isState ? state : parameters)
    } else {
      x.assignProduct(matrix(isState).transposed, y)
    }
  }

  private func matrix(_ isState: Bool) -> Matrix<Element> {
    if matrices == nil { matrices = assembled() }
    return isState ? matrices!.state : matrices!.parameters
  }

  private func assembled() -> (state: Matrix<Element>, parameters: Matrix<Element>) {
    let (p, m) = (w.count, λ.count)
    var (A1, A2) = (Matrix<Element>.zeros(p, p), Matrix<Element>.zeros(p, m))
    func unit(_ k: Int, of n: Int) -> Vector<Element> { Vector(count: n) { $0 == k ? 1 : 0 } }
    if let tangent = map.tangent {
      for k in 0..<p { A1.setColumn(k, tangent(w, λ, unit(k, of: p), .zeros(m))) }
      for k in 0..<m { A2.setColumn(k, tangent(w, λ, .zeros(p), unit(k, of: m))) }
    } else if let adjoint = map.adjoint {
      for i in 0..<p {
        let row = adjoint(w, λ, unit(i, of: p))
        for k in 0..<p { A1[i, k] = row.state[k] }
        for k in 0..<m { A2[i, k] = row.parameters[k] }
      }
    }
    return (A1, A2)
  }
}

/// A1 or A2 of a ``CustomMap``.
public struct CustomOperator<Element: Scalar>: AdjointableOperator {
  let linearization: CustomLinearization<Element>
  let isState: Bool
  public let columns: Int
  public var rows: Int { linearization.count }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    linearization.apply(x, isState: isState, into: &y)
  }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyAdjoint(y, isState: isState, into: &x)
  }
}
