import Bilevel
import Datasets
import Foundation
import LinAlg

extension TunedModel {
  /// Reads what ``write(to:)`` wrote.
  ///
  /// - Throws: ``DatasetError`` where a file is missing, is no model or one of another version, or where the two are not of one model.
  init(directory: String) throws(DatasetError) {
    let (path, array) = (directory + "/model.json", directory + "/coefficients.npy")
    func invalid(_ reason: String) -> DatasetError { .invalid(path: path, reason: reason) }
    struct Head: Decodable {
      var format: String
      var version: Int
    }
    let bytes = Data(try GZip.contents(of: path))
    guard let head = try? JSONDecoder().decode(Head.self, from: bytes), head.format == Self.currentFormat else {
      throw invalid("is no model; expected a file written by tune --out")
    }
    guard (1...Self.currentVersion).contains(head.version) else {
      throw invalid("has version \(head.version); expected at most \(Self.currentVersion)")
    }
    do { self = try JSONDecoder().decode(TunedModel.self, from: bytes) } catch {
      throw invalid("is damaged: \(Self.place(error))")
    }
    guard features >= 1, featureNames?.count ?? features == features,
      Set(featureNames ?? []).count == featureNames?.count ?? 0
    else {
      throw invalid(
        "has \(featureNames?.count ?? 0) names for \(features) features; expected distinct names, one for each")
    }
    if let classes {
      let isCountRight = model == .multinomial ? classes.count >= 2 : classes.count == 2
      guard isCountRight, Set(classes).count == classes.count else {
        throw invalid(
          "has classes \(classes.prefix(8)); expected \(model == .multinomial ? "some, all distinct" : "two")")
      }
    }
    let selects: Bool
    if model == .multinomial {
      guard let classes, let intercepts, Set(intercepts.keys) == Set(classes) else {
        throw invalid("does not say what its classes and their intercepts are; expected one of each for every class")
      }
      let W = try NPY.matrix(at: array, as: Double.self)
      guard W.rows == classes.count, W.columns == features else {
        throw .invalid(
          path: array,
          reason: "is \(W.rows) × \(W.columns); expected \(classes.count) × \(features), as model.json says")
      }
      coefficients = ScoreCoefficients(
        rows: (0..<W.rows).map { i in Vector(count: W.columns) { W[i, $0] } },
        intercepts: classes.map { intercepts[$0] ?? 0 })
      selects = zip(classes, coefficients.rows).allSatisfy { selectedByClass?[$0] == nonzeros($1) }
    } else {
      guard let intercept else { throw invalid("has no intercept; expected a number") }
      let w = try NPY.vector(at: array, as: Double.self)
      guard w.count == features else {
        throw .invalid(path: array, reason: "has \(w.count) entries; expected \(features), as model.json says")
      }
      coefficients = ScoreCoefficients(rows: [w], intercepts: [intercept])
      selects = nonzeros(w) == selected
    }
    // The two files may come from different runs.
    guard selects else {
      throw .invalid(
        path: array, reason: "holds other coefficients than model.json selects; expected those of one run of tune")
    }
  }

  /// What a decoder did not find.
  private static func place(_ error: any Error) -> String {
    let context: DecodingError.Context?
    var key = ""
    switch error as? DecodingError {
    case .keyNotFound(let missing, let found): (key, context) = ("'\(missing.stringValue)' is missing", found)
    case .typeMismatch(_, let found), .valueNotFound(_, let found): context = found
    case .dataCorrupted(let found): context = found
    default: context = nil
    }
    let path = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
    return key.isEmpty ? "'\(path)' is not what it should be" : key
  }
}
