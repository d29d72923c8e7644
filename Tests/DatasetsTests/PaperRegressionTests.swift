import Datasets
import LinAlg
import Testing

/// Against NumPy 2.4.6, whose numbers these are:
///
///     import numpy as np
///     def draw(seed, ntr, nval, nte, p, ninf, noise, rank=None):
///       rng = np.random.default_rng(seed)
///       w = np.zeros(p); w[:ninf] = abs(rng.standard_normal(ninf)); cov = np.eye(p)
///       if rank:
///         U, e, _ = np.linalg.svd(rng.random((ninf, rank)), full_matrices=True)
///         e2 = np.zeros(ninf); e2[:len(e)] = e / e.max(); cov[:ninf, :ninf] = U @ np.diag(e2) @ U.T
///       n = ntr + nval + nte
///       X = rng.multivariate_normal(np.zeros(p), cov, n); y = X @ w + noise * rng.standard_normal(n)
///       o = np.random.RandomState(seed).permutation(n); h = o[:nval + nte]; tr = o[nval + nte:]
///       q = np.random.RandomState(seed).permutation(nval + nte); te = h[q[:nte]]; va = h[q[nte:]]
///       for i in (tr, va, te):
///         k = np.arange(1, len(i) + 1); c = np.arange(1, p + 1)
///         print(X[i[0], :3], y[i[:2]], k @ X[i] @ c, k @ y[i], k @ abs(X[i]) @ c, k @ abs(y[i]))
///
/// The weighted sums Σ i j Xᵢⱼ and Σ i yᵢ notice every number and every exchange of two.
@Suite struct PaperRegressionTests {
  struct Part: Sendable {
    let first: [Double]
    let targets: [Double]
    let sums: [Double]
    let scales: [Double]
  }

  struct Case: Sendable {
    let regression: PaperRegression
    let seed: UInt32
    /// How far normals may be off, as a part of their size.
    let tolerance: Double
    let parts: [Part]
    let coefficients: [Double]
    let coefficientSum: Double
  }

  static let small = PaperRegression(
    trainCount: 40, validationCount: 30, testCount: 20, features: 12, informative: 5, noise: 0.01, correlatedRank: 5)

  // Normals agree to 1e-13 of their size; the covariance's factor adds its condition, √(s₀ / s₄) below 10², in ulps.
  static let cases = [
    Case(
      regression: .deterministic, seed: 3, tolerance: 1e-13,
      parts: [
        Part(
          first: [-0.44674891163209257, -1.2165982952729288, -1.834147061754303],
          targets: [-0.6971261932309192, 3.684643163223068], sums: [350602.680427229, 1950.9626856683797],
          scales: [20258712.312623408, 21763.069950406494]),
        Part(
          first: [-0.7966882960349078, 0.9941789669925654, 0.1216713784513916],
          targets: [6.988357200076356, -4.337225152922235], sums: [-83770.50766466637, 3831.217491356564],
          scales: [117049179.06376323, 137064.75471857667]),
        Part(
          first: [1.5901405016589882, -0.18657794104506517, 0.5200220134201243],
          targets: [-0.13930588122951185, 0.5121379477072532], sums: [-839535.1624660855, 2024.389253194876],
          scales: [51812692.15525945, 63133.4276933934]),
      ], coefficients: [2.0409191213851825, 2.5556650313141818, 0.41809884672577885], coefficientSum: 24.33695211057988),
    Case(
      regression: small, seed: 0, tolerance: 1e-12,
      parts: [
        Part(
          first: [-0.6038614606349745, 0.2584506992124592, -0.5683673265451563],
          targets: [-0.785082980188233, -0.9060861182073217], sums: [-8136.568889719369, 68.73049033101964],
          scales: [45473.30371561354, 422.05816926088187]),
        Part(
          first: [0.30911516323514543, 0.3440241373060504, 0.6296228421483263],
          targets: [1.0176242138297837, 1.3422603686064885], sums: [-2784.8304821922993, -58.30876367187493],
          scales: [23962.77996083136, 249.31947287062087]),
        Part(
          first: [-0.5317068340623384, -0.5689077133260791, -0.04177698862371927],
          targets: [-0.08188097282515648, -0.24763412974245252], sums: [-459.2430881825274, -29.148701060390138],
          scales: [11245.717749531897, 83.68418121052237]),
      ], coefficients: [0.1257302210933933, 0.1321048632913019, 0.6404226504432821], coefficientSum: 1.538827225142128),
    Case(
      regression: small, seed: 1, tolerance: 1e-12,
      parts: [
        Part(
          first: [0.6565897303378239, 0.03578960209091862, 0.46911263694477473],
          targets: [1.1899568820357247, 3.477398803262659], sums: [-463.90285341240684, 196.7834478800342],
          scales: [47126.62897515728, 1153.0869059507843]),
        Part(
          first: [0.10554227647886817, 0.08279072718426136, -0.7336519358663476],
          targets: [-1.1463509452187912, 0.8290267116003969], sums: [-2658.0079780708406, 302.3857330781381],
          scales: [30068.594210422027, 689.59616885608]),
        Part(
          first: [-0.2290754816691365, -0.17522509898456548, -0.5749107406489269],
          targets: [-1.006720286775728, 1.248537667019183], sums: [-1415.3689112835493, 41.47769800634962],
          scales: [12164.107885122272, 390.14107266342086]),
      ], coefficients: [0.345584192064786, 0.8216181435011584, 0.33043707618338714], coefficientSum: 3.7061525100268105),
  ]

