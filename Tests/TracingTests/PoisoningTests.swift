import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// The poisoning case with a known exact hypergradient, out of closures: multinomial logistic regression whose training rows are shifted by λ.
@Suite struct PoisoningTests {
  struct Answer: Decodable {
    let lambda1: Double
    let lambda2: Double
  }

  let answer: Answer
  let X: Matrix<Double>
  let labels: [Int]
  let poisoned: [Int]
  let objective: HeldOutCrossEntropy<Double>
  /// One row of 64 entries per poisoned sample, row after row.
  let Γ: Vector<Double>
  let exact: Vector<Double>
  let exactSolution: Vector<Double>
  let s: Double

  init() throws {
    let folder = ReferenceCase.root + "/poisoning-digits/"
    func matrix(_ name: String) throws -> Matrix<Double> { try NPY.matrix(at: folder + name, as: Double.self) }
    answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: folder + "case.json")))
    X = try matrix("X_train.npy")
    labels = try NPY.indices(at: folder + "y_train.npy")
    poisoned = try NPY.indices(at: folder + "poisoned.npy")
    objective = HeldOutCrossEntropy(
      features: try matrix("X_val.npy"), labels: try NPY.indices(at: folder + "y_val.npy"), classCount: 10,
      negated: true)
    Γ = try matrix("noise.npy").transposed.flattened
    exact = try matrix("hypergradient.npy").transposed.flattened
    exactSolution = try matrix("solution.npy").flattened
    let largest = DenseDesign(X).gramSpectrum(scale: 1 / Double(X.rows)).largest
    // The softmax's Jacobian is at most ½.
    s = 2 / (largest / 2 + 2 * answer.lambda2)
  }

  /// A 1 where a sample has its label.
  var targets: Vector<Double> {
    var Y = Matrix<Double>.zeros(X.rows, 10)
    for (i, label) in labels.enumerated() { Y[i, label] = 1 }
    return Y.flattened
  }

  /// The mean cross-entropy and the ridge, W class by class.
  func loss(_ w: Traced<Double>, _ Γ: Traced<Double>) -> Traced<Double> {
    let (n, k) = (X.rows, poisoned.count)
    let W = w.reshaped(64, 10)
    let shift = matrixProduct(Γ.reshaped(64, k).transposed, W).spread(toRows: poisoned, of: n)
    let Z = X * W + shift
    return mean(logSumExpRows(Z)) - dot(Z.flattened, targets) / Double(n) + answer.lambda2 / 2 * norm2(w)
  }

  @Test func functionMeetsTheExactHypergradient() throws {
    let f = try TracedFunction<Double>(state: 640, parameters: Γ.count) { loss($0, $1) }
    typealias Map = ProximalGradientMap<TracedFunction<Double>, FixedParameters<L1Norm<Double>>>
    let map = Map(f, FixedParameters(L1Norm(), [answer.lambda1]), step: .fixed(s))
    let solution = map.solve(at: Γ)
    #expect(relativeError(try solution.get(), exactSolution) <= 1e-8)
    for solver in [.automatic, .conjugateGradient, .gmres()] as [AID<Map>.Solver] {
      let got = try AID<Map>(solver).hypergradient(of: objective, solution.problem).get()
      #expect(relativeError(got, exact) <= 1e-8, "\(solver)")
    }
  }

  /// The map itself as a closure, the gradient written out.
  @Test func mapMeetsTheExactHypergradient() throws {
    let (n, k) = (Double(X.rows), poisoned.count)
    let targets = Matrix(columnsOf: self.targets, rows: X.rows)
    let map = try TracedMap<Double>(state: 640, parameters: Γ.count) { w, Γ in
      let W = w.reshaped(64, 10)
      let G = Γ.reshaped(64, k)
      let Z = X * W + matrixProduct(G.transposed, W).spread(toRows: poisoned, of: X.rows)
      let R = softmaxRows(Z) - Z.like(targets)
      let slope = (X.transposed * R + matrixProduct(G, R.rows(poisoned))) / n
      return softThreshold(w - s * (slope.flattened + answer.lambda2 * w), by: s * answer.lambda1)
    }
    let problem = FixedPointProblem(map, parameters: Γ, state: exactSolution, stateIsSolution: true)
    #expect(map.residual(at: exactSolution, parameters: Γ) <= 1e-9 * exactSolution.norm)
    typealias Map = TracedMap<Double>
    for solver in [.automatic, .gmres(), .bicgstab] as [AID<Map>.Solver] {
      let got = try AID<Map>(solver).hypergradient(of: objective, problem).get()
      #expect(relativeError(got, exact) <= 1e-8, "\(solver)")
    }
    let itd = try ReverseITD<Map>(.checkpoints).hypergradient(of: objective, problem).get()
    #expect(relativeError(itd, exact) <= 1e-8)
  }
}
