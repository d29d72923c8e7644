import LinAlg

/// The quadratic of a large working set through its columns: H = ZᵀZ/n, Z the columns, their rows times √d where there are weights. Newton's
/// equations are solved by conjugate gradient.
struct ColumnQuadratic<Element: Scalar>: BlockQuadratic {
  private let design: any DesignMatrix<Element>
  private let hessian: DesignHessian<Element>
  /// The columns of the blocks, and of all unknowns.
  private let places: [[Int]]
  private let columns: [IndexSubset]
  private let all: IndexSubset
  let curvatures: [Element]
  let trace: Element
  private let diagonal: Vector<Element>
  private var start = Vector<Element>.zeros(0)
  /// Z (u − u₀).
  private var scores: Vector<Element>
  private var image: Vector<Element>
  /// By size, the gradient of a block.
  private var buffers: [Vector<Element>]

  init(_ base: DesignHessian<Element>, _ working: IndexSubset, _ places: [[Int]]) {
    let (n, k) = (base.features.rows, working.count)
    // Stored columns are read where they lie; others are made once.
    let isWhole = base.weights == nil && (base.features.denseColumns != nil || base.features.sparseColumns != nil)
    let design = isWhole ? base.features : Self.gathered(base.features, working, weights: base.weights)
    let all = isWhole ? working : IndexSubset(Array(0..<k), universe: k)
    self.design = design
    self.all = all
    self.places = places
    columns = places.map { IndexSubset($0.map { all[$0] }, universe: all.universe) }
    var squares = Vector<Element>.zeros(k)
    if isWhole {
      base.diagonal(on: all, into: &squares)
    } else {
      design.squaredColumnNorms(all, weights: nil, into: &squares)
      squares.scale(by: 1 / Element(n))
    }
    diagonal = squares
    trace = squares.oneNorm
    hessian =
      isWhole ? base : DesignHessian(design) { preconditionFailure("ColumnQuadratic: the diagonal is known") }
    scores = .zeros(n)
    image = .zeros(n)
    buffers = (0...(places.map(\.count).max() ?? 0)).map { .zeros($0) }
    let workspace = ColumnGram<Element>()
    let blockColumns = columns
    curvatures = places.indices.map { i in
      let at = places[i]
      if at.count < 2 || at.count > GramQuadratic<Element>.largestEigenvalueCount {
        return at.reduce(0) { $0 + squares[$1] }
      }
      if isWhole, let known = base.blockCurvatures[blockColumns[i].elements] { return known }
      var G = Matrix<Element>.zeros(at.count, at.count)
      design.gram(columns: blockColumns[i], weights: nil, alpha: 1 / Element(n), into: &G, workspace: workspace)
      let largest = GramQuadratic.largestEigenvalue(of: G, at: Array(0..<at.count))
      if isWhole { base.blockCurvatures[blockColumns[i].elements] = largest }
      return largest
    }
  }

  private static func gathered(
    _ X: any DesignMatrix<Element>, _ S: IndexSubset, weights: Vector<Element>?
  ) -> any DesignMatrix<Element> {
    let roots = weights.map { d in Vector(count: d.count) { d[$0].squareRoot() } }
    if let sparse = X.sparseColumns {
      let chosen = sparse.columns(S)
      return roots.map { chosen.scalingRows(by: $0) } ?? chosen
    }
    var chosen: Matrix<Element>
    if let dense = X.denseColumns {
      chosen = dense.columns(S)
    } else {
      chosen = .zeros(X.rows, S.count)
      var unit = Vector<Element>.zeros(X.columns)
      var column = Vector<Element>.zeros(X.rows)
      for k in 0..<S.count {
        unit[S[k]] = 1
        X.multiply(unit, alpha: 1, beta: 0, into: &column)
        unit[S[k]] = 0
        chosen.setColumn(k, column)
      }
    }
    if let roots { chosen.scaleRows(by: roots) }
    return DenseDesign(chosen)
  }

  mutating func load(gradient: Vector<Element>) {
    start = Vector(copying: gradient)
    scores.fill(0)
  }

  mutating func copyGradient(block i: Int, into v: inout Vector<Element>) {
    let S = columns[i]
    design.multiplyTransposed(columns: S, scores, alpha: -1 / Element(design.rows), into: &buffers[S.count])
    for j in 0..<S.count { v[j] = buffers[S.count][j] + start[places[i][j]] }
  }

  func gradients() -> Vector<Element> {
    var g = Vector<Element>.zeros(all.count)
    design.multiplyTransposed(columns: all, scores, alpha: -1 / Element(design.rows), into: &g)
    g.add(1, start)
    return g
  }

  mutating func move(block i: Int, by δ: Vector<Element>) {
    design.addProduct(columns: columns[i], δ[segment: 0..<columns[i].count], to: &scores)
  }

