/// Cholesky's factor of H_SS + ρ I for supports S that change little from one to the next, H a ``GrowingGram``: columns that come are appended to the
/// factor, columns that go are held at zero, and it is made anew where many have changed.
///
/// L is the factor on R ⊇ S, its columns in the order they came. With E = R ∖ S and V = L⁻¹ I_E the solution that vanishes on E is
/// w = L⁻ᵀ (I − V (VᵀV)⁻¹ Vᵀ) L⁻¹ b: a Schur complement. To append a columns costs a |R|², to leave out e at most e |R|², anew |S|³/3.
///
/// Source: Gill, Murray, Saunders, Wright, *A Schur-complement method for sparse quadratic programming*, in: Reliable Numerical Computation, Oxford 1990.
package final class SupportFactor<Element: Scalar> {
  /// Factors made from nothing so far.
  package private(set) var factorizations = 0
  /// Columns appended and left out so far.
  package private(set) var changes = 0
  /// R, in the order the columns came, and where each stands; −1 for others.
  private var order: [Int] = []
  private var place: [Int32] = []
  private var ridge: Element = 0
  /// L's lower triangle, column-major with this distance between columns, which is the room for R as well.
  private var L = Storage<Element>(capacity: 0)
  private var room = 0
  /// E, as places in R, with V's columns beside it, at the same distance.
  private var removed: [Int] = []
  private var V = Storage<Element>(capacity: 0)
  private let complement = CholeskyWorkspace<Element>(capacity: 0)
  private var image = Vector<Element>.zeros(0)
  private var coefficients = Vector<Element>.zeros(0)
  private var scratch = Storage<Element>(capacity: 0)

  package init() {}

  /// Forgets the factor.
  package func reset() {
    for j in order { place[j] = -1 }
    order = []
    removed = []
  }

  /// Makes it the factor on S; false, and none, where that is singular to working precision.
  ///
  /// - Precondition: H is that of all calls since the last ``reset()``, and covers S.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  package func update(to S: IndexSubset, of H: GrowingGram<Element>, ridge ρ: Element) -> Bool {
    if place.count != S.universe || ρ != ridge { reset() }
    if place.count != S.universe { place = Array(repeating: -1, count: S.universe) }
    ridge = ρ
    let m = order.count
    var isWanted = [Bool](repeating: false, count: m)
    var coming: [Int] = []
    for k in 0..<S.count {
      if place[S[k]] >= 0 { isWanted[Int(place[S[k]])] = true } else { coming.append(S[k]) }
    }
    var wasRemoved = [Bool](repeating: false, count: m)
    for i in removed { wasRemoved[i] = true }
    let going = (0..<m).filter { !isWanted[$0] && !wasRemoved[$0] }
    let held = m + coming.count - S.count
    // Updates are triangular solves at two thirds of a factorization's speed, and what is held at zero costs all that follows.
    let cost = Double(coming.count + going.count) * Double(m) * Double(m)
    let anew = Double(S.count) * Double(S.count) * Double(S.count) / 3
    if m == 0 || 3 * cost > 2 * anew || held > S.count / 4 || !H.covers(order) { return factor(S, H) }
    changes += coming.count + going.count
    release(isWanted)
    if coming.count > 0 && !append(coming, H) { return factor(S, H) }
    if going.count > 0 { hold(going) }
    return factorComplement() || factor(S, H)
  }

  /// b ← (H_SS + ρ I)⁻¹ b, entries in the order of S.
  ///
  /// - Precondition: the last update was one to S, and successful.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  package func solve(_ b: inout Vector<Element>, on S: IndexSubset) {
    let m = order.count
    precondition(
      b.count == S.count && m - removed.count == S.count, "SupportFactor: \(b.count) entries for \(m - removed.count)")
    if m == 0 { return }
    if image.count != m { image = .zeros(m) }
    if removed.count > 0 { image.fill(0) }
    let x = image.mutableBase()
    for k in 0..<S.count { x[Int(place[S[k]])] = b[k] }
    Element._trsv(true, false, m, L.pointer, room, x)
    let e = removed.count
    if e > 0 {
      if coefficients.count != e { coefficients = .zeros(e) }
      Element._gemv(true, m, e, 1, V.pointer, room, x, 0, coefficients.mutableBase())
      complement.solve(&coefficients)
      Element._gemv(false, m, e, -1, V.pointer, room, coefficients.base, 1, x)
    }
    Element._trsv(true, true, m, L.pointer, room, x)
    for k in 0..<S.count { b[k] = x[Int(place[S[k]])] }
  }

  /// From nothing.
  private func factor(_ S: IndexSubset, _ H: GrowingGram<Element>) -> Bool {
    reset()
    factorizations += 1
    let s = S.count
    reserve(s)
    order = S.elements
    for k in 0..<s { place[order[k]] = Int32(k) }
    if s == 0 { return true }
    gatherLower(order, at: 0, H)
    if Element._potrf(s, L.pointer, room) == 0 && isIndependent { return true }
    reset()
    return false
  }

  /// V without the columns that are wanted again.
  private func release(_ isWanted: [Bool]) {
    var kept: [Int] = []
    let v = V.pointer
    for (c, i) in removed.enumerated() where !isWanted[i] {
      if kept.count < c { (v + kept.count * room).update(from: v + c * room, count: order.count) }
      kept.append(i)
    }
    removed = kept
  }

  private func append(_ coming: [Int], _ H: GrowingGram<Element>) -> Bool {
    let (m, a) = (order.count, coming.count)
    reserve(m + a)
    if scratch.capacity < m * a { scratch = Storage(capacity: 3 * m * a / 2) }
    // B = L⁻¹ H_RA, which stands below L as its transpose.
    let b = scratch.pointer
    H.gather(rows: order, columns: coming, into: b)
    solveTriangle(m, a, L.pointer, b, m)
    for (k, j) in coming.enumerated() { place[j] = Int32(m + k) }
    order += coming
    Element._transpose(m, a, b, m, L.pointer + m, room)
    gatherLower(coming, at: m, H)
    let corner = L.pointer + m * (room + 1)
    Element._syrk(true, a, m, -1, b, m, 1, corner, room)
    if Element._potrf(a, corner, room) != 0 || !isIndependent { return false }
    let e = removed.count
    if e > 0 {
      let v = V.pointer + m
      Element._gemm(true, false, a, e, m, -1, b, m, V.pointer, room, 0, v, room)
      Element._trsm(true, false, a, e, corner, room, v, room)
    }
    return true
  }

  /// Holds places at zero: columns of V more.
  private func hold(_ going: [Int]) {
    let (m, e, count) = (order.count, removed.count, going.count)
    reserveV(e + count)
    let v = V.pointer + e * room
    let first = going[0]
    for (c, i) in going.enumerated() {
      (v + c * room).update(repeating: 0, count: m)
      v[i + c * room] = 1
    }
    solveTriangle(m - first, count, L.pointer + first * (room + 1), v + first, room)
    removed += going
  }

  /// B ← L⁻¹ B, its columns shared by the processors.
  private func solveTriangle(
    _ m: Int, _ count: Int, _ l: UnsafePointer<Element>, _ b: UnsafeMutablePointer<Element>, _ ldb: Int
  ) {
    let tasks = max(1, min(count, Parallel.tasks(multiplications: m * m / 2 * count)))
    let shared = Block(l: l, b: b)
    let ld = room
    Parallel.run(tasks) { t in
      let (from, to) = (count * t / tasks, count * (t + 1) / tasks)
      Element._trsm(true, false, m, to - from, shared.l, ld, shared.b + from * ldb, ldb)
    }
  }

  /// Memory of which each task changes columns of its own.
  private struct Block: @unchecked Sendable {
    let l: UnsafePointer<Element>
    let b: UnsafeMutablePointer<Element>
  }

  private func factorComplement() -> Bool {
    let (m, e) = (order.count, removed.count)
    if e == 0 { return true }
    do throws(FactorizationError) {
      try complement.factor(count: e) { M in
        Element._syrk(true, e, m, 1, V.pointer, room, 0, M.mutableBase(), M.stride)
      }
    } catch { return false }
    return complement.pivotRatio > Element(m) * .ulpOfOne
  }

  /// The lower triangle of H on these columns, with the ridge, from place `start` on the diagonal.
  private func gatherLower(_ columns: [Int], at start: Int, _ H: GrowingGram<Element>) {
    let l = L.pointer + start * (room + 1)
    H.gatherLower(columns, into: l, stride: room)
    for k in 0..<columns.count { l[k * (room + 1)] += ridge }
  }

  /// Whether all pivots are numbers, and the smallest is above rounding beside the largest.
  private var isIndependent: Bool {
    var (least, greatest) = (Element.infinity, Element(0))
    for i in 0..<order.count {
      let pivot = L.pointer[i * (room + 1)]
      if !pivot.isFinite { return false }
      least = min(least, pivot)
      greatest = max(greatest, pivot)
    }
    return (least / greatest) * (least / greatest) > Element(order.count) * .ulpOfOne
  }

  /// Room for so many columns of R.
  private func reserve(_ count: Int) {
    if room >= count { return }
    let (capacity, m) = (count + count / 4, order.count)
    let fresh = Storage<Element>(capacity: capacity * capacity)
    for j in 0..<m { (fresh.pointer + j * (capacity + 1)).update(from: L.pointer + j * (room + 1), count: m - j) }
    L = fresh
    let columns = removed.count
    let wider = Storage<Element>(capacity: capacity * (columns + columns / 2 + 16))
    for c in 0..<columns { (wider.pointer + c * capacity).update(from: V.pointer + c * room, count: m) }
    V = wider
    room = capacity
  }

  /// Room for so many columns of V.
  private func reserveV(_ columns: Int) {
    if V.capacity >= room * columns { return }
    let fresh = Storage<Element>(capacity: room * (columns + columns / 2 + 16))
    fresh.pointer.update(from: V.pointer, count: room * removed.count)
    V = fresh
  }
}
