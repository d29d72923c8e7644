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
    guard head.version == Self.currentVersion else {
      throw invalid("has version \(head.version); expected \(Self.currentVersion)")
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
    if let classes, classes.count != 2 || classes[0] == classes[1] {
      throw invalid("has classes \(classes); expected two")
    }
    coefficients = try NPY.vector(at: array)
    guard coefficients.count == features else {
      throw .invalid(path: array, reason: "has \(coefficients.count) entries; expected \(features), as model.json says")
    }
    // The two files may come from different runs.
    var expected: [String: Double] = [:]
    for j in coefficients.indices where coefficients[j] != 0 {
      expected[featureNames?[j] ?? "feature \(j)"] = coefficients[j]
    }
    guard expected == selected else {
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
