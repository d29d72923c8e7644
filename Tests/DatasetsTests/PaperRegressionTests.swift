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

  // Normals agree to 1e-13 of their size.
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
      ], coefficients: [2.0409191213851825, 2.5556650313141818, 0.41809884672577885], coefficientSum: 24.33695211057988)
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

  /// What NumPy's draws with a correlated block are, up to the basis of the covariance's eigenvectors, which is LAPACK's
  /// choice (the eigenvalue 1 is multiple) and differs between the kernels of one BLAS: with x = F z and F Fᵀ = C,
  /// xᵀ C⁻¹ x' = zᵀ z' whatever F, and y − X w is the noise. To the lines above:
  ///
  ///     G = X[i] @ np.linalg.inv(cov) @ X[i].T; e = y[i] - X[i] @ w
  ///     print(G[0, 0], G[0, 1], G[-1, 0], k @ G @ k, e[0], e[1], k @ e)
  struct CorrelatedCase: Sendable {
    let seed: UInt32
    /// The rows of the lower triangle of C's informative block.
    let covariance: [[Double]]
    let parts: [[Double]]
  }

  static let correlatedCases = [
    CorrelatedCase(
      seed: 0,
      covariance: [
        [0.40542743634046996], [0.23147514679745743, 0.36714779298676137],
        [0.15358006168517663, 0.05027230763399652, 0.2375382084292764],
        [0.13433018087620446, 0.09732178734457402, 0.06628066885293976, 0.27967739768875],
        [0.2543683422266818, 0.12523627426128706, 0.24995869323323625, 0.1760939870753002, 0.4010750855618999],
      ],
      parts: [
        [
          11.531621979429458, 0.12544871402605653, -1.7286846471993986, 493413.79824495624, 0.012012040074761643,
          -0.004427738728469799, -1.154513639077972,
        ],
        [
          11.88286834095995, -1.3319570714276925, 6.258500640916156, 49291.75535393704, -0.004785274111107185,
          0.017983844201385546, 0.9949454346439834,
        ],
        [
          10.848581000558195, -4.986589047445941, -3.5453642715592375, 11468.724457331153, -0.008247636939365033,
          -0.00796591882826203, -0.42346207142274384,
        ],
      ]),
    CorrelatedCase(
      seed: 1,
      covariance: [
        [0.3419971355475693], [0.21340430924807052, 0.31928795750437367],
        [0.07066540814075377, 0.10242298257606096, 0.16321362542877837],
        [0.12186801556491336, 0.25453730202898445, 0.13282595265920905, 0.49520683732246473],
        [0.09997219838211467, 0.13897711935195903, 0.10848200644635964, 0.23623850780874103, 0.41400583037893945],
      ],
      parts: [
        [
          7.889553949768201, 2.240262921422618, -1.2803080230417139, 268235.46256694937, 0.004324882290855703,
          0.001883116085626746, 0.14517332992920806,
        ],
        [
          8.008350848597646, 1.657684616702542, -1.5130384783513733, 170470.64623503297, 0.003129104821226747,
          0.008958261466530892, 0.5593198433534612,
        ],
        [
          4.68978365857472, -0.6806614958901489, 0.5203456112356596, 32005.763409123832, 0.01115955568793292,
          -0.0015814847037971536, 0.4310233052134276,
        ],
      ]),
  ]

  @Test(arguments: correlatedCases) func correlatedDrawsAreNumPysUpToTheBasis(item: CorrelatedCase) throws {
    let sample = try Self.small.draw(seed: item.seed, as: Double.self)
    var C = Matrix<Double>.identity(12)
    for (i, row) in item.covariance.enumerated() { for (j, value) in row.enumerated() { C[i, j] = value } }
    let factor = try Cholesky(C)
    func form(_ x: Vector<Double>, _ y: Vector<Double>) -> Double {
      var z = x
      factor.solve(&z)
      return z.dot(y)
    }
    let parts = [
      (sample.data.trainFeatures, sample.data.trainTargets),
      (sample.data.validationFeatures, sample.data.validationTargets),
      (sample.testFeatures, sample.testTargets),
    ]
    for ((X, y), expected) in zip(parts, item.parts) {
      let weights = Vector<Double>(count: X.rows) { Double($0 + 1) }
      let (first, second, last) = (X.row(0), X.row(1), X.row(X.rows - 1))
      let sum = X.transposed * weights
      // C has a condition number below 25, so a form is good to about 25 · 12 · 12 ulps of the product of its sides' sizes.
      for (a, b, value) in [
        (first, first, expected[0]), (first, second, expected[1]), (last, first, expected[2]), (sum, sum, expected[3]),
      ] {
        #expect(abs(form(a, b) - value) <= 25 * 144 * .ulpOfOne * (form(a, a) * form(b, b)).squareRoot())
      }
      let noise = y - X * sample.coefficients
      // Targets are below 30; the noise is what they leave of 13 terms, in two computations.
      let rounding = 2 * 13 * 30 * Double.ulpOfOne
      #expect(abs(noise[0] - expected[4]) <= rounding && abs(noise[1] - expected[5]) <= rounding)
      #expect(abs(noise.dot(weights) - expected[6]) <= rounding * weights.reduce(0, +))
    }
  }

  /// Where the covariance has rank 5 of 10, rounding errors (about 1e-17 of variance) leave draws of about 1e-8 in the other
  /// directions. Commands above, draw(42, 250, 200, 50, 30, 10, .1, 5).
  @Test func theRankDeficientToyHasItsRankAndItsNoise() throws {
    let sample = try PaperRegression.toy.draw(seed: 42, as: Double.self)
    let singular = try SVD(sample.data.trainFeatures[columns: 0..<10].packed(as: .columnMajor)).values
    #expect(singular[4] > 1e-2 * singular[0] && singular[5] <= 1e-6 * singular[0], "\(singular)")
    let noise = sample.data.trainTargets - sample.data.trainFeatures * sample.coefficients
    // Targets are below 30; the noise is what they leave of 31 terms, in two computations.
    let rounding = 2 * 31 * 30 * Double.ulpOfOne
    #expect(abs(noise[0] - 0.014776756248406464) <= rounding && abs(noise[1] - -0.07609134798075168) <= rounding)
    let weights = Vector<Double>(count: noise.count) { Double($0 + 1) }
    #expect(abs(noise.dot(weights) - -42.13460990996473) <= rounding * weights.reduce(0, +))
    #expect(abs(sample.coefficients.reduce(0, +) - 7.602859874297489) < 1e-12)
  }
}
