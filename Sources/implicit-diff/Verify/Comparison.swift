import ImplicitDiff
import LinAlg
import Models

/// A report beside what was derived again.
struct Comparison<Loss: SmoothLoss<Double>> {
  let run: ReportedRun
  /// The w that was given.
  let given: Vector<Double>?
  let derived: Rederivation<Loss>

  /// So many entries of a hypergradient are listed one by one; more are compared by their distance.
  private var listed: Int { 8 }
  private var names: [String] {
    run.parameters.indices.map { i in
      i == run.parameters.count - 1 ? "lambda2" : run.parameters.count == 2 ? "lambda1" : "strength \(i)"
    }
  }

  var findings: [Finding] {
    let violation = run.inner.violation ?? 0
    let distance = derived.distance(violation: violation)
    var all: [Finding] = []
    if let given { all.append(optimality(of: given)) }
    all.append(.compare("validation loss", run.value, derived.value, allowed: derived.valueError(distance)))
    all.append(.compare("support size", Double(run.supportSize), Double(derived.solved.w.nonzeroCount), allowed: 0))
    all.append(.compare("margin", run.margin, derived.margin, allowed: derived.marginError(distance)))
    all += hypergradient(violation)
    all += differences(violation)
    return all
  }

  /// The violation of the optimality conditions that the report states, and that of the file.
  private func optimality(of w: Vector<Double>) -> Finding {
    let found = derived.solver.violation(of: w, at: derived.solved.λ)
    return .compare("violation of w", run.inner.violation, found.size, allowed: found.rounding)
  }

  /// How far the report's hypergradient may be off: by its bound, or else by its residuals, and by the derivation's own error.
  private func allowed(_ violation: Double) -> Double {
    derived.error
      + (run.errorBound
        ?? derived.hypergradientError(residual: run.adjoint.residual ?? .ulpOfOne, violation: violation))
  }

  private func hypergradient(_ violation: Double) -> [Finding] {
    let allowed = allowed(violation)
    if run.hypergradient.count <= listed {
      return names.indices.map {
        .compare("d/d \(names[$0])", run.hypergradient[$0], derived.hypergradient[$0], allowed: allowed)
      }
    }
    let reported = Vector(run.hypergradient.map { $0 ?? .nan })
    let distance = reported.distance(to: derived.hypergradient)
    return [
      Finding(
        quantity: "hypergradient, norm", report: reported.norm, rederived: derived.hypergradient.norm,
        difference: distance, allowed: allowed, holds: distance <= allowed)
    ]
  }

  /// Along every parameter where they are few, otherwise along λ itself, λ with alternating signs and lambda2.
  private func differences(_ violation: Double) -> [Finding] {
    let (λ, m) = (derived.solved.λ, run.parameters.count)
    // A parameter of 0 is moved by the size of the others.
    let sizes = Vector(count: m) { λ[$0] > 0 ? λ[$0] : max(λ.maxNorm, 1) }
    func unit(_ i: Int) -> Vector<Double> { Vector(count: m) { $0 == i ? sizes[i] : 0 } }
    let directions: [(String, Vector<Double>, Double)] =
      m <= 4
      ? (0..<m).map { ("differences in \(names[$0])", unit($0), sizes[$0]) }
      : [
        ("differences in lambda2", unit(m - 1), sizes[m - 1]), ("differences along lambda", λ, λ.norm),
        ("differences, alternating", Vector(count: m) { $0.isMultiple(of: 2) ? λ[$0] : -λ[$0] }, λ.norm),
      ]
    return directions.filter { $0.2 > 0 }.map { name, δ, size in
      let reported = run.hypergradient.indices.reduce(0) { $0 + (run.hypergradient[$1] ?? .nan) * δ[$1] } / size
      guard let found = derived.slope(along: δ) else { return Finding(quantity: name, report: reported) }
      let bound = allowed(violation) * δ.norm / size
      return .compare(name, reported, found.value / size, allowed: found.error / size + bound).withoutEmptyAgreement
    }
  }
}
