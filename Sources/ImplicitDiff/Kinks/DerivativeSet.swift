public import LinAlg
public import NonsmoothMaps
import RandomStreams

/// The hypergradients that the pieces that meet at a solution can give: one for each selection of a piece at every kink, which is what some
/// ``KinkRule`` or another method may return. It can be far wider than the one-sided values, since most selections belong to no direction of λ.
public struct HypergradientSet<Element: Scalar>: Sendable {
  /// Whether every selection was looked at, or a sample.
  public enum Coverage: Sendable, Equatable {
    case complete
    /// Where there are more than 2²⁰ selections: the range is that of the sample, and the set's may be wider.
    case sampled(seed: UInt64)
  }

  public let coverage: Coverage
  /// The number of selections looked at, those counted in ``singularCount``.
  public let selectionCount: Int
  /// Selections on which ∇²f is singular, so that they have no derivative.
  public let singularCount: Int
  /// The least and the largest value of each entry over the selections, m entries.
  public let lower: Vector<Element>
  public let upper: Vector<Element>
  /// The kinks, in the order of the selections' entries.
  public let kinks: [KinkRecord<Element>]
}

/// Which piece a selection takes at a kink.
public enum KinkSelection: Int, Sendable, Hashable {
  /// The piece below, as of a coordinate that is free to be negative.
  case lower = -1
  /// The flat piece between, as off the support.
  case flat = 0
  /// The piece above.
  case upper = 1
}

extension KinkAnalysis {
  /// The selections at each weakly active kink: two as a rule.
  public var selections: [[KinkSelection]] {
    system.cone.kinks.map { kink in
      (kink.lower == nil ? [] : [.lower]) + (kink.isFlat ? [.flat] : []) + (kink.upper == nil ? [] : [.upper])
    }
  }

  /// Every hypergradient of an outer objective that a selection of pieces gives: all of them up to 2²⁰, as of 20 coordinates at their kinks, and a sample beyond.
  ///
  /// Cost: m products for each kink, then O(k³ + k m) for each selection of k kinks.
  ///
  /// - Parameters:
  ///   - seed: of the sample.
  ///   - sampleCount: of selections where there are more than 2²⁰.
  ///   - visit: is given each selection, and its hypergradient; nil where it has none.
  public func hypergradientSet(
    of objective: some OuterObjective<Element>, seed: UInt64 = 0, sampleCount: Int = 1 << 14,
    visit: (([KinkSelection], Vector<Element>?) -> Void)? = nil
  ) -> HypergradientSet<Element> {
    precondition(sampleCount > 0, "hypergradientSet: at least one selection is sampled, not \(sampleCount)")
    let family = SelectionFamily(self, objective)
    let choices = selections
    var lower = Vector<Element>(repeating: .infinity, count: problem.map.parameterCount)
    var upper = -1 * lower
    var singular = 0
    func look(_ selection: [KinkSelection]) {
      let gradient = family.hypergradient(selection)
      if let gradient {
        for i in 0..<gradient.count {
          lower[i] = min(lower[i], gradient[i])
          upper[i] = max(upper[i], gradient[i])
        }
      } else {
        singular += 1
      }
      visit?(selection, gradient)
    }
    var total = 1
    for choice in choices where total <= 1 << 20 { total *= choice.count }
    let isComplete = total <= 1 << 20
    if isComplete {
      for number in 0..<total {
        var rest = number
        look(
          choices.map { choice in
            defer { rest /= choice.count }
            return choice[rest % choice.count]
          })
      }
    } else {
      var random = RandomStream(seed: seed)
      for _ in 0..<sampleCount { look(choices.map { $0[random.nextIndex(below: $0.count)] }) }
    }
    if singular == (isComplete ? total : sampleCount) {
      lower.fill(.nan)
      upper.fill(.nan)
    }
    return HypergradientSet(
      coverage: isComplete ? .complete : .sampled(seed: seed), selectionCount: isComplete ? total : sampleCount,
      singularCount: singular, lower: lower, upper: upper, kinks: weaklyActive)
  }
}

