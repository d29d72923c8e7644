import LinAlg
import NonsmoothMaps
import Testing

/// What every proximal map promises, over arguments with ties, zeros, −0 and at scales from 1e−100 to 1e100.
@Suite struct ConformanceTests {
  @Test func proximalMapsDouble() { run(Double.self, scales: [1, 1e100, 1e-100]) }
  @Test func proximalMapsFloat() { run(Float.self, scales: [1, 1e15, 1e-15]) }

  private func run<T: Scalar>(_ type: T.Type, scales: [T]) {
    for subject in Subjects.all(T.self) {
      for scale in scales where scale == 1 || Subjects.scales(subject.name) {
        var numbers = Numbers(7)
        let λ = scale * subject.parameters
        var compared = 0
        for trial in 0..<24 {
          let size: T = [1, 0.125, 8, 2][trial % 4]
          var u: Vector<T> =
            trial % 3 == 0
            ? numbers.ties(subject.count, scale: scale * size) : numbers.vector(subject.count, scale: scale * size)
          if trial == 23 { u.fill(0) }
          compared += check(subject.penalty, λ, u, scale, &numbers, "\(subject.name) \(T.typeName) \(scale) \(trial)")
        }
        #expect(compared > 0, "no differences taken of \(subject.name)")
        checkNaN(subject.penalty, λ, subject.count, subject.name)
      }
    }
  }

  private func check<G: ProximalMap>(
    _ g: G, _ λ: Vector<G.Element>, _ u: Vector<G.Element>, _ scale: G.Element, _ numbers: inout Numbers, _ name: String
  ) -> Int {
    typealias T = G.Element
    let (p, s) = (u.count, T(0.5))
    let w = g.prox(u, s, λ)
    #expect(w.firstNonFinite == nil, "\(name): \(w)")
    #expect(g.violation(parameters: λ) == nil)
    for _ in 0..<4 {
      let other: Vector<T> = numbers.vector(p, scale: 2 * scale)
      let z = g.prox(other, s, λ)
      // w is off by a few p ε of the largest number in play, and every term is a product of two such.
      let size = u.norm + other.norm + λ.norm
      let rounding = 16 * T(p) * .ulpOfOne * size * size / s
      let rise = g.value(at: z, parameters: λ) - g.value(at: w, parameters: λ)
      if g.isConvex {
        #expect(rise >= (u - w).dot(z - w) / s - rounding, "optimality, \(name)")
        #expect((w - z).dot(w - z) <= (u - other).dot(w - z) + rounding, "firm nonexpansiveness, \(name)")
      } else {
        let squares = (u - z).dot(u - z) - (u - w).dot(u - w)
        #expect(rise >= -squares / (2 * s) - rounding, "optimality, \(name)")
        let bound = g.expansion(step: s, parameters: λ) * (u - other).norm
        #expect((w - z).norm <= bound * (1 + 16 * .ulpOfOne), "expansion, \(name)")
        #expect(s < g.stepLimit(parameters: λ))
      }
    }
    let L = g.makeLinearization(count: p)
    for kink in KinkRule.allCases {
      g.linearize(at: u, step: s, parameters: λ, kink: kink, into: L)
      if !L.isDefined { continue }
      let bound = g.isConvex ? 1 : g.expansion(step: s, parameters: λ)
      Identities.check(L, m: g.parameterCount, &numbers, bound: bound, "\(name) \(kink)")
    }
    g.linearize(at: u, step: s, parameters: λ, kink: .zero, into: L)
    let dense = DenseDerivative(L, parameters: g.parameterCount)
    let ε = 64 * T(p) * T.ulpOfOne
    let second = g.makeLinearization(count: p)
    if g.linearize(atSolution: w, step: s, parameters: λ, into: second) {
      // At a threshold that is met but for rounding a coordinate may have underflowed to zero: not here, distances are moderate.
      let read = DenseDerivative(second, parameters: g.parameterCount)
      let distance = L.kinkDistance ?? 0
      if distance == 0 || distance > 1e3 * T.ulpOfOne * u.norm {
        #expect(read.D.difference(from: dense.D) <= ε, "D at the solution, \(name)")
        #expect(read.B.difference(from: dense.B) <= ε, "B at the solution, \(name)")
      }
    }
    return checkPiece(g, λ, u, L, dense, &numbers, name)
  }

