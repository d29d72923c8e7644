import LinAlg

/// Anderson's acceleration of a fixed-point iteration (type II): the next iterate is the combination of the last images
/// whose combined residual is smallest.
///
/// The least-squares problem over the residual differences is solved by its normal equations, scaled to a unit diagonal
/// and shifted by √ε: with at most a handful of columns that costs memory · p, and the shift bounds the coefficients
/// where the differences are nearly dependent. A step after which the residual has grown is taken back: the plain image
/// takes its place and the memory is emptied. So on a contraction the accepted residuals never grow, and the method
/// converges wherever the plain iteration does.
///
/// Source: Walker, Ni, *Anderson acceleration for fixed-point iterations*, SIAM J. Numer. Anal. 49 (2011).
struct AndersonAccelerator<Element: Scalar> {
  private let memory: Int
  private var filled = 0
  private var next = 0
  private var previousImage: Vector<Element>
  private var previousResidual: Vector<Element>
  private var hasPrevious = false
  /// The residual of the last iterate that was accepted.
  private(set) var acceptedResidual = Element.infinity
  private var isAccelerated = false
  private var residual: Vector<Element>
  /// Differences of images and of residuals, one column a step.
  private var imageDifferences: [Vector<Element>]
  private var residualDifferences: [Vector<Element>]
  private var normal: [Element]
  private var coefficients: [Element]
  private var scales: [Element]

  init(count: Int, memory: Int) {
    precondition(memory >= 1, "AndersonAccelerator: the memory must be at least 1, not \(memory)")
    self.memory = memory
    previousImage = .zeros(count)
    previousResidual = .zeros(count)
    residual = .zeros(count)
    imageDifferences = (0..<memory).map { _ in .zeros(count) }
    residualDifferences = (0..<memory).map { _ in .zeros(count) }
    normal = Array(repeating: 0, count: memory * memory)
    coefficients = Array(repeating: 0, count: memory)
    scales = coefficients
  }

  /// w ← the next iterate, from w and its image Φ(w); false where w was rejected because an accelerated step had made the
  /// residual grow, and the plain image of the iterate before takes its place.
  mutating func step(from w: inout Vector<Element>, image: Vector<Element>, residual norm: Element) -> Bool {
    if isAccelerated && norm > acceptedResidual {
      filled = 0
      next = 0
      isAccelerated = false
      hasPrevious = false
      w.copy(from: previousImage)
      return false
    }
    residual.assign(1, image, -1, w)
    if hasPrevious {
      imageDifferences[next].assign(1, image, -1, previousImage)
      residualDifferences[next].assign(1, residual, -1, previousResidual)
      next = (next + 1) % memory
      filled = min(filled + 1, memory)
    }
    acceptedResidual = norm
    previousImage.copy(from: image)
    previousResidual.copy(from: residual)
    hasPrevious = true
    w.copy(from: image)
    isAccelerated = false
    guard filled > 0, solveNormalEquations() else { return true }
    for k in 0..<filled { w.add(-coefficients[k], imageDifferences[k]) }
    isAccelerated = w.firstNonFinite == nil
    if !isAccelerated { w.copy(from: image) }
    return true
  }

  /// Coefficients γ minimizing ‖residual − Σ γ_k ΔF_k‖; false where a difference vanishes or the system is singular.
  private mutating func solveNormalEquations() -> Bool {
    let m = filled
    for i in 0..<m {
      for j in 0...i { normal[i * memory + j] = residualDifferences[i].dot(residualDifferences[j]) }
    }
    for i in 0..<m where normal[i * memory + i] <= 0 { return false }
    for i in 0..<m { scales[i] = normal[i * memory + i].squareRoot() }
    let shift = Element.ulpOfOne.squareRoot()
    for i in 0..<m {
      for j in 0...i {
        normal[i * memory + j] /= scales[i] * scales[j]
        if i == j { normal[i * memory + j] += shift }
      }
    }
    for i in 0..<m { coefficients[i] = residualDifferences[i].dot(residual) / scales[i] }
    // Cholesky in place, m ≤ memory.
    for j in 0..<m {
      for k in 0..<j {
        for i in j..<m { normal[i * memory + j] -= normal[i * memory + k] * normal[j * memory + k] }
      }
      guard normal[j * memory + j] > 0 else { return false }
      let pivot = normal[j * memory + j].squareRoot()
      for i in j..<m { normal[i * memory + j] /= pivot }
    }
    for i in 0..<m {
      for k in 0..<i { coefficients[i] -= normal[i * memory + k] * coefficients[k] }
      coefficients[i] /= normal[i * memory + i]
    }
    for i in stride(from: m - 1, through: 0, by: -1) {
      for k in (i + 1)..<max(m, i + 1) { coefficients[i] -= normal[k * memory + i] * coefficients[k] }
      coefficients[i] /= normal[i * memory + i]
    }
    for i in 0..<m { coefficients[i] /= scales[i] }
    return coefficients[..<m].allSatisfy(\.isFinite)
  }
}