/// The hypergradient as a function of the selection: `base + Σ ζ_k (U_k − slope of the branch)`, where ζ solves the chosen rows of the Schur complement.
private struct SelectionFamily<Element: Scalar> {
  private let base: Vector<Element>
  private let rows: [Vector<Element>]
  private let quadratic: BranchedQuadratic<Element>
  private let kinks: [CriticalCone<Element>.Kink]

  /// With z = R K⁻¹ Rᵀ ∇_wE: ∇f = ∇_λE + X₀ᵀ(∇_wE − H z) − (∂_λ∇f + L)ᵀ z.
  init<F: SmoothFunction, G: PolyhedralPenalty>(
    _ analysis: KinkAnalysis<F, G>, _ objective: some OuterObjective<Element>
  ) where F.Element == Element {
    let (map, system, λ) = (analysis.problem.map, analysis.system, analysis.problem.parameters)
    let (m, ofPenalty) = (map.parameterCount, map.penaltyParameterCount)
    var b = Vector<Element>.zeros(map.stateCount)
    var gradient = Vector<Element>.zeros(m)
    objective.gradient(at: analysis.problem.state, parameters: λ, support: nil, state: &b, parameters: &gradient)

    /// −X₀ᵀH z − (∂_λ∇f + L)ᵀ z.
    func reach(_ z: Vector<Element>) -> Vector<Element> {
      var image = Vector<Element>.zeros(z.count)
      analysis.hessian.apply(z, into: &image)
      var byPenalty = Vector<Element>.zeros(ofPenalty)
      CriticalSystem.addAdjoint(system.cone.offset, image, scale: -1, to: &byPenalty)
      CriticalSystem.addAdjoint(system.cone.slope, z, scale: -1, to: &byPenalty)
      var bySmooth = Vector<Element>.zeros(m - ofPenalty)
      if m > ofPenalty {
        map.smooth.addMixedDerivativeAdjoint(
          z, at: analysis.problem.state, parameters: map.smoothParameters(λ), hessian: analysis.hessian, scale: -1,
          to: &bySmooth)
      }
      return Vector(Array(byPenalty) + Array(bySmooth))
    }

    let (free, atKinks) = system.restrict(b)
    var ζ = Vector(copying: free)
    if ζ.count > 0 { system.factor.solve(&ζ) }
    var z = Vector<Element>.zeros(map.stateCount)
    system.add(free: ζ, to: &z)
    var direct = Vector<Element>.zeros(ofPenalty)
    CriticalSystem.addAdjoint(system.cone.offset, b, scale: 1, to: &direct)
    for i in 0..<ofPenalty { gradient[i] += direct[i] }
    gradient.add(1, reach(z))
    base = gradient
    rows = (0..<system.kinkCount).map { reach(system.response($0)) }
    var r = Vector(copying: atKinks)
    if free.count > 0 && r.count > 0 { r.assignProduct(system.W.transposed, free, alpha: -1, beta: 1) }
    kinks = system.cone.kinks
    quadratic = BranchedQuadratic(
      S: system.S, h: -1 * r, lower: kinks.map { $0.lower.map { ($0.curvature, 0) } },
      upper: kinks.map { $0.upper.map { ($0.curvature, 0) } }, tolerance: .zeros(r.count))
  }

  func hypergradient(_ selection: [KinkSelection]) -> Vector<Element>? {
    let sides = selection.map(\.rawValue)
    let moving = (0..<sides.count).filter { sides[$0] != 0 }
    guard let ζ = try? quadratic.minimum(on: moving, sides) else { return nil }
    var gradient = Vector(copying: base)
    for (a, k) in moving.enumerated() {
      gradient.add(ζ[a], rows[k])
      for slope in (sides[k] < 0 ? kinks[k].lower : kinks[k].upper)!.slope {
        gradient[slope.parameter] -= ζ[a] * slope.value
      }
    }
    return gradient.firstNonFinite == nil ? gradient : nil
  }
}
