import ArgumentParser
import CommandSupport
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TextTable
import Tracing

struct TracingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tracing",
    abstract: "Products and evaluations of traced closures against the same written by hand: time per call.")

  @Option(help: "Seconds per measurement.") var budget = 0.2
  @Option(help: "Shapes as rows x columns.") var shapes = ["1000x100", "2000x500", "500x2000", "20000x100"]

  private struct Row {
    let shape: String
    let what: String
    let traced: Timing
    let byHand: Timing
  }

  func run() throws {
    var rows: [Row] = []
    for shape in shapes {
      let parts = shape.split(separator: "x").compactMap { Int($0) }
      guard parts.count == 2, parts.allSatisfy({ $0 > 0 }) else {
        throw ValidationError("a shape is written as rows x columns, as 1000x100, and not \(shape)")
      }
      rows += try measure(shape, parts[0], parts[1])
    }
    let table = TextTable<Row> { r in
      [
        Column(title: "shape", value: r.shape),
        Column(title: "what", value: r.what),
        Column(title: "traced / µs", value: Format.compact(r.traced.median * 1e6), align: .right),
        Column(title: "by hand / µs", value: Format.compact(r.byHand.median * 1e6), align: .right),
        Column(title: "ratio", value: Format.compact(r.traced.median / r.byHand.median), align: .right),
      ]
    }
    print(table.string(for: rows) ?? "")
  }

  private func measure(_ shape: String, _ n: Int, _ p: Int) throws -> [Row] {
    var random = RandomStream(seed: 1)
    let X = Matrix<Double>(rows: n, columns: p) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: n) { _ in random.nextUniform() < 0.5 ? -1 : 1 }
    let (w, x) = (
      Vector<Double>(count: p) { _ in random.nextNormal() }, Vector<Double>(count: p) { _ in random.nextNormal() }
    )
    let λ: Vector<Double> = [0.1, 0.2]
    let (scale, s) = (1 / Double(n), 0.1)
    var rows: [Row] = []
    var (out, image) = (Vector<Double>.zeros(p), Vector<Double>.zeros(n))
    func add(_ what: String, traced: () -> Void, byHand: () -> Void) {
      rows.append(
        Row(
          shape: shape, what: what, traced: Timing(budget: budget, most: 20_000, traced),
          byHand: Timing(budget: budget, most: 20_000, byHand)))
    }

    let squares = try TracedFunction<Double>(state: p, parameters: 1) { w, λ in
      0.5 * norm2(X * w - y) * scale + λ[0] * norm2(w) / 2
    }
    let H = squares.makeHessian()
    squares.linearize(at: w, parameters: [0.2], into: H, gradient: &out)
    add("Hessian of squares") {
      H.apply(x, into: &out)
    } byHand: {
      image.assignProduct(X, x)
      out.assignProduct(X.transposed, image, alpha: scale)
      out.add(λ[1], x)
    }
    add("gradient of squares") {
      squares.gradient(at: w, parameters: [0.2], into: &out)
    } byHand: {
      image.assignProduct(X, w)
      image.add(-1, y)
      out.assignProduct(X.transposed, image, alpha: scale)
      out.add(λ[1], w)
    }

    let logistic = try TracedFunction<Double>(state: p, parameters: 1) { w, λ in
      mean(log(1 + exp(-y * (X * w)))) + λ[0] * norm2(w) / 2
    }
    let L = logistic.makeHessian()
    logistic.linearize(at: w, parameters: [0.2], into: L, gradient: &out)
    let d = sigmoid(X * w) * (1 - sigmoid(X * w))
    add("Hessian of logistic loss") {
      L.apply(x, into: &out)
    } byHand: {
      image.assignProduct(X, x)
      image.scale(by: d)
      out.assignProduct(X.transposed, image, alpha: scale)
      out.add(λ[1], x)
    }

    let coupled = try TracedFunction<Double>(state: p, parameters: 1) { w, λ in logSumExp(X * w) + λ[0] * norm2(w) / 2 }
    let C = coupled.makeHessian()
    coupled.linearize(at: w, parameters: [0.2], into: C, gradient: &out)
    let q = softmax(X * w)
    let ones = Vector<Double>(repeating: 1, count: n)
    add("Hessian of log-sum-exp, by the tape") {
      C.apply(x, into: &out)
    } byHand: {
      image.assignProduct(X, x)
      image.scale(by: q)
      image.add(-image.dot(ones), q)
      out.assignProduct(X.transposed, image)
      out.add(λ[1], x)
    }

    let largest = (X.transposed * y).maxNorm * scale
    try addModels(f: squares, built: LinearModel(QuadraticLoss(features: X, targets: y)), "elastic net", largest, add)
    try addModels(
      f: logistic, built: LinearModel(LogisticLoss<Double>(features: X, targets: y)), "logistic", largest / 2, add)

    let map = try TracedMap<Double>(state: p, parameters: 2) { w, λ in
      softThreshold(w - s * (X.transposed * (X * w - y) * scale + λ[1] * w), by: λ[0] * s)
    }
    let M = map.makeLinearization()
    var value = w
    map.linearize(at: w, parameters: λ, into: M, value: &value)
    var mask = Vector<Double>.zeros(p)
    SoftThreshold.derivative(ofValue: value, into: &mask)
    var masked = mask
    let state = M.state
    add("A1ᵀ y of a proximal-gradient step") {
      state.applyAdjoint(x, into: &out)
    } byHand: {
      masked.assignProduct(mask, x)
      image.assignProduct(X, masked)
      out.assignProduct(X.transposed, image, alpha: -s * scale)
      out.add(1 - s * λ[1], masked)
    }
    add("Φ of a proximal-gradient step") {
      map.apply(w, parameters: λ, into: &out)
    } byHand: {
      image.assignProduct(X, w)
      image.add(-1, y)
      out.copy(from: w)
      out.assignProduct(X.transposed, image, alpha: -s * scale, beta: 1 - s * λ[1])
      SoftThreshold.apply(threshold: s * λ[0], to: &out)
    }
    return rows
  }

  /// The same penalized model out of a closure and as it is built in: in both columns the package's own solvers.
  private func addModels<Model: CertifiableFunction<Double>>(
    f: TracedFunction<Double>, built: Model, _ name: String, _ largest: Double,
    _ add: (String, () -> Void, () -> Void) -> Void
  ) throws {
    let λ: Vector<Double> = [largest / 5, largest / 20]
    let traced = ProximalGradientMap(f, L1Norm<Double>())
    let own = ProximalGradientMap(built, L1Norm<Double>())
    add("\(name), solving (built in)") {
      _ = traced.solve(at: λ)
    } _: {
      _ = own.solve(at: λ)
    }
    let (one, other) = (traced.solve(at: λ).problem, own.solve(at: λ).problem)
    let objective = try TracedObjective<Double>(state: f.stateCount, parameters: 2) { w, _ in norm2(w) / 2 }
    for (solver, what) in [(true, "direct"), (false, "conjugate gradients")] {
      add("\(name), AID by \(what) (built in)") {
        _ = try? AID(solver ? .direct : .conjugateGradient).hypergradient(of: objective, one)
      } _: {
        _ = try? AID(solver ? .direct : .conjugateGradient).hypergradient(of: objective, other)
      }
    }
    let (workspace, ownWorkspace) = (AID(.direct).makeWorkspace(for: traced), AID(.direct).makeWorkspace(for: own))
    var (g, scratch) = (λ, λ)
    _ = try AID(.direct).hypergradient(of: objective, one, into: &g, scratch: &scratch, workspace: workspace)
    _ = try AID(.direct).hypergradient(of: objective, other, into: &g, scratch: &scratch, workspace: ownWorkspace)
    add("\(name), its error bound (built in)") {
      _ = try? AID(.direct).certify(one, objective: objective, workspace: workspace)
    } _: {
      _ = try? AID(.direct).certify(other, objective: objective, workspace: ownWorkspace)
    }
    let (A, B) = (traced.makeLinearization(), own.makeLinearization())
    var (out, value) = (one.state, one.state)
    traced.linearize(at: one.state, parameters: λ, into: A, value: &value)
    own.linearize(at: one.state, parameters: λ, into: B, value: &value)
    let (x, y) = (A.state, B.state)
    add("\(name), A1ᵀ y (built in)") {
      x.applyAdjoint(value, into: &out)
    } _: {
      y.applyAdjoint(value, into: &out)
    }
  }
}
