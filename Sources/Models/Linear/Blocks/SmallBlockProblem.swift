import LinAlg
import NonsmoothMaps

/// A quadratic with a block penalty: min ½ (u − u₀)ᵀG(u − u₀) − g₀ᵀ(u − u₀) + Σ g_b(u_b) + (λ_G/2) ‖u‖², k unknowns.
///
/// Epochs of proximal steps on blocks, each by the largest eigenvalue of its Gram block, find the pieces that the blocks lie on;
/// Newton's method on the free coordinates of the pieces solves to rounding.
struct SmallBlockProblem<Penalty: BlockSeparableFunction> {
  typealias Element = Penalty.Element
  let penalty: Penalty
  let ridge: Element
  var G = Matrix<Element>.zeros(0, 0)
  /// The blocks of the working set, and the places 0 ..< k of their coordinates.
  private var blocks: [Int] = []
  private var places: [[Int]] = []
  private var curvatures: [Element] = []
  private(set) var u = Vector<Element>.zeros(0)
  /// g₀ − G (u − u₀): minus the gradient of the quadratic without the ridge.
  private var g = Vector<Element>.zeros(0)
  private var start = Vector<Element>.zeros(0)
  private var startGradient = Vector<Element>.zeros(0)
  private var x: Vector<Element>
  private var v: Vector<Element>
  private var trialBlock: Vector<Element>
  private var piece: BlockPiece<Element>
  private let cholesky = CholeskyWorkspace<Element>(capacity: 0)
  private(set) var epochs = 0
  private(set) var newtonSteps = 0
  /// Whether the last solve ended at rounding.
  private(set) var isSolved = false

  init(_ penalty: Penalty, ridge: Element) {
    (self.penalty, self.ridge) = (penalty, ridge)
    let m = penalty.blocks.largestSize
    (x, v, trialBlock) = (.zeros(m), .zeros(m), .zeros(m))
    piece = BlockPiece(largestSize: m)
  }

  /// Sets the blocks and their places; ``G`` is to be filled for them before a load.
  mutating func setBlocks(_ blocks: [Int], places: [[Int]], count k: Int) {
    (self.blocks, self.places) = (blocks, places)
    if G.rows != k { G = .zeros(k, k) }
  }

  /// The largest eigenvalue of each Gram block, which its steps take. Called when G has changed.
  mutating func refreshCurvatures() {
    curvatures = places.map { at in
      if at.count == 1 { return G[at[0], at[0]] }
      let block = Matrix<Element>(rows: at.count, columns: at.count) { G[at[$0], at[$1]] }
      // Eigenvalues are found to some ulps of the largest.
      if let values = try? SymmetricEigen.eigenvalues(of: block) { return values.maxNorm * (1 + 16 * .ulpOfOne) }
      return .nan
    }
  }

  mutating func load(at start: Vector<Element>, gradient: Vector<Element>) {
    self.start = Vector(copying: start)
    startGradient = Vector(copying: gradient)
    u = Vector(copying: start)
    g = Vector(copying: gradient)
    (epochs, newtonSteps, isSolved) = (0, 0, false)
  }

  /// - Parameter target: ends where no block is further than this from its conditions; nil solves to rounding.
  mutating func solve(target: Element?) {
    if u.count == 0 {
      isSolved = true
      return
    }
    for _ in 0..<200 {
      for _ in 0..<10 {
        epochs += 1
        if !descend() { break }
      }
      if let target, violation() <= target { return }
      var lastSize = Element.infinity
      for _ in 0..<30 {
        guard let size = newtonStep() else { break }
        let isRounding = size <= 4 * .ulpOfOne * u.maxNorm
        // Steps that shrink quadratically and then no longer shrink are rounding.
        let hasStopped = size >= lastSize / 2 && size <= Element.ulpOfOne.squareRoot() * u.maxNorm
        lastSize = size
        if isRounding || hasStopped {
          isSolved = fixedBlocksMeetConditions()
          break
        }
        if let target, violation() <= target { return }
      }
      if isSolved || !u.maxNorm.isFinite { return }
    }
  }

  private mutating func gather(_ i: Int) {
    for (k, place) in places[i].enumerated() { x[k] = u[place] }
  }

  /// One proximal step for every block; whether any moved beyond rounding.
  private mutating func descend() -> Bool {
    let k = u.count
    var moved = false
    for i in 0..<blocks.count {
      let at = places[i]
      let L = curvatures[i] + ridge
      if !(L > 0) { continue }
      gather(i)
      for j in 0..<at.count { x[j] += (g[at[j]] - ridge * u[at[j]]) / L }
      penalty.apply(block: blocks[i], step: 1 / L, to: &x)
      for j in 0..<at.count {
        let δ = x[j] - u[at[j]]
        if δ == 0 { continue }
        if δ.magnitude > 4 * .ulpOfOne * x[j].magnitude { moved = true }
        u[at[j]] = x[j]
        Element._axpy(k, -δ, G.base + at[j] * G.stride, g.mutableBase())
      }
    }
    return moved
  }

