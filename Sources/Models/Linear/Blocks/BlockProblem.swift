import LinAlg
import NonsmoothMaps

/// A quadratic with a penalty by blocks: min −g₀ᵀ(u − u₀) + ½ (u − u₀)ᵀH(u − u₀) + Σ g_b(u_b) + (λ_G/2) ‖u‖², k unknowns.
///
/// Epochs of proximal steps on blocks, each by the largest eigenvalue of its block of H, find the pieces that the blocks lie on;
/// Newton's method on the free coordinates of the pieces solves to rounding.
struct BlockProblem<Penalty: BlockSeparableFunction, Quadratic: BlockQuadratic<Penalty.Element>> {
  typealias Element = Penalty.Element
  let penalty: Penalty
  let ridge: Element
  var quadratic: Quadratic
  /// The blocks of the working set, and the places 0 ..< k of their coordinates.
  let blocks: [Int]
  let places: [[Int]]
  private(set) var u: Vector<Element>
  let start: Vector<Element>
  let startGradient: Vector<Element>
  /// Minus the gradient of the quadratic with the ridge, where coordinates are free to move.
  private var gradient: Vector<Element>
  var x: Vector<Element>
  var v: Vector<Element>
  private var moved: Vector<Element>
  private var trialBlock: Vector<Element>
  private var piece: BlockPiece<Element>
  /// The relative residual to which Newton's equations are solved; nil for rounding.
  var newtonPrecision: Element?
  var epochs = 0
  private(set) var newtonSteps = 0
  /// Whether the solve ended at rounding.
  private(set) var isSolved = false
  /// Whether a system was singular: then u is one of many minimizers, and steps between them have any size.
  private(set) var isSingular = false

  init(
    _ penalty: Penalty, _ quadratic: Quadratic, blocks: [Int], places: [[Int]], ridge: Element,
    at start: Vector<Element>,
    gradient: Vector<Element>
  ) {
    (self.penalty, self.quadratic, self.blocks, self.places, self.ridge) = (penalty, quadratic, blocks, places, ridge)
    self.start = start
    startGradient = gradient
    u = Vector(copying: start)
    self.gradient = .zeros(u.count)
    self.quadratic.load(gradient: gradient)
    let m = places.map(\.count).max() ?? 0
    (x, v, moved, trialBlock) = (.zeros(m), .zeros(m), .zeros(m), .zeros(m))
    piece = BlockPiece(largestSize: m)
  }

  /// - Parameters:
  ///   - target: ends where no block is further than this from its conditions; nil solves to rounding.
  ///   - precision: ends where no block is further from them than this, relative to the size of its subgradients; nil for rounding.
  ///   - known: what the duality gap is known by, for a precision.
  mutating func solve(target: Element?, precision: Element? = nil, from known: BlockStart<Element>? = nil) {
    if u.count == 0 {
      isSolved = true
      return
    }
    if let precision {
      solveRoughly(target: target ?? 0, precision, from: known)
      return
    }
    for _ in 0..<200 {
      var hasMoved = false
      for _ in 0..<10 {
        epochs += 1
        if !descend() { break }
        hasMoved = true
      }
      if let target, violation() <= target { return }
      var lastSize = Element.infinity
      for _ in 0..<30 {
        guard let (size, kind) = newtonStep() else {
          // Neither way leads on.
          if !hasMoved {
            let meets = meetsConditions()
            isSolved = meets.free && meets.fixed
            return
          }
          break
        }
        hasMoved = true
        if kind == .shifted {
          isSingular = true
          // Its steps within the null space do not end: the conditions say when to.
          let meets = meetsConditions()
          isSolved = meets.free && meets.fixed
          if meets.free { break }
          continue
        }
        let isRounding = size <= 4 * .ulpOfOne * u.maxNorm
        // Steps that shrink quadratically and then no longer shrink are rounding.
        let hasStopped = size >= lastSize / 2 && size <= Element.ulpOfOne.squareRoot() * u.maxNorm
        lastSize = size
        if isRounding || hasStopped {
          isSolved = meetsConditions().fixed
          break
        }
        if let target, violation() <= target { return }
      }
      if isSolved || !u.maxNorm.isFinite { return }
    }
  }

  mutating func gather(_ i: Int) {
    let (from, to) = (u.base, x.mutableBase())
    for (k, place) in places[i].enumerated() { to[k] = from[place] }
  }

  /// x ← the block, v ← minus the gradient with the ridge there.
  private mutating func gatherWithGradient(_ i: Int) {
    gather(i)
    quadratic.copyGradient(block: i, into: &v)
    let (x, v) = (x.base, v.mutableBase())
    for j in 0..<places[i].count { v[j] -= ridge * x[j] }
  }

  /// One proximal step for every block; whether any moved beyond rounding.
  private mutating func descend() -> Bool { descend(0..<blocks.count) }

  /// The same for some of the blocks.
  mutating func descend(_ chosen: some Sequence<Int>) -> Bool {
    var hasMoved = false
    for i in chosen {
      let m = places[i].count
      let L = quadratic.curvatures[i] + ridge
      gatherWithGradient(i)
      if L > 0 {
        let (x, v) = (x.mutableBase(), v.base)
        for j in 0..<m { x[j] += v[j] / L }
        penalty.apply(block: blocks[i], step: 1 / L, to: &self.x)
      } else if (0..<m).allSatisfy({ v[$0] == 0 }) {
        // Nothing but the penalty depends on the block.
        penalty.apply(block: blocks[i], step: .greatestFiniteMagnitude, to: &x)
      } else {
        continue
      }
      if record(i) { hasMoved = true }
    }
    return hasMoved
  }

