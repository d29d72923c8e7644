import LinAlg

/// Σ α (I − h hᵀ) over the pieces of blocks, on the coordinates that are free to move: the Hessian of a block penalty.
struct PenaltyCurvature<Element: Scalar> {
  /// Piece after piece: those of piece b stand at starts[b] ..< starts[b + 1].
  let positions: [Int]
  let normals: Vector<Element>
  let starts: [Int]
  /// α, by piece.
  let curvatures: [Element]
  /// ‖h‖², by piece: below 1 where coordinates of the block are held.
  let squares: [Element]

  @specialized(where Element == Float, Given == Double)
  @specialized(where Element == Double, Given == Double)
  @specialized(where Element == Float, Given == Float)
  init<Given: Scalar>(_ system: NewtonSystem<Given>) {
    var (positions, starts, normals): ([Int], [Int], [Element]) = ([], [0], [])
    for piece in system.pieces {
      positions += piece.positions
      normals += piece.normal.map { Element($0) }
      starts.append(positions.count)
    }
    self.positions = positions
    self.normals = Vector(normals)
    self.starts = starts
    curvatures = system.pieces.map { Element($0.curvature) }
    squares = (0..<curvatures.count).map { b in (starts[b]..<starts[b + 1]).reduce(0) { $0 + normals[$1] * normals[$1] }
    }
  }

  /// y ← y + Σ α (I − h hᵀ) x.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func addProduct(_ x: Vector<Element>, to y: inout Vector<Element>) {
    let (x, y, h) = (x.base, y.mutableBase(), normals.base)
    positions.withUnsafeBufferPointer { at in
      for b in 0..<curvatures.count where curvatures[b] != 0 {
        var along: Element = 0
        for i in starts[b]..<starts[b + 1] { along += h[i] * x[at[i]] }
        for i in starts[b]..<starts[b + 1] { y[at[i]] += curvatures[b] * (x[at[i]] - along * h[i]) }
      }
    }
  }
}

/// The inverse of Σ (s + α) I − α h hᵀ by blocks, s the mean of a block's diagonal of the rest: a preconditioner of Newton's equations where the columns
/// of a block are nearly orthogonal.
struct BlockPreconditioner<Element: Scalar>: LinearOperator {
  private let penalty: PenaltyCurvature<Element>
  private let means: [Element]

  /// - Parameter diagonal: positive, one entry per free coordinate.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  init(_ penalty: PenaltyCurvature<Element>, diagonal: Vector<Element>) {
    self.penalty = penalty
    means = (0..<penalty.curvatures.count).map { b in
      let range = penalty.starts[b]..<penalty.starts[b + 1]
      return range.reduce(0) { $0 + diagonal[penalty.positions[$1]] } / Element(range.count)
    }
  }

  var rows: Int { penalty.positions.count }
  var columns: Int { rows }

  /// ((s + α) I − α h hᵀ)⁻¹ = (I + α/(s + α (1 − ‖h‖²)) h hᵀ)/(s + α).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    let (x, y, h) = (x.base, y.mutableBase(), penalty.normals.base)
    penalty.positions.withUnsafeBufferPointer { at in
      for b in 0..<means.count {
        let (s, α) = (means[b], penalty.curvatures[b])
        let range = penalty.starts[b]..<penalty.starts[b + 1]
        var along: Element = 0
        for i in range { along += h[i] * x[at[i]] }
        along *= α / (s + α * max(0, 1 - penalty.squares[b]))
        for i in range { y[at[i]] = (x[at[i]] + along * h[i]) / (s + α) }
      }
    }
  }
}
