import LinAlg
import Testing

@Suite struct OutcomeTests {
  static let all: [Outcome<Double>] = [
    .converged, .fixedIterations, .iterationLimit, .stagnated, .notContracting(factor: 1.25),
    .indefinite(curvature: -3),
    .singular, .breakdown(.omega), .notFinite(), .notFinite(iteration: 0), .notFinite(iteration: 17),
    .outsideDomain(ParameterViolation(index: 2, value: -1, expected: "a strength of at least 0")),
  ]

  /// What may be used is what was asked for, and nothing else.
  @Test(arguments: all) func usable(_ outcome: Outcome<Double>) {
    #expect(outcome.isUsable == (outcome == .converged || outcome == .fixedIterations))
  }

  /// One or two sentences, with the numbers that are known.
  @Test func advice() {
    for outcome in Self.all { #expect(outcome.advice.hasSuffix(".") && !outcome.advice.hasSuffix(".."), "\(outcome)") }
    #expect(Outcome<Double>.notContracting(factor: 1.25).advice.contains("1.25"))
    #expect(Outcome<Double>.indefinite(curvature: -3).advice.contains("-3.0"))
    #expect(Outcome<Double>.notFinite(iteration: 17).advice.contains("at iteration 17:"))
    #expect(Outcome<Double>.notFinite().advice.contains("appeared:"))
    #expect(Outcome<Double>.breakdown(.omega).advice.contains("use GMRES"))
    #expect(Self.all.last?.advice.contains("parameter 2 is -1.0; expected a strength of at least 0") == true)
  }

  /// 1.25 and −3 are numbers of both precisions.
  @Test(arguments: all) func conversion(_ outcome: Outcome<Double>) {
    #expect(Outcome<Double>(converting: Outcome<Float>(converting: outcome)) == outcome)
  }

  @Test func whatAStoppingSays() {
    let tolerance = Stopping<Double>.tolerance(1e-3)
    #expect(tolerance.relativeTolerance == 1e-3 && tolerance.iterationLimit == nil && !tolerance.isGivenLength)
    #expect(Stopping<Double>.tolerance(1e-3, limit: 7).iterationLimit == 7)
    let given = Stopping<Double>.iterations(9)
    #expect(given.relativeTolerance == nil && given.iterationLimit == 9 && given.isGivenLength)
    #expect(tolerance.complaint == nil && given.complaint == nil)
    for wrong: Stopping<Double> in [.tolerance(-1), .tolerance(.nan), .tolerance(0, limit: -1), .iterations(-1)] {
      #expect(wrong.complaint != nil, "\(wrong)")
    }
  }
}
