import Datasets
import Foundation
import LinAlg

/// A case of Tests/Reference: data and the exact answer, which nothing of this package computed.
public struct ReferenceCase: Sendable, CustomStringConvertible {
  public let name: String
  public let data: HeldOutData<Double>
  public let answer: Answer

  public struct Answer: Decodable, Sendable {
    public let lambda1: Double
    public let lambda2: Double
    public let value: Double
    public let hypergradient: [Double]
    public let solution: [Double]
    public let support: [Int]
    public let margin: Double?
    public let step_size: Double
    public let contraction: Double
    public let contraction_on_support: Double
    /// The columns of dw/dλ on the support.
    public let jacobian_lambda1: [Double]
    public let jacobian_lambda2: [Double]
  }

  public var description: String { name }
  public var parameters: Vector<Double> { [answer.lambda1, answer.lambda2] }

  /// Tests/Reference beside this file's folder.
  public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Reference").path

  public init(_ name: String) throws {
    self.name = name
    let folder = Self.root + "/" + name
    data = try HeldOutData(directory: folder)
    answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: folder + "/case.json")))
  }

  public static let elasticNetNames = [
    "elastic-net-paper-sparse", "elastic-net-paper-dense", "elastic-net-wide", "elastic-net-diabetes",
  ]
}

/// ‖a − b‖ / ‖b‖.
public func relativeError(_ a: Vector<Double>, _ b: Vector<Double>) -> Double { a.distance(to: b) / b.norm }
