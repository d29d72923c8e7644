import Datasets
import Foundation
import LinAlg

/// What `hypergradient --json` wrote, as far as it can be held against the data.
struct ReportedRun: Decodable {
  struct Inner: Decodable { var violation: Double? }
  struct Adjoint: Decodable { var residual: Double? }

  var model: String
  var method: String
  var parameters: [Double]
  var groups: [Int]?
  var checksums: HypergradientReport.Checksums
  var samples: Int
  var features: Int
  var value: Double?
  var hypergradient: [Double?]
  var supportSize: Int
  var margin: Double?
  var errorBound: Double?
  var converged: Bool
  var inner: Inner
  var adjoint: Adjoint

  enum CodingKeys: String, CodingKey {
    case model, method, parameters, groups, checksums, samples, features, value, hypergradient, margin, converged, inner
    case adjoint
    case supportSize = "support_size"
    case errorBound = "error_bound"
  }

  /// One report, or the list of `--method all`.
  static func read(_ path: String) throws(DatasetError) -> [ReportedRun] {
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .invalid(path: path, reason: "cannot be read")
    }
    let runs: [ReportedRun]
    do {
      let decoder = JSONDecoder()
      let isList = data.first { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: "[")
      runs =
        try isList ? decoder.decode([ReportedRun].self, from: data) : [decoder.decode(ReportedRun.self, from: data)]
    } catch {
      throw .invalid(path: path, reason: "is no report of implicit-diff hypergradient: \(reason(error))")
    }
    if runs.isEmpty { throw .invalid(path: path, reason: "holds no report") }
    for run in runs { if let flaw = run.flaw { throw .invalid(path: path, reason: flaw) } }
    return runs
  }

  private static func reason(_ failure: any Error) -> String {
    func place(_ context: DecodingError.Context) -> String {
      context.codingPath.isEmpty ? "" : " at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
    }
    return switch failure as? DecodingError {
    case .keyNotFound(let key, let context)?: "the key \(key.stringValue) is missing\(place(context))"
    case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?: "an unexpected value\(place(context))"
    default: "not JSON"
    }
  }

  /// What makes it no report that can be checked.
  private var flaw: String? {
    if ModelName(rawValue: model) == nil { return "the model '\(model)' is none of this program's" }
    if parameters.count < 2 { return "holds \(parameters.count) parameters; expected strengths and lambda2" }
    if let bad = parameters.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
      return "parameter \(bad) is \(parameters[bad]); expected a number of at least 0"
    }
    if hypergradient.count != parameters.count {
      return "the hypergradient has \(hypergradient.count) entries; expected \(parameters.count), one per parameter"
    }
    let m = parameters.count - 1
    if let groups {
      if groups.count != features { return "holds the groups of \(groups.count) features; expected \(features)" }
      if let bad = groups.firstIndex(where: { $0 < 0 || $0 >= m }) {
        return "the group of feature \(bad) is \(groups[bad])"
      }
    } else if m != 1 && m != features {
      return "holds \(m) strengths; expected one, or one per feature"
    }
    return nil
  }

  /// Which strength a feature has.
  func place(_ feature: Int) -> Int { groups?[feature] ?? (parameters.count == 2 ? 0 : feature) }
}
