internal import LinAlg

/// A symmetric linear map that a tape was recognised to apply: `Σ cₖ Xₖᵀ diag(dₖ) Xₖ + diag(δ) + ρ I`, its coefficients nodes of the tape that depend on
/// the point alone.
struct HessianForm<Element: Scalar> {
  /// c Xᵀ diag(d) X.
  struct Gram {
    /// X, n × p.
    let features: any DesignMatrix<Element>
    /// c, a number.
    let coefficient: Int
    /// d, n entries; nil for ones.
    let weights: Int?
  }

  var grams: [Gram] = []
  /// δ, p entries; nil for zeros.
  var diagonal: Int?
  /// ρ, a number; nil for zero.
  var shift: Int?

  var nodes: [Int] {
    grams.flatMap { [$0.coefficient] + ($0.weights.map { [$0] } ?? []) } + [diagonal, shift].compactMap { $0 }
  }

  /// Whether bounds by the spectra of its designs are eigenvalues: one design, a number before it, and nothing that depends on w.
  func hasExactBounds(on tape: Tape<Element>) -> Bool {
    let parameters = UInt8(1 << FunctionInput.parameters)
    return diagonal == nil && grams.count <= 1 && grams.allSatisfy { $0.weights == nil }
      && nodes.allSatisfy { tape.sources($0) & ~parameters == 0 }
  }

  /// In words, for example `X0ᵀ D X0 + ρ I`.
  var text: String {
    var parts = grams.indices.map { "c Xᵀ\(grams[$0].weights == nil ? "" : " D") X (\(grams[$0].features.rows) rows)" }
    if diagonal != nil { parts.append("diag(δ)") }
    if shift != nil { parts.append("ρ I") }
    return parts.isEmpty ? "0" : parts.joined(separator: " + ")
  }
}

/// Finds the form of a node that is linear in an input, by following every path from the one to the other.
struct FormRecognizer<Element: Scalar> {
  /// One path: a product of constants, numbers, diagonals and at most Xᵀ · X.
  private struct Path {
    var constant: Element = 1
    var numbers: [Int] = []
    /// Diagonals outside of Xᵀ · X, or of a path without it.
    var outer: [Int] = []
    /// Diagonals between Xᵀ and X.
    var inner: [Int] = []
    var design: (index: Int, transposed: Bool)?
    var isClosed = false
  }

  private let tape: Tape<Element>
  private let input: Int
  private let bit: UInt8
  private var paths: [Path] = []

  /// - Returns: nil where the node is not of the form.
  static func form(of node: Int, linearIn input: Int, on tape: Tape<Element>) -> HessianForm<Element>? {
    var recognizer = FormRecognizer(tape, input)
    guard tape.shape(input).isVector, recognizer.walk(node, Path()) else { return nil }
    return recognizer.collected()
  }

  private init(_ tape: Tape<Element>, _ input: Int) {
    self.tape = tape
    self.input = input
    bit = tape.sources(input)
  }

  private func depends(_ k: Int) -> Bool { tape.sources(k) & bit != 0 }

  private mutating func walk(_ k: Int, _ path: Path) -> Bool {
    var path = path
    if k == input {
      guard path.design == nil || path.isClosed else { return false }
      paths.append(path)
      return true
    }
    let node = tape.nodes[k]
    // More paths than this no sum written by hand has.
    guard node.shape.isVector, paths.count < 64 else { return false }
    if !depends(k) { if case .filled(0) = node.operation { return true } else { return false } }
    switch node.operation {
    case .scaled(let α):
      path.constant *= α
      return walk(node.operands[0], path)
    case .combine(let α, let β):
      var second = path
      path.constant *= α
      second.constant *= β
      return walk(node.operands[0], path) && walk(node.operands[1], second)
    case .scale:
      guard !depends(node.operands[0]) else { return false }
      path.numbers.append(node.operands[0])
      return walk(node.operands[1], path)
    case .times:
      let (a, b) = (node.operands[0], node.operands[1])
      guard depends(a) != depends(b), !path.isClosed else { return false }
      let diagonal = depends(a) ? b : a
      if path.design == nil { path.outer.append(diagonal) } else { path.inner.append(diagonal) }
      return walk(depends(a) ? a : b, path)
    case .multiply(let X, let transposed):
      if let design = path.design {
        guard !path.isClosed, design.index == X, design.transposed != transposed else { return false }
        path.isClosed = true
      } else {
        guard path.outer.isEmpty else { return false }
        path.design = (X, transposed)
      }
      return walk(node.operands[0], path)
    default: return false
    }
  }

  private func product(_ factors: [Int]) -> Int? {
    factors.dropFirst().reduce(factors.first) { tape.times($0!, $1) }
  }

  /// The constant and numbers of a path, as one number.
  private func coefficient(_ path: Path) -> Int {
    path.numbers.reduce(tape.literal(path.constant)) { tape.times($0, $1) }
  }

  private func sum(_ a: Int?, _ b: Int) -> Int { a.map { tape.combine(1, $0, 1, b) } ?? b }

  private func collected() -> HessianForm<Element> {
    var form = HessianForm<Element>()
    for path in paths where path.design == nil {
      if let d = product(path.outer) {
        form.diagonal = sum(form.diagonal, tape.scale(coefficient(path), d))
      } else {
        form.shift = sum(form.shift, coefficient(path))
      }
    }
    var designs: [(index: Int, transposed: Bool)] = []
    for path in paths {
      guard let design = path.design, !designs.contains(where: { $0 == design }) else { continue }
      designs.append(design)
    }
    for design in designs { form.grams.append(gram(design, paths.filter { $0.design.map { $0 == design } ?? false })) }
    return form
  }

  private func gram(_ design: (index: Int, transposed: Bool), _ paths: [Path]) -> HessianForm<Element>.Gram {
    let X = tape.designs[design.index]
    // Where the outer factor is a transpose, the design's rows are the samples.
    let features = design.transposed ? X : transposedDesign(X)
    if paths.count == 1 {
      return HessianForm.Gram(
        features: features, coefficient: coefficient(paths[0]), weights: product(paths[0].inner))
    }
    if paths.allSatisfy(\.inner.isEmpty) {
      let c = paths.dropFirst().reduce(coefficient(paths[0])) { sum($0, coefficient($1)) }
      return HessianForm.Gram(features: features, coefficient: c, weights: nil)
    }
    var weights: Int?
    for path in paths {
      let term =
        product(path.inner).map { tape.scale(coefficient(path), $0) }
        ?? tape.broadcast(coefficient(path), .vector(features.rows))
      weights = sum(weights, term)
    }
    return HessianForm.Gram(features: features, coefficient: tape.literal(1), weights: weights)
  }

  /// Xᵀ as a design: a dense one is copied by columns, once.
  private func transposedDesign(_ X: any DesignMatrix<Element>) -> any DesignMatrix<Element> {
    if let matrix = X.denseColumns { return DenseDesign(matrix.transposed) }
    return ProductDesign(rows: X.columns, columns: X.rows) { x, y in
      X.multiplyTransposed(x, alpha: 1, beta: 0, into: &y)
    } multiplyTransposed: { x, y in
      X.multiply(x, alpha: 1, beta: 0, into: &y)
    }
  }
}