  /// D and B against differences, and that nothing changes within the kink distance; whether differences could be taken.
  private func checkPiece<G: ProximalMap>(
    _ g: G, _ λ: Vector<G.Element>, _ u: Vector<G.Element>, _ L: G.Linearization, _ dense: DenseDerivative<G.Element>,
    _ numbers: inout Numbers, _ name: String
  ) -> Int {
    typealias T = G.Element
    let (p, s) = (u.count, T(0.5))
    guard let distance = L.kinkDistance, distance > 1e3 * T.ulpOfOne * u.norm else { return 0 }
    let signature = g.signature(at: g.prox(u, s, λ), parameters: λ)
    let near = g.makeLinearization(count: p)
    // Random directions, and those in which a face of a polyhedral piece is nearest: gradients of wⱼ, of uⱼ and of uⱼ against a threshold.
    var directions: [Vector<T>] = (0..<4).map { _ in numbers.vector(p) }
    for j in 0..<p {
      directions.append(dense.D.column(j))
      directions.append(unit(j, p))
      for i in 0..<g.parameterCount {
        directions.append(dense.B.column(i))
        directions.append(unit(j, p) - dense.B.column(i))
        directions.append(unit(j, p) + dense.B.column(i))
      }
    }
    // Without kinks there is one piece.
    for direction in directions + directions.map({ -$0 }) where direction.norm > 0 && distance.isFinite {
      var moved = direction
      moved.scale(by: T(0.99) * distance / moved.norm)
      moved.add(1, u)
      if !(g is any UnreadablePieces) {
        #expect(g.signature(at: g.prox(moved, s, λ), parameters: λ) == signature, "signature, \(name)")
      }
      g.linearize(at: moved, step: s, parameters: λ, kink: .zero, into: near)
      #expect(near.active == L.active && near.rank == L.rank, "piece, \(name)")
      if L.isProjection {
        let D = DenseDerivative(near, parameters: 0).D
        #expect(D.difference(from: dense.D) <= 64 * T(p) * .ulpOfOne, "constant D, \(name)")
      }
    }
    let size = max(u.norm, λ.norm)
    guard size > 0, distance > T(0.05) * size else { return 0 }
    // Third derivatives of a group's prox are at most 6 t/n³ ≤ 6/n², and n ≥ 0.05 size: with h = ε^{1/3} size a central difference is off by
    // 400 ε^{2/3} of truncation and 2 p ε^{2/3} of rounding.
    let h = T.pow(T.ulpOfOne, 1 / T(3)) * size
    guard h < distance / 4 else { return 0 }
    let tolerance = 420 * T.pow(T.ulpOfOne, 2 / T(3))
    func difference(_ a: Vector<T>, _ b: Vector<T>) -> Vector<T> { (1 / (2 * h)) * (a - b) }
    for j in 0..<p {
      let e: Vector<T> = h * unit(j, p)
      let column = difference(g.prox(u + e, s, λ), g.prox(u - e, s, λ))
      #expect((column - dense.D.column(j)).maxNorm <= tolerance, "D by differences, \(name)")
    }
    // At a strength of 0 there is no difference to both sides.
    for i in 0..<g.parameterCount where λ[i] != 0 {
      let e: Vector<T> = h * unit(i, g.parameterCount)
      let column = difference(g.prox(u, s, λ + e), g.prox(u, s, λ - e))
      #expect((column - dense.B.column(i)).maxNorm <= tolerance, "B by differences, \(name)")
    }
    return 1
  }

