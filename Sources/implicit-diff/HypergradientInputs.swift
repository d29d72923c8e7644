import ArgumentParser
import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

/// How sparse data are given, for the help of both commands.
let sparseDataHelp = """
  Data may be sparse: in place of X_train.npy the arrays of scipy.sparse.csc_matrix, X_train.data.npy, \
  X_train.indices.npy and X_train.indptr.npy, and X_val likewise. The arrays of csr_matrix are refused. Those of a square \
  matrix could be either, so one needs numpy.save("X_train.format.npy", X.format) beside them, which must hold csc.
  """

extension HypergradientCommand {
  static func requireLabels(_ y: Vector<Double>, _ path: String) throws(DatasetError) {
    guard let i = (0..<y.count).first(where: { abs(y[$0]) != 1 }) else { return }
    throw DatasetError.invalid(path: path, reason: "entry \(i) is \(y[i]); expected the labels -1 and 1")
  }

  /// The penalty that was asked for.
  struct Penalty {
    var shared: SharedStrengths
    /// The strengths that features share, then the ridge's: λ.
    var parameters: Vector<Double>
    /// The strength of every feature.
    var strengths: Vector<Double>
    /// The group of every feature where groups were given.
    var groups: [Int]?
  }

  func penalty(features p: Int) throws(DatasetError) -> Penalty {
    guard let strengths else {
      return Penalty(
        shared: .single, parameters: [lambda1!, lambda2], strengths: Vector(repeating: lambda1!, count: p))
    }
    let t = try NPY.vector(at: strengths, as: Double.self)
    if let bad = (0..<t.count).first(where: { t[$0] < 0 }) {
      throw .invalid(path: strengths, reason: "entry \(bad) is \(t[bad]); expected strengths of at least 0")
    }
    guard t.count > 0 else { throw .invalid(path: strengths, reason: "holds no strengths") }
    let λ = Vector(count: t.count + 1) { $0 < t.count ? t[$0] : lambda2 }
    guard let groups else {
      guard t.count == p else {
        throw .invalid(path: strengths, reason: "holds \(t.count) strengths; expected \(p), one per feature")
      }
      return Penalty(shared: .perCoordinate(p), parameters: λ, strengths: t)
    }
    let g = try NPY.indices(at: groups)
    guard g.count == p else {
      throw .invalid(path: groups, reason: "holds \(g.count) entries; expected \(p), one per feature")
    }
    if let bad = g.firstIndex(where: { $0 < 0 || $0 >= t.count }) {
      throw .invalid(path: groups, reason: "entry \(bad) is \(g[bad]); \(strengths) holds the groups 0 ..< \(t.count)")
    }
    return Penalty(
      shared: SharedStrengths(g, count: t.count), parameters: λ, strengths: Vector(count: p) { t[g[$0]] }, groups: g)
  }

  /// The solution that was given, or nil.
  func givenSolution(features p: Int) throws -> Vector<Double>? {
    guard let solution else { return nil }
    return try Console.reportingDataErrors {
      let w = try NPY.vector(at: solution, as: Double.self)
      guard w.count == p else {
        throw DatasetError.invalid(
          path: solution, reason: "holds \(w.count) entries, and the training features have \(p) columns")
      }
      return w
    }
  }

  /// Why tangents are not carried along the iteration: there is one per hyperparameter, p numbers each, three times over. nil
  /// where they take at most 2 GiB.
  static func tangentsTooMany<Loss: SmoothLoss<Double>>(_ map: PenalizedMap<Loss>) -> String? {
    let m = Double(map.parameterCount)
    let bytes = 8 * m * (3 * Double(map.stateCount) + m)
    if bytes <= 2 * 1_073_741_824 { return nil }
    return
      "itd-forward would carry \(map.parameterCount) tangents of \(map.stateCount) numbers, \(Format.number(bytes / 1_073_741_824)) GiB: take itd-reverse or an aid method"
  }

  /// A fixed step beyond 2/(L + λ2) makes the iteration expand: said with its factor instead of iterating to infinity.
  func refuseStepThatDoesNotContract<Loss: SmoothLoss<Double>>(
    _ map: PenalizedMap<Loss>, _ λ: Vector<Double>
  ) throws {
    guard let step, let factor = map.contractionBound(parameters: λ), factor > 1 + 1e-12 else { return }
    let limit = 2 / (map.smooth.loss.spectrum.largest + lambda2)
    Console.error(
      "the map does not contract with step \(step): its factor is \(Format.number(factor)); a step below \(Format.number(limit)) does"
    )
    throw ExitCode.notConverged
  }
}
