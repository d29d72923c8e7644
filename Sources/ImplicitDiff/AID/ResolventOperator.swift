import LinAlg

/// I − A1 for the state operator A1 of a linearization, and its adjoint I − A1ᵀ; counts its products.
final class ResolventOperator<State: AdjointableOperator>: AdjointableOperator {
  typealias Element = State.Element
  private let state: State
  private(set) var products = 0

  init(_ state: State) { self.state = state }

  var rows: Int { state.rows }
  var columns: Int { state.columns }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    products += 1
    state.apply(x, into: &y)
    y.combine(1, x, -1)
  }

  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    products += 1
    state.applyAdjoint(y, into: &x)
    x.combine(1, y, -1)
  }
}
