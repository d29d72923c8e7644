public import ImplicitDiff
public import LinAlg

/// A traced function that is a mean over n samples, known by minibatches too, so that `f + g` can be differentiated by ``NSID``:
///
///     let f = try TracedFiniteSum<Double>(samples: n, state: p, parameters: 1) { w, λ, ξ in
///       mean(square(ξ.rows(of: X) * w - ξ.rows(of: y))) / 2 + λ[0] * norm2(w) / 2
///     }
///
/// The closure is traced for all samples and for a minibatch of any size. What belongs to samples must reach f through ``mean(_:)`` and sums with other terms
/// alone, so that the mean over minibatches is f: a root of a mean is an error.
public final class TracedFiniteSum<Element: Scalar>: TracedFunction<Element>, SampledFunction {
  public let sampleCount: Int
  private let batches: FunctionTape<Element>
  private let gradientNodes: [Int]
  private let hessianNodes: [Int]
  private let mixedNodes: [Int]
  private let stored: [Int]
  /// Ready to run, by the size of the minibatch.
  private var machines: [Int: Machine<Element>] = [:]
  /// For all samples.
  private lazy var whole = makeHessian()
  private lazy var wholeGradient = Vector<Element>.zeros(stateCount)

  /// - Parameters:
  ///   - n: the number of samples, at least one.
  ///   - f: a number made of w, λ and the rows of the samples; otherwise as ``TracedFunction``.
  /// - Throws: as ``TracedFunction``; ``TracingError`` where f is no mean over samples.
  public init(
    samples n: Int, state p: Int, parameters m: Int = 0, domain: Domain = .finite,
    curvature: (smallest: Element, largest: Element)? = nil, file: StaticString = #fileID, line: UInt = #line,
    _ f: (_ w: Traced<Element>, _ λ: Traced<Element>, _ ξ: Samples<Element>) throws -> Traced<Element>
  ) throws {
    precondition(n >= 1, "TracedFiniteSum: a mean over \(n) samples")
    sampleCount = n
    batches = try FunctionTape(state: p, parameters: m, place: Place(file, line)) { w, λ in
      let value = try f(w, λ, Samples(tape: w.tape, count: n, isWhole: false))
      w.tape.requireMean(value.node)
      return value
    }
    let tape = batches.tape
    stored = tape.stored(for: [batches.gradient, batches.hessianProduct, batches.mixedAdjoint])
    gradientNodes = tape.needed(for: [batches.gradient])
    hessianNodes = tape.needed(for: [batches.hessianProduct])
    mixedNodes = tape.needed(for: [batches.mixedAdjoint])
    try super.init(state: p, parameters: m, domain: domain, curvature: curvature, file: file, line: line) { w, λ in
      try f(w, λ, Samples(tape: w.tape, count: n, isWhole: true))
    }
  }

  /// Runs nodes for a minibatch; nil where it is all samples.
  private func run(
    _ nodes: [Int], _ ξ: Minibatch, _ w: Vector<Element>, _ λ: Vector<Element>, direction x: Vector<Element>?,
    _ output: Int
  ) -> Vector<Element>? {
    guard let indices = ξ.indexArray else { return nil }
    let machine = machines[ξ.count] ?? Machine(batches.tape, stored, batchCount: ξ.count)
    machines[ξ.count] = machine
    machine.set(FunctionInput.state, w)
    machine.set(FunctionInput.parameters, λ)
    if let x { machine.set(FunctionInput.direction, x) }
    machine.batch = indices
    machine.run(nodes)
    // The sampler writes into its indices again.
    machine.batch = nil
    return machine.slots[output].vector
  }

  public func addSampleGradient(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, scale α: Element, to g: inout Vector<Element>
  ) {
    if let part = run(gradientNodes, ξ, w, λ, direction: nil, batches.gradient) {
      g.add(α, part)
    } else {
      gradient(at: w, parameters: λ, into: &wholeGradient)
      g.add(α, wholeGradient)
    }
  }

  public func addSampleHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ x: Vector<Element>, scale α: Element,
    to y: inout Vector<Element>
  ) {
    if let part = run(hessianNodes, ξ, w, λ, direction: x, batches.hessianProduct) {
      y.add(α, part)
    } else {
      whole.fill(at: w, parameters: λ, gradient: false)
      whole.apply(x, into: &wholeGradient)
      y.add(α, wholeGradient)
    }
  }

  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) {
    if let part = run(mixedNodes, ξ, w, λ, direction: v, batches.mixedAdjoint) {
      r.add(α, part)
    } else {
      whole.fill(at: w, parameters: λ, gradient: false)
      r.add(α, whole.mixedDerivativeAdjoint(v))
    }
  }
}

extension Tape {
  /// That a value is a mean over the samples of a minibatch plus what belongs to none: means are only scaled, added and taken apart.
  func requireMean(_ value: Int) {
    func isMean(_ k: Int) -> Bool { nodes[k].sources & Self.batchBit != 0 && !nodes[k].shape.isBatch }
    for k in 0...value {
      let node = nodes[k]
      let means = node.operands.filter(isMean)
      if means.isEmpty { continue }
      let isLinear =
        switch node.operation {
        case .combine, .scaled, .offset, .overBatch, .broadcast, .sum, .segment, .embed, .reshape, .concatenate,
          .transpose, .rowSums, .spreadColumns, .gather, .scatter, .multiply, .operate:
          !node.shape.isBatch
        case .scale, .times, .dot, .product:
          means.count == 1 && !node.shape.isBatch && node.operands[0] != node.operands[1]
        default: false
        }
      if isLinear { continue }
      fail(
        expression(k),
        "what is made of a mean over samples here is not linear in it, so minibatches would not average to f")
      return
    }
  }
}
