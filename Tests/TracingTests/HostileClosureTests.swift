import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing
import Tracing

/// Closures at the ends of ranges and of shapes.
@Suite struct HostileClosureTests {
  private func value(_ w: Vector<Double>, _ f: (Traced<Double>) -> Traced<Double>) throws -> Double {
    try TracedObjective<Double>(state: w.count, parameters: 0) { w, _ in f(w) }.value(at: w, parameters: [])
  }

  /// Two factors are one only where their product keeps its digits.
  @Test func constantsNearTheEndsOfTheRangeAreNotFolded() throws {
    #expect(try value([1e300]) { sum(1e-200 * (1e-200 * $0)) } == 1e-200 * (1e-200 * 1e300))
    #expect(try value([1e-300]) { sum(1e200 * (1e200 * $0)) } == 1e200 * (1e200 * 1e-300))
    #expect(try value([1e300]) { sum(1e-200 * (1e-200 * $0 - $0 * 1e-200 * 0.5)) } == 0.5 * 1e-200 * (1e-200 * 1e300))
    // 1/c is infinite for the one, and of few digits for the other.
    let tiny = Double.leastNonzeroMagnitude * 1024
    #expect(try value([3 * tiny]) { sum($0 / tiny) } == 3)
    let huge = Double.greatestFiniteMagnitude
    #expect(abs(try value([huge]) { sum($0 / huge) } - 1) <= Double.ulpOfOne)
    #expect(try value([1]) { sum(3 * (2 * $0) / 4) } == 1.5)
  }

  /// Without rows or columns a product has no terms.
  @Test func nothingIsAShapeToo() throws {
    let X = Matrix<Double>.zeros(3, 0)
    let none = Vector<Double>([])
    #expect(try value(none) { norm2(X * $0) + sum(X.transposed * (X * $0)) } == 0)
    #expect(
      try value(none) { w in
        sum(matrixProduct(w.reshaped(3, 0), w.reshaped(0, 2))) + sum(w.reshaped(0, 3).transposed)
          + sum(matrixProduct(w.reshaped(0, 3), (w + 1).reshaped(3, 0)))
      } == 0)
    #expect(try value(none) { logSumExp($0) } == -.infinity && logSumExp(none) == -.infinity)
    let f = try TracedFunction<Double>(state: 0) { w, _ in norm2(X * w) + sum(matrixProduct(w.reshaped(3, 0), w)) }
    let solution = ProximalGradientMap(f, L1Norm<Double>()).solve(at: [1])
    #expect(try solution.get().isEmpty)
  }

  /// Extents that are no extents are thrown like any other.
  @Test(arguments: [(-1, -5), (Int.max, 2), (0, -1), (-5, 1)])
  func impossibleShapesAreThrown(rows: Int, columns: Int) {
    #expect(throws: TracingError.self) { try value([1, 2, 3, 4, 5]) { sum($0.reshaped(rows, columns)) } }
  }

  @Test func aNegativeNumberOfRowsIsThrown() {
    #expect(throws: TracingError.self) {
      try value([1]) { sum($0[segment: 0..<0].spread(toRows: [], of: -1)) + sum($0) }
    }
  }

  /// The constants of a proximal map are constants of the closure.
  @Test func proximalMapsThatDifferBetweenRunsAreRefused() throws {
    var bound = 0.0
    #expect(throws: TracingError.self) {
      try TracedMap<Double>(state: 2, parameters: 0) { w, _ in
        bound += 1
        return proximal(Box<Double>(lower: .fixed(0), upper: .fixed(bound)), step: 1, 2 * w + 1)
      }
    }
    var rule = KinkRule.zero
    #expect(throws: TracingError.self) {
      try TracedMap<Double>(state: 2, parameters: 1) { w, λ in
        rule = rule == .zero ? .one : .zero
        return proximal(L1Norm<Double>(), step: 1, parameters: λ, kink: rule, 0.5 * w)
      }
    }
    _ = try TracedMap<Double>(state: 2, parameters: 1) { w, λ in
      proximal(SortedL1<Double>(weights: [2, 1]), step: 1, parameters: λ, 0.5 * w)
    }
  }

  /// Within a smooth function too.
  @Test func aNegativeThresholdWithinAFunctionIsRefused() throws {
    let f = try TracedFunction<Double>(state: 2, parameters: 2) { w, λ in
      norm2(w - λ[0]) / 2 + norm2(softThreshold(w, by: λ[1]))
    }
    #expect(f.violation(parameters: [1, 0.5]) == nil)
    #expect(f.violation(parameters: [1, -0.5])?.index == 1)
    let map = ProximalGradientMap(f, L1Norm<Double>(), step: .fixed(0.1))
    #expect(map.violation(parameters: [0.1, 1, -0.5])?.index == 2)
  }
}
