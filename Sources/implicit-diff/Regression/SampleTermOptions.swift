import ArgumentParser
import CommandSupport
import Datasets
import LinAlg
import Models

/// How rows count: weights, and offsets of their scores.
struct SampleTermOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The weight of every row in losses and means, at least 0: an array, or a column of the table, which then is no feature. A row of weight 0 is left out.",
      valueName: "FILE.npy|NAME"))
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "A number for every row that is added to its score, such as the logarithm of an exposure: an array, or a column of the table.",
      valueName: "FILE.npy|NAME"))
  var offsets: String?
  @Option(
    help: ArgumentHelp(
      "The weights of the rows to judge by, where --weights is an array and they are not among its rows (default: all alike).",
      valueName: "FILE.npy"))
  var validationWeights: String?
  @Option(
    help: ArgumentHelp(
      "The offsets of the rows to judge by, where --offsets is an array and they are not among its rows.",
      valueName: "FILE.npy"))
  var validationOffsets: String?

  /// The options that name files.
  var files: [String] {
    [weights, offsets, validationWeights, validationOffsets].compactMap { $0 }.filter(Self.isFile)
  }

  /// The columns of a table that are named.
  var columns: [String] { [weights, offsets].compactMap { $0 }.filter { !Self.isFile($0) } }

  static func isFile(_ name: String) -> Bool { name.hasSuffix(".npy") }

  /// - Parameter data: the files that are read.
  func check(_ data: [String?]) throws {
    try Arguments.refuseEmpty([
      "--weights": weights, "--offsets": offsets, "--validation-weights": validationWeights,
      "--validation-offsets": validationOffsets,
    ])
    guard weights == nil || weights != offsets else {
      throw ValidationError("--weights and --offsets name the same numbers")
    }
    for (option, name) in [("--weights", weights), ("--offsets", offsets)] {
      guard let name, !Self.isFile(name) else { continue }
      guard data.compactMap({ $0 }).allSatisfy({ (try? SampleFormat(path: $0)) == .csv }) else {
        throw ValidationError("\(option): '\(name)' is a column, and those are of CSV files; expected a .npy file")
      }
    }
    for (option, name, partner) in [
      ("--validation-weights", validationWeights, weights), ("--validation-offsets", validationOffsets, offsets),
    ] {
      guard let name else { continue }
      guard Self.isFile(name) else { throw ValidationError("\(option): expected a .npy file") }
      guard let partner, Self.isFile(partner) else {
        throw ValidationError("\(option) goes with \(option.replacing("validation-", with: "")), a .npy file")
      }
    }
  }

  /// Weights and offsets of the rows of `samples`, read from `path`.
  func terms(of samples: Samples, path: String) throws(DatasetError) -> RowTerms {
    RowTerms(
      weights: try Self.values(weights, samples, path, "weight") { $0 >= 0 },
      offsets: try Self.values(offsets, samples, path, "offset") { _ in true })
  }

  /// Those of rows to judge by that are beside the others.
  func validationTerms(of samples: Samples, path: String) throws(DatasetError) -> RowTerms {
    let named = (weights.map { !Self.isFile($0) } ?? false, offsets.map { !Self.isFile($0) } ?? false)
    if offsets != nil, !named.1, validationOffsets == nil {
      throw .invalid(
        path: path, reason: "has rows to judge by that --offsets says nothing of; expected --validation-offsets")
    }
    return RowTerms(
      weights: try Self.values(named.0 ? weights : validationWeights, samples, path, "weight") { $0 >= 0 },
      offsets: try Self.values(named.1 ? offsets : validationOffsets, samples, path, "offset") { _ in true })
  }

  /// The numbers that `name` stands for, one for every row.
  static func values(
    _ name: String?, _ samples: Samples, _ path: String, _ what: String, _ isAllowed: (Double) -> Bool
  ) throws(DatasetError) -> Vector<Double>? {
    guard let name else { return nil }
    let isFile = isFile(name)
    let values = isFile ? try NPY.vector(at: name, as: Double.self) : samples.extras[name] ?? .zeros(0)
    let place = isFile ? name : path
    guard values.count == samples.count else {
      throw .invalid(
        path: place, reason: "holds \(values.count) entries; expected \(samples.count), one for each row of \(path)")
    }
    if let bad = values.indices.first(where: { !(values[$0].isFinite && isAllowed(values[$0])) }) {
      let column = isFile ? "entry \(bad)" : "row \(bad + 1), column '\(name)'"
      throw .invalid(
        path: place,
        reason: "\(column) is \(values[bad]); expected \(what == "weight" ? "a weight of at least 0" : "a number")")
    }
    return values
  }
}

/// Weights and offsets of rows; nil where nothing is said.
struct RowTerms {
  var weights: Vector<Double>?
  var offsets: Vector<Double>?

  func rows(_ indices: [Int]) -> RowTerms {
    func gather(_ x: Vector<Double>?) -> Vector<Double>? {
      x.map { x in Vector(count: indices.count) { x[indices[$0]] } }
    }
    return RowTerms(weights: gather(weights), offsets: gather(offsets))
  }

  var samples: SampleTerms<Double> { SampleTerms(weights: weights, offsets: offsets) }
}