  /// At strengths of 0 the derivative is that for growing strengths: prox moves by s h at most for strengths h, and is affine until a coordinate
  /// meets another,
  /// here further away than that.
  @Test func strengthsOfZero() {
    let u: Vector<Double> = [1, -2, 0.5, 3, -0.75, 1.5, -2.5, 0.25, 2]
    let (s, h) = (0.5, 1e-3)
    func check<G: ProximalMap<Double>>(_ g: G, _ name: String) {
      let L = g.makeLinearization(count: u.count)
      let zero = Vector<Double>.zeros(g.parameterCount)
      g.linearize(at: u, step: s, parameters: zero, kink: .zero, into: L)
      #expect(g.prox(u, s, zero) == u, "\(name)")
      for i in 0..<g.parameterCount {
        var column = Vector<Double>.zeros(u.count)
        L.addParameters(unit(i, g.parameterCount), to: &column)
        let difference = (1 / h) * (g.prox(u, s, h * unit(i, g.parameterCount)) - u)
        // Roundings of u over h.
        #expect(
          (column - difference).maxNorm <= 8 * Double.ulpOfOne * u.maxNorm / h, "\(name): \(column), \(difference)")
      }
    }
    check(L1Norm<Double>(), "1-norm")
    check(AsymmetricL1<Double>(), "asymmetric 1-norm")
    check(LInfinityNorm<Double>(), "∞-norm")
    check(SortedL1<Double>(weights: Vector(count: 9) { Double(9 - $0) / 9 }), "sorted 1-norm")
    check(TotalVariation<Double>(), "total variation")
    check(NearlyIsotonic<Double>(), "nearly isotonic")
    check(L2Norm<Double>(), "2-norm")
    check(OrderedSum<Double>(weights: Vector(count: 9) { Double(4 - $0) / 9 }), "ordered sum")
    check(FusedLasso<Double>(), "fused lasso")
    check(GroupLasso<Double>(Groups(sizes: [3, 1, 5])), "group lasso")
    // Its kink is at 1, and numbers far below that are not rounded at its size.
    for x in [3.0, 1e-9, -1e-30] { #expect(HingePenalty<Double>().prox([x], s, [0]) == [x]) }
    check(SparseGroupLasso<Double>(Groups(sizes: [3, 1, 5])), "sparse group lasso")
  }

  private func checkNaN<G: ProximalMap>(_ g: G, _ λ: Vector<G.Element>, _ p: Int, _ name: String) {
    for j in 0..<p {
      var u = Vector<G.Element>.zeros(p)
      u[j] = .nan
      #expect(g.prox(u, 0.5, λ).contains { $0.isNaN }, "NaN in, \(name)")
      g.linearize(
        at: u, step: 0.5, parameters: λ, kink: .zero, into: g.makeLinearization(count: p))
    }
    for i in 0..<g.parameterCount {
      var bad = λ
      bad[i] = .nan
      #expect(g.violation(parameters: bad)?.index == i, "NaN parameter, \(name)")
    }
  }

  /// ‖(3, 4)/8‖ = 5/8 exactly: the limit from outside is the line h hᵀ, of lower rank than the group.
  @Test(arguments: [(KinkRule.zero, 0), (.one, 1), (.midpoint, 1)])
  func groupAtItsKink(kink: KinkRule, rank: Int) {
    let g = GroupLasso<Double>(Groups([[8, 0, 4], [1, 2, 3, 5, 6, 7]], weights: [1, 1]))
    var u = Vector<Double>.zeros(9)
    u[0] = 0.375
    u[8] = -0.5
    let L = g.makeLinearization(count: 9)
    g.linearize(at: u, step: 0.5, parameters: [1.25], kink: kink, into: L)
    #expect(L.rank == rank && L.kinkDistance == 0 && L.isProjection == (kink != .midpoint) && !(rank > 0 && L.isMask))
    var numbers = Numbers(5)
    Identities.check(L, m: 1, &numbers, "\(kink)")
    let dense = DenseDerivative(L, parameters: 1)
    let d = kink.derivative
    #expect((dense.D[0, 8] - d * 0.6 * -0.8).magnitude < 1e-15)
    #expect((dense.B[8, 0] - d * 0.5 * 0.8).magnitude < 1e-15)
  }

  @Test func domains() {
    #expect(Simplex<Double>().violation(parameters: [0])?.expected == "a sum above 0")
    #expect(L1Ball<Float>().violation(parameters: [-1])?.expected == "a radius above 0")
    #expect(GroupLasso<Double>(Groups(sizes: [2])).violation(parameters: [-1])?.index == 0)
    let box = Box<Double>(lower: .fixed(0), upper: .parameters())
    #expect(box.violation(parameters: [-1])?.index == 0)
    #expect(box.violation(parameters: [0]) == nil)
    let both = Box<Double>(lower: .parameters(), upper: .parameters())
    #expect(both.violation(parameters: [1, 0])?.index == 1)
  }

  /// Moreau: what prox takes off a group is its projection on the ball of radius t.
  @Test func moreauOfGroups() {
    var numbers = Numbers(3)
    let groups = Groups(sizes: [4, 5], weights: [1, 2])
    for _ in 0..<20 {
      let u: Vector<Double> = numbers.vector(9, scale: 2)
      let rest = u - GroupLasso(groups).prox(u, 0.5, [1.5])
      for (range, t) in [(0..<4, 0.75), (4..<9, 1.5)] {
        let (part, n) = (rest[segment: range].norm, u[segment: range].norm)
        #expect((part - min(n, t)).magnitude <= 1e-14)
      }
    }
  }
}