  /// u_i ← x; whether that moved it beyond rounding.
  mutating func record(_ i: Int) -> Bool {
    let (x, u, δ) = (x.base, u.mutableBase(), moved.mutableBase())
    var isMove = false
    var isBeyondRounding = false
    for (j, place) in places[i].enumerated() {
      δ[j] = x[j] - u[place]
      if δ[j] == 0 { continue }
      isMove = true
      if δ[j].magnitude > 4 * .ulpOfOne * x[j].magnitude { isBeyondRounding = true }
      u[place] = x[j]
    }
    if isMove { quadratic.move(block: i, by: moved) }
    return isBeyondRounding
  }

  /// The largest distance of a block from its conditions.
  private mutating func violation() -> Element {
    var most: Element = 0
    for i in 0..<blocks.count {
      gatherWithGradient(i)
      let d = penalty.distance(block: blocks[i], at: x, of: v)
      if d.isNaN { return .nan }
      most = max(most, d)
    }
    return most
  }

  /// Whether blocks meet their conditions within rounding: on the coordinates that are free to move, and without them, where what a Newton
  /// step at rounding leaves on the free ones counts as met.
  private mutating func meetsConditions() -> (free: Bool, fixed: Bool) {
    // The gradient is a difference of terms of this size.
    let noise = 32 * Element.ulpOfOne * startGradient.maxNorm
    // A system's solution leaves some ulps of the matrix and the solution.
    let freeNoise = noise + 32 * .ulpOfOne * (quadratic.trace + ridge) * u.norm
    var isFreeMet = true
    for i in 0..<blocks.count {
      gatherWithGradient(i)
      let rounding = 32 * .ulpOfOne * penalty.scale(block: blocks[i])
      penalty.fill(&piece, block: blocks[i], at: x)
      for j in 0..<places[i].count where piece.isFree[j] {
        if !((v[j] - piece.gradient[j]).magnitude <= rounding + freeNoise) { isFreeMet = false }
        v[j] = piece.gradient[j]
      }
      if !(penalty.distance(block: blocks[i], at: x, of: v) <= rounding + noise) { return (isFreeMet, false) }
    }
    return (isFreeMet, true)
  }

  /// One Newton step on the free coordinates, with its length chosen by the objective; its largest entry and its kind, or nil where the
  /// step was not a full one within the pieces.
  mutating func newtonStep() -> (size: Element, kind: NewtonStep<Element>.Kind)? {
    var free: [Int] = []
    var residual = Vector<Element>.zeros(u.count)
    var pieces: [(curvature: Element, positions: [Int], normal: [Element])] = []
    let slopes = quadratic.gradients()
    for i in 0..<blocks.count {
      gather(i)
      penalty.fill(&piece, block: blocks[i], at: x)
      let inner = (0..<places[i].count).filter { piece.isFree[$0] }
      if inner.isEmpty { continue }
      for j in inner {
        let place = places[i][j]
        let slope = slopes[place] - ridge * x[j]
        residual[place] = slope - piece.gradient[j]
        gradient[place] = slope
        free.append(place)
      }
      pieces.append((piece.curvature, inner.map { places[i][$0] }, inner.map { piece.normal[$0] }))
    }
    if free.isEmpty { return (0, .exact) }
    free.sort()
    newtonSteps += 1
    let support = IndexSubset(free, universe: u.count)
    var positions = [Int](repeating: 0, count: u.count)
    for (k, place) in free.enumerated() { positions[place] = k }
    for i in pieces.indices { pieces[i].positions = pieces[i].positions.map { positions[$0] } }
    let system = NewtonSystem(
      free: support, rightHandSide: Vector(count: free.count) { residual[free[$0]] }, ridge: ridge, pieces: pieces)
    guard let step = quadratic.solve(system, precision: newtonPrecision) else { return nil }
    let size = step.δ.maxNorm
    if !size.isFinite { return nil }
    return move(by: step.δ, on: support) && (step.kind != .rough || newtonPrecision != nil) ? (size, step.kind) : nil
  }

  /// u ← u + fraction · δ, clipped to the pieces, for the first fraction of 1, ½ … that lowers the objective; whether it was the
  /// whole δ, with nothing clipped.
  private mutating func move(by δ: Vector<Element>, on support: IndexSubset) -> Bool {
    var whole = Vector<Element>.zeros(u.count)
    whole.scatter(support, from: δ)
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
        change += penalty.value(block: blocks[i], at: trialBlock) - penalty.value(block: blocks[i], at: x)
      }
      let d = trial - u
      change += (quadratic.curvature(along: d) + ridge * d.dot(d)) / 2 - gradient.dot(d)
      if change < 0 || (isTiny && !wasClipped) {
        u = trial
        // Single moves leave rounding errors, which a few digits do not notice.
        if newtonPrecision == nil { quadratic.refresh(moved: u - start) } else { quadratic.moveAlongLast() }
        return fraction == 1 && !wasClipped
      }
      fraction /= 2
    }
    return false
  }
}
