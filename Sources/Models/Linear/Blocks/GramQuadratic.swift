import LinAlg

/// The quadratic of a small working set, H its Gram matrix.
struct GramQuadratic<Element: Scalar>: BlockQuadratic {
  /// H, k × k.
  private var G = Matrix<Element>.zeros(0, 0)
  private var places: [[Int]] = []
  private(set) var curvatures: [Element] = []
  private(set) var trace: Element = 0
  /// g₀ − H (u − u₀).
  private var g = Vector<Element>.zeros(0)
  private var start = Vector<Element>.zeros(0)
  private var image = Vector<Element>.zeros(0)
  private let cholesky = CholeskyWorkspace<Element>(capacity: 0)

  /// Beyond this size a block's largest eigenvalue is bounded by sums of its rows.
  static var largestEigenvalueCount: Int { 64 }

  /// H ← what `fill` writes.
  mutating func assemble(_ places: [[Int]], count k: Int, _ fill: (inout Matrix<Element>) -> Void) {
    self.places = places
    if G.rows != k {
      G.reshape(k, k)
      image = .zeros(k)
    }
    fill(&G)
    trace = (0..<k).reduce(0) { $0 + G[$1, $1] }
    curvatures = places.map { Self.largestEigenvalue(of: G, at: $0) }
  }

  /// A bound on the largest eigenvalue of A on some of its rows and columns.
  static func largestEigenvalue(of A: Matrix<Element>, at places: [Int]) -> Element {
    let m = places.count
    if m == 0 { return 0 }
    if m == 1 { return A[places[0], places[0]] }
    if m > largestEigenvalueCount {
      return places.reduce(0) { most, i in
        let sum = places.reduce(0) { $0 + A[i, $1].magnitude }
        return sum > most || sum.isNaN ? sum : most
      }
    }
    let block = Matrix<Element>(rows: m, columns: m) { A[places[$0], places[$1]] }
    // Eigenvalues are found to some ulps of the largest.
    if let values = try? SymmetricEigen.eigenvalues(of: block) { return values.maxNorm * (1 + 16 * .ulpOfOne) }
    return .nan
  }

  mutating func load(gradient: Vector<Element>) {
    start = Vector(copying: gradient)
    g = Vector(copying: gradient)
  }

  mutating func copyGradient(block i: Int, into v: inout Vector<Element>) {
    let (from, to) = (g.base, v.mutableBase())
    for (j, place) in places[i].enumerated() { to[j] = from[place] }
  }

  func gradients() -> Vector<Element> { g }

  mutating func move(block i: Int, by δ: Vector<Element>) {
    for (j, place) in places[i].enumerated() where δ.base[j] != 0 {
      Element._axpy(g.count, -δ.base[j], G.base + place * G.stride, g.mutableBase())
    }
  }

  mutating func refresh(moved: Vector<Element>) {
    g.copy(from: start)
    g.assignSymmetricProduct(G, moved, alpha: -1, beta: 1)
  }

  mutating func curvature(along d: Vector<Element>) -> Element {
    image.assignSymmetricProduct(G, d)
    return d.dot(image)
  }

  mutating func moveAlongLast() { g.add(-1, image) }

  /// By Cholesky's factorization of the system with a diagonal of ones, and of one that is shifted where that fails.
  mutating func solve(_ system: NewtonSystem<Element>, precision: Element?) -> NewtonStep<Element>? {
    let k = system.free.count
    let extra = system.diagonal
    // A coordinate without curvature is left its unit.
    let roots = Vector<Element>(count: k) { i in
      let d = G[system.free[i], system.free[i]] + extra[i]
      return d > 0 ? 1 / d.squareRoot() : 1
    }
    if roots.firstNonFinite != nil { return nil }
    if factor(system, roots, shift: 0) && cholesky.pivotRatio > Element(k) * .ulpOfOne {
      return NewtonStep(δ: substitute(system, roots), kind: .exact)
    }
    guard factor(system, roots, shift: NewtonSystem.shift) else { return nil }
    return NewtonStep(δ: substitute(system, roots), kind: .shifted)
  }

  private func factor(_ system: NewtonSystem<Element>, _ roots: Vector<Element>, shift: Element) -> Bool {
    do throws(FactorizationError) {
      try cholesky.factor(count: system.free.count) { H in
        H.gatherSubmatrix(system.free, from: G)
        H.addToDiagonal(system.ridge)
        for (α, at, h) in system.pieces where α != 0 {
          for a in 0..<at.count {
            for b in 0..<at.count { H[at[a], at[b]] += α * ((a == b ? 1 : 0) - h[a] * h[b]) }
          }
        }
        H.scaleRows(by: roots)
        for j in 0..<roots.count { Element._scal(roots.count, roots[j], H.mutableBase() + j * H.stride) }
        H.addToDiagonal(shift)
      }
    } catch { return false }
    return true
  }

  private func substitute(_ system: NewtonSystem<Element>, _ roots: Vector<Element>) -> Vector<Element> {
    var δ = system.rightHandSide
    δ.scale(by: roots)
    cholesky.solve(&δ)
    δ.scale(by: roots)
    return δ
  }
}
