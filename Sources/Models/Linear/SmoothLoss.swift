public import LinAlg

/// The smooth part of a penalized linear model: `f(w) = F(X w)`, `F(z) = (1/n) Σᵢ ℓ(zᵢ, yᵢ)`, X n × p, ℓ convex in the
/// score zᵢ; with weights and offsets of the samples (``SampleTerms``) `(1/n) Σᵢ cᵢ ℓ(zᵢ + oᵢ, yᵢ)`, c of mean 1.
///
/// The Hessian is XᵀDX/n with D = diag(ℓ″): see ``DesignHessian``. Everything else that the map and the solver need is said
/// in the space of the scores, where it costs n.
public protocol SmoothLoss<Element>: DesignLoss {
  /// - Precondition: as many targets as rows, and at least one row; weights and offsets, where there are any, for each.
  init(features: any DesignMatrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element>)

  /// The weights and offsets of the samples; offsets of a quadratic loss are part of its targets.
  var samples: SampleTerms<Element> { get }

  /// A bound on ℓ″ over all scores: 1 for the squared error, ¼ for the logistic loss.
  static var curvatureBound: Element { get }
  /// A bound on |ℓ‴| over all scores.
  static var curvatureLipschitzConstant: Element { get }

  /// F(z) for the targets y; r ← −ℓ′(z, y), n entries.
  static func value(scores z: Vector<Element>, targets y: Vector<Element>, residuals r: inout Vector<Element>)
    -> Element
  /// The same with every sample's term times its weight.
  static func value(
    scores z: Vector<Element>, targets y: Vector<Element>, weights c: Vector<Element>,
    residuals r: inout Vector<Element>
  ) -> Element
  /// d ← ℓ″(z, y), n entries.
  static func curvatures(scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>)
  /// d ← ℓ‴(z, y), n entries; false, and d undefined, where it is not known. Second derivatives of reduced objectives need it.
  static func curvatureDerivatives(
    scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>
  ) -> Bool
  /// A bound on ‖r‖'s rounding error (Euclidean), for residuals computed at scores that are off by `scoreError`.
  static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element
  /// −F*(−c r/n) for the residuals r at some scores and 0 ≤ c ≤ 1: what a dual point gives.
  static func dualValue(residuals r: Vector<Element>, targets y: Vector<Element>, scale c: Element) -> Element
  /// The same for residuals that are weights (n entries, at least 0) times those of ℓ: −(1/n) Σ weightᵢ ℓ*(−c rᵢ/weightᵢ).
  static func dualValue(
    residuals r: Vector<Element>, targets y: Vector<Element>, weights: Vector<Element>, scale c: Element
  ) -> Element

  /// Bounds on the eigenvalues of ∇²f(w) over all w.
  var spectrum: (smallest: Element, largest: Element) { get }
  /// f(w).
  func value(at w: Vector<Element>) -> Element
  /// g ← ∇f(w).
  func gradient(at w: Vector<Element>, into g: inout Vector<Element>)
  /// H ← ∇²f(w), g ← ∇f(w).
  func linearize(at w: Vector<Element>, into H: DesignHessian<Element>, gradient g: inout Vector<Element>)
  /// H ← ∇²f(w), reading only the columns of X at which w is not zero.
  func fillHessian(at w: Vector<Element>, support: IndexSubset, into H: DesignHessian<Element>)

  /// How large the terms are that make up ∇f(w), in norm: rounding errors of ∇f(w) are measured by it.
  func gradientMagnitude(at w: Vector<Element>) -> Element

  /// Decides now how products with the Hessian are made, where that would else be learnt from how many there are: a sequence of solves then gives
  /// the same bits when it is begun in the middle.
  func fixProducts()

  /// See `KeepsProducts`.
  var keptColumns: [[Int]] { get set }
}

extension SmoothLoss {
  /// Not known.
  public static func curvatureDerivatives(
    scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>
  ) -> Bool { false }

  public func fixProducts() {}

  /// Nothing is kept: the Hessian differs from point to point.
  public var keptColumns: [[Int]] {
    get { [] }
    set {}
  }

  /// f(0) less the least value of F, which is −F*(0): by how much f can fall from there.
  var excessAtZero: Element {
    let scores = Vector<Element>.zeros(sampleCount)
    var residuals = scores
    let value = value(scores: scores, residuals: &residuals)
    return value - dualValue(scores: scores, residuals: residuals, scale: 0)
  }

  public init(features: any DesignMatrix<Element>, targets: Vector<Element>) {
    self.init(features: features, targets: targets, samples: .none)
  }

  /// Dense features; a row-major matrix is copied once.
  public init(features: Matrix<Element>, targets: Vector<Element>) {
    self.init(features: DenseDesign(features), targets: targets)
  }

  static func requireFit(_ features: any DesignMatrix<Element>, _ targets: Vector<Element>) {
    precondition(
      features.rows == targets.count && features.rows > 0,
      "\(Self.self): \(features.rows) × \(features.columns) features with \(targets.count) targets")
  }
}
