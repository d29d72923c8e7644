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

  /// A proximal map of other coordinates is thrown where it was written, as any shape is.
  @Test func proximalMapsOfOtherCoordinatesAreThrown() {
    func refuses<G: ProximalMap<Double>>(_ g: G, _ place: SourceLocation = #_sourceLocation) {
      #expect(throws: TracingError.self, sourceLocation: place) {
        try TracedMap<Double>(state: 5, parameters: g.parameterCount) { w, λ in
          proximal(g, step: 1, parameters: λ, w[segment: 0..<4]) + proximal(g, step: 1, parameters: λ, w)
        }
      }
    }
    refuses(GroupLasso<Double>(Groups(sizes: [2, 2])))
    refuses(SparseGroupLasso<Double>(Groups(sizes: [2, 1])))
    refuses(L1Norm<Double>(.perCoordinate(3)))
    refuses(Box<Double>(lower: .fixedEach([0, 0]), upper: .none))
    refuses(SortedL1<Double>(weights: [2, 1]))
    refuses(OrderedSum<Double>.largest(1, of: 3))
    refuses(Hyperplane<Double>(normal: [1, 1]))
    refuses(Slab<Double>(normal: [1, 1]))
    refuses(BoxHyperplane<Double>(normal: [1, 1], lower: [0, 0], upper: [1, 1]))
    refuses(Polyhedron<Double>(Matrix<Double>([[1, 1, 0]])))
    refuses(TreeGroups<Double>([[0, 1]], count: 2))
    refuses(SingularValues(L1Norm<Double>(), rows: 3, columns: 1))
    refuses(Eigenvalues(Simplex<Double>()))
    refuses(Translated(L1Norm<Double>(), by: [1]))
    refuses(Scaled(FixedParameters(GroupLasso<Double>(Groups(sizes: [2])), [1]), by: 2))
    // What any number of coordinates has.
    _ = try? TracedMap<Double>(state: 5, parameters: 1) { w, λ in proximal(L1Norm<Double>(), step: 1, parameters: λ, w)
    }
  }

  /// A step that is too long for a concave piece is blamed on the concavity.
  @Test func theConcavityIsNamed() throws {
    let map = try TracedMap<Double>(state: 2, parameters: 2) { w, λ in
      proximal(MCP<Double>(), step: 0.5, parameters: λ, 0.5 * w)
    }
    #expect(map.violation(parameters: [1, 2]) == nil)
    #expect(map.violation(parameters: [1, 0.25])?.index == 1)
    let f = try TracedFunction<Double>(state: 2) { w, _ in norm2(w - 1) }
    let joined = ProximalGradientMap(f, SCAD<Double>(), step: .fixed(0.5))
    let violation = try #require(joined.violation(parameters: [1, 1.25]))
    #expect(violation.index == 1 && violation.value == 1.25)
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
