import ImplicitDiff
import LinAlg
import TestSupport
import Testing

@testable import CommandSupport
@testable import Models
@testable import implicit_diff
@testable import implicit_diff_bench

/// Tables fit a terminal of 80 columns, whatever is in them.
@Suite struct TableTests {
  private func expectFits(_ table: String, _ location: SourceLocation = #_sourceLocation) {
    let lines = table.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count > 1, sourceLocation: location)
    for line in lines { #expect(line.count <= 80, "\(line.count): \(line)", sourceLocation: location) }
  }

  static let outcomes: [Outcome<Double>] = [
    .converged, .fixedIterations, .iterationLimit, .stagnated, .notContracting(factor: 1.234), .singular,
    .indefinite(curvature: -1e-9), .breakdown(.preconditioner), .notFinite(),
  ]

  @Test func methods() {
    let rows = Self.outcomes.map { outcome in
      MethodResult(
        method: Method.aidBiCGSTAB.rawValue, gradient: [1, 2],
        report: DerivativeReport(
          outcome: outcome, method: "", iterations: 1_000_000, products: 20_000_000, residual: 1.234e-100),
        seconds: 98_765.4321)
    }
    expectFits(MethodTable.string(rows, exact: [1, 2]))
  }

  @Test func attacks() {
    expectFits(
      PoisonTable.header + "\n"
        + PoisonTable.row(
          .init(
            step: 1000, validationLoss: 1.23456789e120, validationAccuracy: 1, trainingAccuracy: 1,
            largestShift: 1e100, innerIterations: 1_000_000, support: 1_000_000, seconds: 1)))
  }

  @Test func sweeps() {
    let rows = Self.outcomes.map {
      SweepRow(
        problem: "20000 × 1000", samples: 1, features: 1, support: 1, method: Method.aidBiCGSTAB.rawValue,
        iterations: 1_000_000, products: 2_000_000, error: 1e-100, milliseconds: 123_456.789,
        spreadMilliseconds: 1.2345e-7, runs: 1, gigabytesPerSecond: 0.012345, bandwidthShare: 12.34, outcome: $0.word)
    }
    expectFits(SweepRow.table(rows))
    expectFits(
      NSIDSweep.table(
        Sampling.allCases.map {
          NSIDSweep.Row(
            samples: 100_000, features: 20_000, batch: 10_000, sampling: $0.rawValue, microseconds: 123_456.7,
            spreadMicroseconds: 0.01234, stepsPerSecond: 12_345_678, trafficMicroseconds: 0.01234)
        }))
  }

  @Test func kernels() {
    // The longest names and shapes there are.
    let rows = [("sparse block, column-major", "20000 × 50000 × 16"), ("logistic loss and gradient", "4000000")].map {
      KernelsCommand.Row(
        kernel: $0, shape: $1, microseconds: 123_456.7, gigabytesPerSecond: 123.456, gigaflops: 0.012345, share: 1.5)
    }
    expectFits(KernelsCommand.Row.table(rows))
  }

  @Test func operators() {
    // The longest names there are.
    for (name, sort) in [("L1Norm with quadratic", 0.0123), ("SingularValues of LInfinityBall", nil)] {
      let row = OperatorsCommand.Row(
        operator: name, milliseconds: 12_345.6, value: 1234.5, valueOfSort: sort, linearize: 1234.5, product: 1234.5)
      expectFits(OperatorsCommand.Row.table([row], unit: sort == nil ? "factors" : "copy"))
    }
  }

  @Test func sparseSolvers() {
    let timing = (iterations: -100_000, milliseconds: 123_456.7)
    let row = SparseCommand.Row(
      design: "random 500", support: 8000, ridge: 1e-5, stored: 200_000, met: 1e9, gramEntries: 32_004_000,
      shift: 1.2345e-5, plain: timing, jacobi: timing, incomplete: timing, setup: 12_345.6, product: 0.012345,
      direct: 123_456.7, woodbury: nil)
    expectFits(SparseCommand.Row.iterationTable([row]))
    expectFits(SparseCommand.Row.timeTable([row]))
  }

  /// What the programs print themselves.
  @Test func printedTables() throws {
    let problem = [
      "hypergradient", ReferenceCase.root + "/elastic-net-diabetes", "--lambda1", "2", "--lambda2", "0.1",
    ]
    for arguments in [
      ["info"], problem + ["--method", "all"],
      ["poison", ReferenceCase.root + "/poisoning-digits", "--budget", "0.5", "--steps", "1"],
    ] {
      let result = try Tool.implicitDiff.run(arguments)
      #expect(result.code == 0)
      // OpenBLAS's own line about itself is as long as it is.
      expectFits(result.output.replacing(/BLAS +OpenBLAS.*\n/, with: ""))
    }
  }
}
