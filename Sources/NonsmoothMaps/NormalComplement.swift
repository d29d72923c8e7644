public import LinAlg

/// D = I − N Nᵀ for an orthonormal basis N of the normals of the constraints that hold with equality: the derivative of projections on affine sets
/// and polyhedra, and of penalties of differences. B = A⁺ on those constraints, or a column in the range of D.
///
/// R is the rest of the full orthogonal factor of the normals: the products are reflections, O(pk) for k normals.
public final class NormalComplement<Element: Scalar>: ProximalLinearization {
  private let p: Int
  private let m: Int
  private let all: IndexSubset
  private let none: IndexSubset
  private var factor: QR<Element>?
  private var k = 0
  /// Of each normal the parameter that its level is.
  private var parameters: [Int] = []
  /// R⁻ᵀ of the triangular factor of the normals, k × k.
  private var inverse = Matrix<Element>.zeros(0, 0)
  private var reflected: Vector<Element>
  public internal(set) var kinkDistance: Element?
  /// B in the range of D, in the place of levels.
  private var column: Vector<Element>?

  /// - Parameters:
  ///   - p: the number of coordinates.
  ///   - m: that of the parameters.
  public init(count p: Int, parameterCount m: Int) {
    self.p = p
    self.m = m
    all = IndexSubset(Array(0..<p), universe: p)
    none = IndexSubset(universe: p)
    reflected = .zeros(p)
  }

  /// D = I − N Nᵀ and B = A⁺ on the levels of the constraints that hold, O(k³): aᵢᵀx = λ of its parameter.
  ///
  /// - Parameters:
  ///   - normals: the factor of the matrix whose columns are the normals, p × k, linearly independent; nil for none.
  ///   - parameters: k numbers, the parameter of each.
  public func fill(_ normals: QR<Element>?, parameters: [Int], kinkDistance: Element?) {
    precondition(
      normals.map { $0.rows == p && $0.columns == parameters.count } ?? parameters.isEmpty,
      "NormalComplement: \(normals?.columns ?? 0) normals of \(normals?.rows ?? p) entries with \(parameters.count) parameters for \(p) coordinates"
    )
    column = nil
    factor = normals
    self.parameters = parameters
    self.kinkDistance = kinkDistance
    k = parameters.count
    inverse = .zeros(k, k)
    guard let R = normals?.r else { return }
    // Column j of R⁻ᵀ: forward substitution in Rᵀ, which is lower triangular.
    for j in 0..<k {
      for i in j..<k {
        var sum: Element = i == j ? 1 : 0
        for l in j..<i { sum -= R[l, i] * inverse[l, j] }
        inverse[i, j] = sum / R[i, i]
      }
    }
  }

  /// For one parameter with the column B = D b.
  ///
  /// - Parameters:
  ///   - normals: as above.
  ///   - count: k, 0 without normals.
  ///   - b: p entries.
  ///   - kinkDistance: see ``ProximalLinearization/kinkDistance``.
  public func fill(_ normals: QR<Element>?, count: Int = 0, column b: Vector<Element>, kinkDistance: Element? = nil) {
    fill(normals, parameters: Array(repeating: 0, count: count), kinkDistance: kinkDistance)
    var image = Vector<Element>.zeros(p)
    apply(b, into: &image)
    column = image
  }

  /// R⁻ᵀ of the triangular factor of the normals, k × k.
  var inverseTransposed: Matrix<Element> { inverse }

  /// The norm of the multiplier of normal j as a function of what is projected: that of a row of the pseudoinverse.
  func multiplierNorm(_ j: Int) -> Element { inverse.column(j).norm }

  /// ‖A‖ ‖A⁺‖ of the normals A in Frobenius norms, at least their condition, and ‖A⁺‖; 0 without normals.
  var condition: (number: Element, inverse: Element) {
    guard k > 0, let R = factor?.r else { return (0, 0) }
    return (R.frobeniusNorm * inverse.frobeniusNorm, inverse.frobeniusNorm)
  }

  public var rank: Int { p - k }
  public var active: IndexSubset { rank == 0 ? none : all }
  public var isMask: Bool { k == 0 || rank == 0 }
  public var isProjection: Bool { true }
  public var parametersLieInRange: Bool { k == 0 || m == 0 || column != nil }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    if isMask { return z.copy(from: x) }
    reflected.copy(from: x)
    factor!.applyQAdjoint(&reflected)
    for i in k..<p { z[i - k] = reflected[i] }
  }

  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) {
    if isMask { return x.copy(from: z) }
    for i in 0..<p { x[i] = i < k ? 0 : z[i - k] }
    factor!.applyQ(&x)
  }

  /// B = N R⁻ᵀ on the parameters of the normals.
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    if let column { return x.add(μ[0], column) }
    guard k > 0, m > 0, let factor else { return }
    var column = Vector<Element>.zeros(p)
    for j in 0..<k { for i in j..<k { column[i] += inverse[i, j] * μ[parameters[j]] } }
    factor.applyQ(&column)
    x.add(1, column)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    if let column { return g[0] += α * column.dot(v) }
    guard k > 0, m > 0, let factor else { return }
    reflected.copy(from: v)
    factor.applyQAdjoint(&reflected)
    for j in 0..<k {
      var sum: Element = 0
      for i in j..<k { sum += inverse[i, j] * reflected[i] }
      g[parameters[j]] += α * sum
    }
  }
}
