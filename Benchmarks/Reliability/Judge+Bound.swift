extension Judge {
  /// Compares the error bound with the error against the exact hypergradient at w*; what is wrong, or nil.
  func boundTooLow() -> String? {
    guard let bound = observation.bound, let solution, let step else { return nil }
    let L = model.linearized(atSolution: solution, step: step, ulp: ulp)
    let (all, exponent, _) = cotangent(at: solution)
    guard let v = L.system.solveTransposed(L.support.map { all[$0] }) else { return nil }
    // At the scale of the run the entries may leave the range: compared with one power of two taken out.
    var errors: [(Double, Int)] = []
    for k in 0..<L.parameterCount {
      var g = Number.zero
      for (row, x) in zip(L.sources, v) { g += row[k] * x }
      let e = exponent + problem.derivativeExponent(k)
      errors.append(((DoubleDouble(DoubleDouble.scale(observation.values[0][k], by: -e)) - g).magnitude.value, e))
    }
    let top = errors.map { $0 == 0 ? Int.min / 2 : Int($0.exponent) + $1 }.max() ?? 0
    guard top > Int.min / 4 else { return nil }
    let norm = errors.map { DoubleDouble.scale($0, by: max($1 - top, -2000)) }.map { $0 * $0 }.reduce(0, +).squareRoot()
    // A number below the normal range is as it is.
    let floor = DoubleDouble.scale(problem.leastNormal, by: -top)
    if DoubleDouble.scale(bound, by: -top) + floor >= norm { return nil }
    return "bound \(short(bound)) below the error \(short(norm)) · 2^\(top)"
  }
}
