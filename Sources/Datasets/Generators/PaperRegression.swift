public import LinAlg
internal import RandomStreams

/// The synthetic regression of the experiments on nonsmooth implicit differentiation (R. Grazzi, M. Pontil, S. Salzo:
/// Nonsmooth Implicit Differentiation, ICML 2024), draw for draw as their public code makes it with NumPy.
///
/// One generator gives w = |N(0, 1)| on the first features, the covariance, X and the noise of y = X w + noise; another,
/// from the same seed, the two splits. The authors round everything to float32 afterwards.
public struct PaperRegression: Sendable, Hashable {
  public var trainCount: Int
  public var validationCount: Int
  public var testCount: Int
  public var features: Int
  /// w is not 0 on the first so many features.
  public var informative: Int
  /// The standard deviation of what is added to X w.
  public var noise: Double
  /// The rank of the informative features' covariance; nil for independent features.
  public var correlatedRank: Int?

  /// - Precondition: samples to train and to validate on, `informative` in `0 ... features`, a positive rank or none,
  ///   and a rank only where there are informative features.
  public init(
    trainCount: Int, validationCount: Int, testCount: Int, features: Int, informative: Int, noise: Double,
    correlatedRank: Int? = nil
  ) {
    precondition(
      trainCount > 0 && validationCount > 0 && testCount >= 0,
      "PaperRegression: \(trainCount), \(validationCount) and \(testCount) samples")
    precondition((0...features).contains(informative), "PaperRegression: \(informative) informative of \(features)")
    precondition(
      correlatedRank.map { $0 > 0 && informative > 0 } ?? true,
      "PaperRegression: rank \(correlatedRank ?? 0) of \(informative) features")
    self.trainCount = trainCount
    self.validationCount = validationCount
    self.testCount = testCount
    self.features = features
    self.informative = informative
    self.noise = noise
    self.correlatedRank = correlatedRank
  }

  /// The comparison of AID and ITD: 100 + 240 + 160 samples of 100 independent features, 30 informative.
  public static let deterministic = PaperRegression(
    trainCount: 100, validationCount: 240, testCount: 160, features: 100, informative: 30, noise: 0.1)

  /// The stochastic elastic net: 10,000 + 24,000 + 16,000 samples of 100 features, 30 informative and correlated.
  public static let stochastic = PaperRegression(
    trainCount: 10_000, validationCount: 24_000, testCount: 16_000, features: 100, informative: 30, noise: 0.01,
    correlatedRank: 30)

  /// The toy figure: 250 + 200 + 50 samples of 30 features, 10 informative and correlated with rank 5.
  public static let toy = PaperRegression(
    trainCount: 250, validationCount: 200, testCount: 50, features: 30, informative: 10, noise: 0.1, correlatedRank: 5)

  /// What a seed gives.
  public struct Sample<Element: Scalar>: Sendable {
    /// What is fitted and what judges the fit.
    public let data: HeldOutData<Element>
    /// What neither has seen, column-major.
    public let testFeatures: Matrix<Element>
    public let testTargets: Vector<Element>
    /// The w that the targets come from.
    public let coefficients: Vector<Element>
  }

  /// Draws the data of a seed, in Double, and rounds them to `Element`.
  ///
  /// What is reproducible where:
  ///
  /// - The coefficients w, the noise y − X w, the splits and, without a `correlatedRank`, X are NumPy's on every processor,
  ///   to about 1e-13 of their size.
  /// - With a `correlatedRank`, X is F times NumPy's normal draws, F Fᵀ = C the covariance. The eigenvalue 1 of C is
  ///   multiple, so F is one of many, and which one LAPACK returns depends on the kernels that the BLAS chose for the
  ///   processor (in NumPy too). The same kernels give the same X on every run; others give another sample of the same
  ///   distribution, with the same xᵀ C⁻¹ x' for any two samples and the same spectrum of XᵀX.
  /// - Where the rank is below `informative`, the directions that have no variance get draws times the root of a rounding
  ///   error, about 1e-8, which are reproducible nowhere.
  ///
  /// - Throws: `FactorizationError` where the singular value decomposition of the covariance fails.
  public func draw<Element: Scalar>(
    seed: UInt32, as: Element.Type = Element.self
  ) throws(FactorizationError) -> Sample<Element> {
    let samples = try PaperSamples(self, seed: seed)
    let (train, validation, test) = split(seed: seed)
    let X = samples.features
    let y = samples.targets
    func rows(_ indices: [Int]) -> Matrix<Element> { Matrix(converting: X.gatheringRows(indices)) }
    func targets(_ indices: [Int]) -> Vector<Element> { Vector(count: indices.count) { Element(y[indices[$0]]) } }
    return Sample(
      data: HeldOutData(
        trainFeatures: rows(train), trainTargets: targets(train), validationFeatures: rows(validation),
        validationTargets: targets(validation)),
      testFeatures: rows(test), testTargets: targets(test), coefficients: Vector(converting: samples.coefficients))
  }

