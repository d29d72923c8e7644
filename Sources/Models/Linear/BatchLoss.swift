import ImplicitDiff
import LinAlg

/// f_ξ, the loss on some of the rows: its gradient and Hessian products.
struct BatchLoss<Loss: SmoothLoss> {
  typealias Element = Loss.Element
  private let loss: Loss
  private var scores = Vector<Element>.zeros(0)
  private var targets = Vector<Element>.zeros(0)
  private var coefficients = Vector<Element>.zeros(0)
  private var images = Vector<Element>.zeros(0)

  init(_ loss: Loss) { self.loss = loss }

  /// g ← g + scale ∇f_ξ(w).
  mutating func addGradient(_ ξ: Minibatch, at w: Vector<Element>, scale: Element, to g: inout Vector<Element>) {
    if !scale.isModerate {
      var plain = Vector<Element>.zeros(g.count)
      let root = scale.magnitude.squareRoot()
      addGradient(ξ, at: w, scale: root, to: &plain)
      g.add(scale < 0 ? -root : root, plain)
      return
    }
    let mean = scale / Element(ξ.count)
    if isPlainQuadratic {
      loss.features.addRowGrams(rows: ξ.indexArray, w, targets: loss.targets, scale: mean, to: &g)
      return
    }
    loadScores(ξ, w)
    _ = Loss.value(scores: scores, targets: targets, residuals: &coefficients)
    scaleByWeights(ξ)
    loss.features.addRows(ξ.indexArray, coefficients, scale: -mean, to: &g)
  }

  /// y ← y + scale ∇²f_ξ(w) x.
  mutating func addHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, _ x: Vector<Element>, scale: Element, to y: inout Vector<Element>
  ) {
    if !scale.isModerate {
      var plain = Vector<Element>.zeros(y.count)
      let size = x.powerOfTwo
      addHessianProduct(ξ, at: w, (1 / size) * x, scale: 1, to: &plain)
      plain.scale(by: scale)
      y.add(size, plain)
      return
    }
    let mean = scale / Element(ξ.count)
    if isPlainQuadratic {
      loss.features.addRowGrams(rows: ξ.indexArray, x, targets: nil, scale: mean, to: &y)
      return
    }
    loadScores(ξ, w)
    Loss.curvatures(scores: scores, targets: targets, into: &coefficients)
    scaleByWeights(ξ)
    loss.features.multiply(rows: ξ.indexArray, x, into: &images)
    coefficients.scale(by: images)
    loss.features.addRows(ξ.indexArray, coefficients, scale: mean, to: &y)
  }

  private mutating func loadScores(_ ξ: Minibatch, _ w: Vector<Element>) {
    if scores.count != ξ.count {
      scores = .zeros(ξ.count)
      targets = .zeros(ξ.count)
      coefficients = .zeros(ξ.count)
      images = .zeros(ξ.count)
    }
    loss.features.multiply(rows: ξ.indexArray, w, into: &scores)
    for k in 0..<ξ.count { targets[k] = loss.targets[ξ[k]] }
    if let offsets = loss.samples.offsets { for k in 0..<ξ.count { scores[k] += offsets[ξ[k]] } }
  }

  /// Whether rows need only be multiplied with.
  private var isPlainQuadratic: Bool { loss.linearTerm != nil && loss.samples.isPlain }

  private mutating func scaleByWeights(_ ξ: Minibatch) {
    if let weights = loss.samples.weights { for k in 0..<ξ.count { coefficients[k] *= weights[ξ[k]] } }
  }
}