  mutating func refresh(moved: Vector<Element>) {
    scores.fill(0)
    design.addProduct(columns: all, moved, to: &scores)
  }

  mutating func curvature(along d: Vector<Element>) -> Element {
    image.fill(0)
    design.addProduct(columns: all, d, to: &image)
    return image.dot(image) / Element(design.rows)
  }

  mutating func moveAlongLast() { scores.add(1, image) }

  /// To √ε of the right-hand side: further steps solve for what one leaves. Where a few digits are enough, in single precision where that is faster.
  mutating func solve(_ system: NewtonSystem<Element>, precision: Element?) -> NewtonStep<Element>? {
    let k = system.free.count
    let support = IndexSubset(system.free.elements.map { all[$0] }, universe: all.universe)
    let root = Element.ulpOfOne.squareRoot()
    if let precision, precision > 1e-5, let step = solveInSingle(system, support, precision) { return step }
    let extra = system.diagonal
    let diagonal = Vector<Element>(count: k) { i in
      let d = self.diagonal[system.free[i]] + extra[i]
      return d > 0 ? d : 1
    }
    if diagonal.firstNonFinite != nil { return nil }
    let base = RestrictedDesignHessian(hessian, support, shift: system.ridge)
    let solver = ConjugateGradient<Element>(count: k)
    for shift in [0, NewtonSystem<Element>.shift] {
      var δ = Vector<Element>.zeros(k)
      let report = solver.solve(
        NewtonOperator<Element>(base, PenaltyCurvature<Element>(system), diagonal: diagonal, shift: shift),
        system.rightHandSide,
        into: &δ, warmStart: false, preconditioner: DiagonalOperator(inverting: diagonal),
        options: KrylovOptions(stopping: .tolerance(max(root, precision ?? 0), limit: 500)))
      switch report.outcome {
      case .converged: return NewtonStep(δ: δ, kind: shift == 0 ? .exact : .shifted)
      case .iterationLimit, .stagnated: return NewtonStep(δ: δ, kind: .rough)
      case .indefinite: continue
      default: return nil
      }
    }
    return nil
  }

  /// By conjugate gradient on a copy of the columns, preconditioned block by block, as far as some tens of products lead; nil where the design has no such copy, or the system does not
  /// suit single precision.
  private func solveInSingle(
    _ system: NewtonSystem<Element>, _ support: IndexSubset, _ precision: Element
  ) -> NewtonStep<Element>? {
    let k = system.free.count
    // In units in which the right-hand side is of size 1.
    let size = system.rightHandSide.maxNorm
    guard size > 0, size.isFinite, let H = hessian.single(on: support, shift: Float(system.ridge)) else { return nil }
    let rhs = Vector<Float>(count: k) { Float(system.rightHandSide[$0] / size) }
    let diagonal = Vector<Float>(count: k) { Float(self.diagonal[system.free[$0]] + system.ridge) }
    if diagonal.contains(where: { !($0 > .leastNormalMagnitude && $0.isFinite) }) { return nil }
    let penalty = PenaltyCurvature<Float>(system)
    var δ = Vector<Float>.zeros(k)
    let report = ConjugateGradient<Float>(count: k).solve(
      NewtonOperator<Float>(H, penalty, diagonal: diagonal, shift: 0), rhs, into: &δ, warmStart: false,
      preconditioner: BlockPreconditioner(penalty, diagonal: diagonal),
      options: KrylovOptions(stopping: .tolerance(Float(precision), limit: 60)))
    let isExact = report.outcome == .converged
    guard isExact || report.outcome == .iterationLimit || report.outcome == .stagnated, δ.firstNonFinite == nil
    else { return nil }
    return NewtonStep(δ: Vector(count: k) { size * Element(δ[$0]) }, kind: isExact ? .exact : .rough)
  }
}

/// H_FF + λ_G I + Σ α (I − h hᵀ) + a shift in units of the diagonal.
private final class NewtonOperator<Element: Scalar>: LinearOperator {
  private let base: any LinearOperator<Element>
  private let penalty: PenaltyCurvature<Element>
  private let diagonal: Vector<Element>
  private let shift: Element

  init(
    _ base: any LinearOperator<Element>, _ penalty: PenaltyCurvature<Element>, diagonal: Vector<Element>,
    shift: Element
  ) { (self.base, self.penalty, self.diagonal, self.shift) = (base, penalty, diagonal, shift) }

  var rows: Int { base.rows }
  var columns: Int { base.columns }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    base.apply(x, into: &y)
    penalty.addProduct(x, to: &y)
    if shift > 0 { for i in 0..<y.count { y[i] += shift * diagonal[i] * x[i] } }
  }
}