  /// Which samples go where: test and validation off first, then the test samples off those, each by a permutation of a
  /// fresh generator of the seed (scikit-learn's `train_test_split`, called twice with the same integer).
  func split(seed: UInt32) -> (train: [Int], validation: [Int], test: [Int]) {
    let held = validationCount + testCount
    var first = MersenneTwister19937(seed: seed)
    let order = first.permutation(held + trainCount)
    var second = MersenneTwister19937(seed: seed)
    let heldOrder = second.permutation(held).map { order[$0] }
    return (Array(order[held...]), Array(heldOrder[testCount...]), Array(heldOrder[..<testCount]))
  }
}

/// All samples, in the order in which the authors draw them.
private struct PaperSamples {
  let features: Matrix<Double>
  let targets: Vector<Double>
  let coefficients: Vector<Double>

  init(_ parameters: PaperRegression, seed: UInt32) throws(FactorizationError) {
    let count = parameters.trainCount + parameters.validationCount + parameters.testCount
    let p = parameters.features
    var generator = PCG64(seed: UInt64(seed))
    var w = Vector<Double>.zeros(p)
    for j in 0..<parameters.informative { w[j] = abs(generator.nextNormal()) }
    var factor: Matrix<Double>?
    if let rank = parameters.correlatedRank {
      factor = try Self.factor(informative: parameters.informative, rank: rank, features: p, &generator)
    }
    let Z = Matrix<Double>(rows: count, columns: p, layout: .rowMajor) { target in
      for k in 0..<(count * p) { target.initializeElement(at: k, to: generator.nextNormal()) }
    }
    let X = factor.map { Z * $0.transposed } ?? Z
    var y = X * w
    for i in 0..<count { y[i] += parameters.noise * generator.nextNormal() }
    features = X
    targets = y
    coefficients = w
  }

  /// F with F Fᵀ the covariance, features × features: the identity but for the informative block, which is
  /// U diag(s / s₀) Uᵀ with U, s from the singular value decomposition of a uniform informative × rank matrix.
  ///
  /// F is V √t from the decomposition V t Vᵀ of the covariance, not U √(s / s₀): the order and signs of V's columns decide
  /// which draw goes where, and NumPy takes them from LAPACK.
  private static func factor(
    informative n: Int, rank: Int, features p: Int, _ generator: inout PCG64
  ) throws(FactorizationError) -> Matrix<Double> {
    let A = Matrix<Double>(rows: n, columns: rank, layout: .rowMajor) { target in
      for k in 0..<(n * rank) { target.initializeElement(at: k, to: generator.nextUniform()) }
    }
    let svd = try SVD(A)
    let scales = Matrix<Double>(rows: svd.values.count, columns: svd.values.count) {
      $0 == $1 ? svd.values[$0] / svd.values[0] : 0
    }
    let block = svd.u * scales * svd.u.transposed
    var covariance = Matrix<Double>.identity(p)
    for j in 0..<n { for i in 0..<n { covariance[i, j] = block[i, j] } }
    let whole = try SVD(covariance)
    return Matrix(rows: p, columns: p) { whole.u[$0, $1] * whole.values[$1].squareRoot() }
  }
}

extension Matrix {
  /// The rows at the given indices, in their order, column-major.
  fileprivate func gatheringRows(_ indices: [Int]) -> Matrix {
    let (rowStride, columnStride) = layout == .columnMajor ? (1, stride) : (stride, 1)
    let source = base
    let result = Matrix(rows: indices.count, columns: columns, layout: .columnMajor) { target in
      for j in 0..<columns {
        for i in indices.indices {
          let value = source[indices[i] * rowStride + j * columnStride]
          target.initializeElement(at: j * indices.count + i, to: value)
        }
      }
    }
    return withExtendedLifetime(self) { result }
  }
}
