import LinAlg
import Testing

@testable import ImplicitDiff

/// The model of costs decides on numbers alone: nothing here is timed.
@Suite struct AdjointSolverChoiceTests {
  /// Dense data of n samples.
  private static func dense(_ n: Double, _ s: Double, word: Double = 8) -> AdjointCosts {
    AdjointCosts(assemblyMultiplications: n * s * s / 2, productBytes: word * n * s)
  }

  private static func choice(_ costs: AdjointCosts, _ s: Int, isDouble: Bool = true) -> AdjointSolverChoice {
    AdjointSolverChoice.choose(costs, support: s, rightHandSides: 1, hasSingle: true, isDouble: isDouble)
  }

  @Test(arguments: [20, 60, 100]) func smallSupportsAreFactored(_ s: Int) {
    #expect(Self.choice(Self.dense(2000, Double(s)), s) == .direct)
  }

  /// A factor costs s/2 multiplications an entry, a product two: it grows with the support alone.
  @Test(arguments: [1000.0, 4000, 20_000]) func largeSupportsTryConjugateGradientFirst(_ n: Double) {
    #expect(Self.choice(Self.dense(n, 1200), 1200) == .conjugateGradient)
  }

  /// Half the arithmetic of a factor in single precision is counted: what undercuts it has to be half as dear.
  @Test func singlePrecisionHalvesTheFactor() {
    let costs = Self.dense(4000, 992)
    let single = AdjointSolverChoice.productsOfFactor(costs, support: 992, isDouble: true)
    let full = AdjointSolverChoice.productsOfFactor(
      AdjointCosts(
        assemblyMultiplications: 2 * costs.assemblyMultiplications, productBytes: 2 * costs.productBytes),
      support: 992, isDouble: true)
    // Both sides of the ratio scale with the samples, but for the factorization and the overhead of a call.
    #expect(single > full && single < 1.3 * full)
  }

  /// With several right-hand sides a factor is made once.
  @Test func aFactorServesManyRightHandSides() {
    let many = AdjointSolverChoice.choose(
      Self.dense(4000, 992), support: 992, rightHandSides: 50, hasSingle: true, isDouble: true)
    #expect(many == .direct)
  }

  /// No factor beyond the largest, whatever a product costs.
  @Test func hugeSupportsAreNeverFactored() {
    let s = AdjointSolverChoice.Rates.largestFactor + 1
    #expect(AdjointSolverChoice.productsOfFactor(Self.dense(1e5, Double(s)), support: s, isDouble: true) == .infinity)
    #expect(Self.choice(Self.dense(1e5, Double(s)), s) == .conjugateGradient)
  }

  /// An assembled Gram matrix costs a copy.
  @Test func aGramMatrixThatIsThereIsFactored() {
    let costs = AdjointCosts(assemblyMultiplications: 300 * 300, productBytes: 8 * 1e5 * 300)
    #expect(Self.choice(costs, 300) == .direct)
  }
}
