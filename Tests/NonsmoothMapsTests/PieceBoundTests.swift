import LinAlg
import NonsmoothMaps
import Testing

/// What a `PieceBound` promises, over the shelf: within its radius prox has one formula, whose derivative changes no faster than it says.
@Suite struct PieceBoundTests {
  @Test func promisesHoldInDouble() { run(Double.self) }
  @Test func promisesHoldInFloat() { run(Float.self) }

  private func run<T: Scalar>(_ type: T.Type) {
    var names: Set<String> = []
    for subject in Subjects.all(T.self) {
      guard let penalty = subject.penalty as? any CertifiablePenalty<T> else { continue }
      if let sum = subject.penalty as? SeparableSum<T>,
        !sum.parts.allSatisfy({ $0.penalty is any CertifiablePenalty<T> })
      {
        continue
      }
      names.insert(subject.name)
      var numbers = Numbers(11)
      var met = 0
      for trial in 0..<16 {
        let u: Vector<T> = numbers.vector(subject.count, scale: [1, 0.25, 4, 16][trial % 4])
        met += check(penalty, subject.parameters, u, &numbers, "\(subject.name) \(T.typeName) \(trial)")
      }
      #expect(met >= 8, "\(subject.name): pieces proven at \(met) of 16 arguments")
    }
    #expect(names.count >= 40)
  }

  /// 1 where the piece is proven.
  private func check<G: CertifiablePenalty>(
    _ g: G, _ λ: Vector<G.Element>, _ u: Vector<G.Element>, _ numbers: inout Numbers, _ name: String
  ) -> Int {
    typealias T = G.Element
    let (p, s) = (u.count, T(0.5))
    let (L, M) = (g.makeLinearization(count: p), g.makeLinearization(count: p))
    g.linearize(at: u, step: s, parameters: λ, kink: .zero, into: L)
    let x = g.prox(u, s, λ)
    guard let piece = g.piece(at: u, value: x, step: s, parameters: λ, linearization: L), piece.radius > 0 else {
      return 0
    }
    // Beyond a few times the argument there is nothing to be learnt.
    let reach = min(piece.radius, 8 * (u.norm + λ.norm))
    for trial in 0..<40 {
      var d: Vector<T> = numbers.vector(p)
      // Along coordinates and pairs of them too, where pieces end first.
      if trial % 4 > 0 { for j in 0..<p where (j + trial) % p >= trial % 4 { d[j] = 0 } }
      if d.norm == 0 { continue }
      let length = reach * ([0.99, 0.5, 0.1] as [T])[trial % 3]
      d.scale(by: length / d.norm)
      let near = u + d
      g.linearize(at: near, step: s, parameters: λ, kink: .zero, into: M)
      let (κ, κB) = piece.curvature(length)
      // u + d is rounded, by half an ulp of its entries, which moves derivatives by the constants; norms err by p ulps.
      let moved = length + .ulpOfOne * near.norm
      let other = g.piece(at: near, value: g.prox(near, s, λ), step: s, parameters: λ, linearization: M)
      let products = piece.derivativeRounding + (other?.derivativeRounding ?? 0)
      let slack = 1 + 4 * T(p) * .ulpOfOne
      let v: Vector<T> = numbers.vector(p)
      var (a, b) = (v, v)
      L.apply(v, into: &a)
      M.apply(v, into: &b)
      #expect(a.distance(to: b) <= (κ * moved + products) * v.norm * slack, "D, \(name) \(trial)")
      var (α, β) = (Vector<T>.zeros(λ.count), Vector<T>.zeros(λ.count))
      L.addParametersAdjoint(v, scale: 1, to: &α)
      M.addParametersAdjoint(v, scale: 1, to: &β)
      let ofParameters = piece.parametersRounding + (other?.parametersRounding ?? 0)
      #expect(α.distance(to: β) <= (κB * moved + ofParameters) * v.norm * slack, "B, \(name) \(trial)")
      // By Taylor's formula; the values and the product have their errors, and the four terms are rounded once each.
      L.apply(d, into: &a)
      let next = g.prox(near, s, λ)
      let rest = (next - x - a).norm
      let values = piece.valueRounding + (other?.valueRounding ?? piece.valueRounding)
      let rounding = 4 * .ulpOfOne * (next.norm + x.norm + length + near.norm)
      #expect(
        rest <= (κ * moved * moved / 2 + values + piece.derivativeRounding * length + rounding) * slack,
        "value, \(name) \(trial): \(rest)")
    }
    return 1
  }
}