  @Test(arguments: cases) func drawsAreNumPys(item: Case) throws {
    let sample = try item.regression.draw(seed: item.seed, as: Double.self)
    let parts = [
      (sample.data.trainFeatures, sample.data.trainTargets),
      (sample.data.validationFeatures, sample.data.validationTargets),
      (sample.testFeatures, sample.testTargets),
    ]
    // Magnitudes of X and w are below 8; a target sums 30 products of both.
    for ((X, y), expected) in zip(parts, item.parts) {
      for j in 0..<3 { #expect(abs(X[0, j] - expected.first[j]) <= 8 * item.tolerance) }
      for i in 0..<2 { #expect(abs(y[i] - expected.targets[i]) <= 30 * 64 * item.tolerance) }
      var (features, targets) = (0.0, 0.0)
      for i in 0..<X.rows {
        for j in 0..<X.columns { features += Double((i + 1) * (j + 1)) * X[i, j] }
        targets += Double(i + 1) * y[i]
      }
      // The scales are the sums of magnitudes; a hundred tolerances cover what the additions round.
      #expect(abs(features - expected.sums[0]) <= 100 * item.tolerance * expected.scales[0])
      #expect(abs(targets - expected.sums[1]) <= 100 * item.tolerance * expected.scales[1])
    }
    for j in 0..<3 { #expect(abs(sample.coefficients[j] - item.coefficients[j]) <= 8 * 1e-13) }
    #expect(abs(sample.coefficients.reduce(0, +) - item.coefficientSum) <= 30 * 8 * 1e-13)
  }

  @Test func shapesAndPrecisionAreThoseAskedFor() throws {
    let double = try Self.small.draw(seed: 0, as: Double.self)
    let float = try Self.small.draw(seed: 0, as: Float.self)
    #expect(float.data.trainFeatures == Matrix(converting: double.data.trainFeatures))
    #expect(float.testTargets == Vector(converting: double.testTargets))
    #expect(double.data.trainFeatures.rows == 40 && double.data.validationFeatures.rows == 30)
    #expect(double.testFeatures.rows == 20 && double.testFeatures.columns == 12)
    #expect(double.coefficients.dropFirst(5).allSatisfy { $0 == 0 })
  }

  /// Where the covariance has rank 5 of 10, NumPy's and our rounding errors (about 1e-17 of variance) both leave draws of
  /// about 1e-8 in the other directions. Command above, draw(42, 250, 200, 50, 30, 10, .1, 5).
  @Test func theRankDeficientToyAgreesToTheRootOfRounding() throws {
    let sample = try PaperRegression.toy.draw(seed: 42, as: Double.self)
    for (j, value) in [-0.1384737340287262, 0.8144675933891325, -0.058624219326487634].enumerated() {
      #expect(abs(sample.data.trainFeatures[0, j] - value) < 1e-6)
    }
    #expect(abs(sample.data.trainTargets[1] - -3.54997333959834) < 1e-5)
    #expect(abs(sample.coefficients.reduce(0, +) - 7.602859874297489) < 1e-12)
  }
}
