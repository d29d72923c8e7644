public import LinAlg

/// A fixed-point map Φ(w, λ) = G(T(w, λ), λ) whose inner map is a mean over samples, `T = (1/n) Σᵢ T̂ᵢ`: G is evaluated, T
/// is sampled by minibatches.
///
/// Source: Grazzi, Pontil, Salzo, arXiv:2403.11687, section 4.
public protocol CompositeStochasticMap<Element>: FixedPointMap {
  associatedtype Oracle: MinibatchOracle<Element>
  associatedtype OuterLinearization: ImplicitDiff.OuterLinearization<Element>

  /// n, the number of samples.
  var sampleCount: Int { get }

  /// w ← G_η(u, λ), the outer map with its proximal step scaled by η (1 for G itself); `w` may hold anything.
  func applyOuter(
    _ u: Vector<Element>, parameters λ: Vector<Element>, relaxation η: Element, into w: inout Vector<Element>)

  /// Memory for one linearization of G.
  func makeOuterLinearization() -> OuterLinearization

  /// Fixes [B1, B2], an element of the conservative Jacobian of G at (u, λ).
  func linearizeOuter(at u: Vector<Element>, parameters λ: Vector<Element>, into linearization: OuterLinearization)

  /// δⱼ ← a distance by which every coordinate j of u may move, all at once, while [B1, B2] stays the same (p entries); false,
  /// and δ untouched, where none is known. Without it ``NSID`` is planned with full inner passes.
  func outerMargins(at u: Vector<Element>, parameters λ: Vector<Element>, into δ: inout Vector<Element>) -> Bool

  /// T̂ by minibatches, to be pointed at a (w, λ) with ``MinibatchOracle/prepare(at:parameters:)``.
  func makeOracle() -> Oracle
}

extension CompositeStochasticMap {
  public func outerMargins(
    at u: Vector<Element>, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool { false }
}

/// [B1, B2], an element of the conservative Jacobian of an outer map G at (u, λ); B1 is symmetric here (a derivative of a
/// proximal map) or known by its adjoint alone.
public protocol OuterLinearization<Element>: AnyObject {
  associatedtype Element: Scalar
  /// Whether G has a derivative there: false where its value jumps, and then nothing is differentiated.
  var isDefined: Bool { get }
  /// z ← B1ᵀ v.
  func applyStateAdjoint(_ v: Vector<Element>, into z: inout Vector<Element>)
  /// g ← g + α B2ᵀ v, m entries.
  func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
}

extension OuterLinearization {
  public var isDefined: Bool { true }
}

/// T̂_ξ for minibatches ξ of samples at one (w, λ): values and adjoint products, each added to what is there, so that
/// means over several batches and damped recursions need no scratch. Nothing allocates after the first use.
///
/// What is added for a minibatch is the mean over its samples of what is added for each of them alone.
public protocol MinibatchOracle<Element>: AnyObject {
  associatedtype Element: Scalar

  /// Fixes the point at which T̂ is evaluated and linearized.
  func prepare(at w: Vector<Element>, parameters λ: Vector<Element>)

  /// u ← u + α T̂_ξ(w, λ).
  func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>)

  /// x ← x + α ∂₁T̂_ξ(w, λ)ᵀ z.
  func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>)

  /// g ← g + α ∂₂T̂_ξ(w, λ)ᵀ z, m entries.
  func addParametersAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>)

  /// Whether every T̂_ξ that was differentiated since ``prepare(at:parameters:)`` has a derivative there.
  var isDefined: Bool { get }
}

extension MinibatchOracle {
  public var isDefined: Bool { true }
}

/// Some of the samples 0 ..< n, repetitions counted, or all of them.
public struct Minibatch: Sendable {
  /// The indices in use; nil stands for all samples.
  let indices: [Int]?
  /// How many samples.
  public let count: Int

  /// The given samples.
  public init(_ indices: [Int]) {
    self.indices = indices
    count = indices.count
  }

  private init(all n: Int) {
    indices = nil
    count = n
  }

  /// Every one of n samples once.
  public static func all(of n: Int) -> Minibatch { Minibatch(all: n) }

  /// Sample k of the batch.
  public subscript(k: Int) -> Int { indices.map { $0[k] } ?? k }

  /// The indices as an array; nil for all samples.
  public var indexArray: [Int]? { indices }
}
