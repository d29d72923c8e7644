import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

#if DEBUG
  private let isOptimized = false
#else
  private let isOptimized = true
#endif

/// Evaluations, gradients and products of what was traced allocate nothing. Counted in optimized builds: without optimization every copy of a generic enumeration is
/// boxed.
@Suite(.serialized, .enabled(if: Allocations.areCounted && isOptimized)) struct TracingAllocationTests {
  /// The least of several counts: the runtime's own caches fill during the first calls.
  private func count(_ body: () -> Void) -> Int { (0..<4).map { _ in Allocations.count(body).allocations }.min()! }

  @Test func functionsAllocateNothing() throws {
    let (X, y) = (FunctionTests.matrix(60, 9, 1), FunctionTests.vector(60, 2))
    let (w, x) = (FunctionTests.vector(9, 3), FunctionTests.vector(9, 4))
    let λ: Vector<Double> = [0.4]
    let S = SparseMatrix(X)
    let functions = [
      try TracedFunction<Double>(state: 9, parameters: 1) { w, λ in norm2(X * w - y) / 60 + λ[0] * norm2(w) },
      try TracedFunction<Double>(state: 9, parameters: 1) { w, λ in mean(log(1 + exp(y * (S * w)))) + λ[0] * norm2(w) },
      try TracedFunction<Double>(state: 9, parameters: 1) { w, λ in logSumExp(X * w) + sum(tanh(w) * λ[0]) },
    ]
    for f in functions {
      let H = f.makeHessian()
      var (g, Hx, r) = (0 * w, 0 * w, 0 * λ)
      #expect(count { _ = f.value(at: w, parameters: λ) } == 0)
      #expect(count { f.gradient(at: w, parameters: λ, into: &g) } == 0)
      #expect(count { f.linearize(at: w, parameters: λ, into: H, gradient: &g) } == 0)
      #expect(count { H.apply(x, into: &Hx) } == 0)
      #expect(count { f.addMixedDerivative(λ, at: w, parameters: λ, hessian: H, scale: 1, to: &g) } == 0)
      #expect(count { f.addMixedDerivativeAdjoint(x, at: w, parameters: λ, hessian: H, scale: 1, to: &r) } == 0)
    }
  }

  @Test func mapsAllocateNothing() throws {
    let (X, y) = (FunctionTests.matrix(60, 9, 1), FunctionTests.vector(60, 2))
    let (w, x) = (FunctionTests.vector(9, 3), FunctionTests.vector(9, 4))
    let λ: Vector<Double> = [0.4, 0.2]
    let maps = [
      try TracedMap<Double>(state: 9, parameters: 2) { w, λ in
        softThreshold(w - 0.01 * (X.transposed * (X * w - y) + λ[1] * w), by: λ[0] * 0.01)
      },
      try TracedMap<Double>(state: 9, parameters: 2) { w, λ in
        proximal(L1Norm<Double>(), step: 0.1, parameters: λ[0], tanh(w * 0.5) + λ[1] * softmax(w))
      },
    ]
    for map in maps {
      let L = map.makeLinearization()
      var (value, out, r) = (0 * w, 0 * w, 0 * λ)
      map.linearize(at: w, parameters: λ, into: L, value: &value)
      #expect(count { map.apply(w, parameters: λ, into: &value) } == 0)
      #expect(count { map.linearize(at: w, parameters: λ, into: L, value: &value) } == 0)
      let (state, parameters) = (L.state, L.parameters)
      #expect(count { state.apply(x, into: &out) } == 0)
      #expect(count { state.applyAdjoint(x, into: &out) } == 0)
      #expect(count { parameters.apply(λ, into: &out) } == 0)
      #expect(count { parameters.applyAdjoint(x, into: &r) } == 0)
    }
  }

  @Test func minibatchesAllocateNothing() throws {
    let f = try FiniteSumTests.squares(FiniteSumTests.X, FiniteSumTests.y)
    let (w, x) = (FunctionTests.vector(6, 3), FunctionTests.vector(6, 4))
    let ξ = Minibatch([3, 1, 3, 7])
    var g = 0 * w
    let λ: Vector<Double> = [0.4]
    #expect(count { f.addSampleGradient(ξ, at: w, parameters: λ, scale: 1, to: &g) } == 0)
    #expect(count { f.addSampleHessianProduct(ξ, at: w, parameters: λ, x, scale: 1, to: &g) } == 0)
  }
}
