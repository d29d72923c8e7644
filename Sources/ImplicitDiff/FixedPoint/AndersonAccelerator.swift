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
  /// Differences of images and of residuals, one column per step.
  private var imageDifferences: [Vector<Element>]
  private var residualDifferences: [Vector<Element>]
  private let normal: CholeskyWorkspace<Element>
  private var coefficients: Vector<Element>
  private var scales: [Element]

  init(count: Int, memory: Int) {
    precondition(memory >= 1, "AndersonAccelerator: the memory must be at least 1, not \(memory)")
    self.memory = memory
    previousImage = .zeros(count)
    previousResidual = .zeros(count)
    residual = .zeros(count)
    imageDifferences = (0..<memory).map { _ in .zeros(count) }
    residualDifferences = (0..<memory).map { _ in .zeros(count) }
    normal = CholeskyWorkspace(capacity: memory)
    coefficients = .zeros(memory)
    scales = Array(repeating: 0, count: memory)
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
    for i in 0..<filled {
      scales[i] = residualDifferences[i].norm
      if !(scales[i] > 0) { return false }
    }
    // Unused places are filled up by the identity, so that the system keeps its size and nothing is allocated.
    coefficients.fill(0)
    for i in 0..<filled { coefficients[i] = residualDifferences[i].dot(residual) / scales[i] }
    let shift = Element.ulpOfOne.squareRoot()
    do throws(FactorizationError) {
      try normal.factor(count: memory) { N in
        N.fill(0)
        for j in 0..<memory { N[j, j] = 1 }
        for j in 0..<filled {
          for i in j..<filled {
            N[i, j] = residualDifferences[i].dot(residualDifferences[j]) / (scales[i] * scales[j])
          }
          N[j, j] += shift
        }
      }
    } catch { return false }
    normal.solve(&coefficients)
    for i in 0..<filled { coefficients[i] /= scales[i] }
    return coefficients.firstNonFinite == nil
  }
}