  /// The largest distance of a block from its conditions.
  private mutating func violation() -> Element {
    var most: Element = 0
    for i in 0..<blocks.count {
      gather(i)
      for (j, place) in places[i].enumerated() { v[j] = g[place] - ridge * x[j] }
      let d = penalty.distance(block: blocks[i], at: x, of: v)
      if d.isNaN { return .nan }
      most = max(most, d)
    }
    return most
  }

  /// The blocks that Newton's equations leave out: within rounding of their subgradients.
  private mutating func fixedBlocksMeetConditions() -> Bool {
    // g is a difference of terms of this size.
    let noise = 32 * Element.ulpOfOne * startGradient.maxNorm
    for i in 0..<blocks.count {
      gather(i)
      for (j, place) in places[i].enumerated() { v[j] = g[place] - ridge * x[j] }
      let allowed = 32 * .ulpOfOne * penalty.scale(block: blocks[i]) + noise
      penalty.fill(&piece, block: blocks[i], at: x)
      // On free coordinates the step was rounding: what is left there counts as met.
      for j in 0..<places[i].count where piece.isFree[j] { v[j] = piece.gradient[j] }
      if !(penalty.distance(block: blocks[i], at: x, of: v) <= allowed) { return false }
    }
    return true
  }

  /// One Newton step on the free coordinates, with its length chosen by the objective; its largest entry, or nil where the
  /// step was not a full one within the pieces.
  private mutating func newtonStep() -> Element? {
    var free: [Int] = []
    var gradient = Vector<Element>.zeros(u.count)
    var pieces: [(curvature: Element, places: [Int], normal: [Element])] = []
    for i in 0..<blocks.count {
      gather(i)
      penalty.fill(&piece, block: blocks[i], at: x)
      let inner = (0..<places[i].count).filter { piece.isFree[$0] }
      if inner.isEmpty { continue }
      for j in inner { gradient[places[i][j]] = piece.gradient[j] }
      free += inner.map { places[i][$0] }
      pieces.append((piece.curvature, inner.map { places[i][$0] }, inner.map { piece.normal[$0] }))
    }
    if free.isEmpty { return 0 }
    free.sort()
    newtonSteps += 1
    let support = IndexSubset(free, universe: u.count)
    var positions = [Int](repeating: 0, count: u.count)
    for (k, place) in free.enumerated() { positions[place] = k }
    do throws(FactorizationError) {
      try cholesky.factor(count: free.count) { H in
        H.gatherSubmatrix(support, from: G)
        H.addToDiagonal(ridge)
        for (α, at, h) in pieces where α != 0 {
          for a in 0..<at.count {
            for b in 0..<at.count { H[positions[at[a]], positions[at[b]]] += α * ((a == b ? 1 : 0) - h[a] * h[b]) }
          }
        }
      }
    } catch { return nil }
    if !(cholesky.pivotRatio > Element(free.count) * .ulpOfOne) { return nil }
    var δ = Vector<Element>(count: free.count) { g[free[$0]] - ridge * u[free[$0]] - gradient[free[$0]] }
    cholesky.solve(&δ)
    let size = δ.maxNorm
    if !size.isFinite { return nil }
    let isFull = move(by: δ, on: support)
    return isFull ? size : nil
  }

  /// u ← u + fraction · δ, clipped to the pieces, for the first fraction of 1, ½ … that lowers the objective; whether it was the
  /// whole δ, with nothing clipped.
  private mutating func move(by δ: Vector<Element>, on support: IndexSubset) -> Bool {
    var whole = Vector<Element>.zeros(u.count)
    whole.scatter(support, from: δ)
    var image = Vector<Element>.zeros(u.count)
    var fraction: Element = 1
    // Below this size of a step the objective's changes are rounding, and Newton's steps are taken as they are.
    let isTiny = δ.maxNorm <= Element.ulpOfOne.squareRoot() * u.maxNorm
    while fraction > 1 / 64 {
      var trial = Vector(copying: u)
      trial.add(fraction, whole)
      var wasClipped = false
      var change: Element = 0
      for i in 0..<blocks.count {
        gather(i)
        var hasMoved = false
        for (j, place) in places[i].enumerated() {
          trialBlock[j] = trial[place]
          if trialBlock[j] != x[j] { hasMoved = true }
        }
        if !hasMoved { continue }
        penalty.clip(block: blocks[i], &trialBlock, from: x)
        for (j, place) in places[i].enumerated() where trial[place] != trialBlock[j] {
          trial[place] = trialBlock[j]
          wasClipped = true
        }
        change +=
          penalty.value(block: blocks[i], at: trialBlock)
          - penalty.value(block: blocks[i], at: x)
      }
      let moved = trial - u
      image.assignSymmetricProduct(G, moved)
      change += moved.dot(image) / 2 - g.dot(moved) + ridge * (u.dot(moved) + moved.dot(moved) / 2)
      if change < 0 || (isTiny && !wasClipped) {
        u = trial
        refreshGradient()
        return fraction == 1 && !wasClipped
      }
      fraction /= 2
    }
    return false
  }

  /// g ← g₀ − G (u − u₀), which the updates of the epochs let drift.
  private mutating func refreshGradient() {
    let moved = u - start
    g.copy(from: startGradient)
    g.assignSymmetricProduct(G, moved, alpha: -1, beta: 1)
  }
}
