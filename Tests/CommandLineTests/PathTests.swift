import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import TestSupport
import Testing

@Suite struct PathTests {
  let directory = try! TemporaryDirectory()

  /// The saved coefficients are the solutions at the strengths of the table, found here without a path.
  @Test func everyPointIsASolution() throws {
    let data = try HeldOutData<Double>(directory: TuneTests.diabetes)
    let out = directory.file("path")
    let result = try Tool.implicitDiff.run([
      "path", TuneTests.diabetes, "--points", "15", "--ratio", "1e-2", "--tolerance", "0", "--out", out, "--json",
      directory.file("report.json"),
    ])
    #expect(result.code == 0, "\(result.errors)")
    struct Report: Decodable {
      struct Point: Decodable {
        var parameters: [Double]
        var selected: Int
        var objective: Double
        var validation: Double
      }
      var points: [Point]
      var best: Int
    }
    let report = try JSONDecoder().decode(
      Report.self, from: Data(contentsOf: URL(filePath: directory.file("report.json"))))
    #expect(report.points.count == 15 && report.points[0].selected == 0)
    let values = try NPY.vector(at: out + "/coefficients.data.npy", as: Double.self)
    let rows = try NPY.indices(at: out + "/coefficients.indices.npy")
    let starts = try NPY.indices(at: out + "/coefficients.indptr.npy")
    let map = ElasticNetMap(features: data.trainFeatures, targets: data.trainTargets)
    for (k, point) in report.points.enumerated() {
      var w = Vector<Double>.zeros(10)
      for i in starts[k]..<starts[k + 1] { w[rows[i]] = values[i] }
      let exact = try map.solve(at: [point.parameters[0], 0]).get()
      // Both are solved to rounding; the condition of these ten features is below 1e4.
      #expect(w.distance(to: exact) <= 1e-10 * max(1, exact.norm), "point \(k)")
      #expect(w.nonzeroCount == point.selected)
      let r = data.validationFeatures * w - data.validationTargets
      let validation = r.dot(r) / (2 * Double(r.count))
      #expect(abs(validation - point.validation) <= 1e-10 * validation)
    }
    #expect(report.points.indices.min { report.points[$0].validation < report.points[$1].validation } == report.best)
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func aRidgeIsAskedForWhereThereIsOne() throws {
    let result = try Tool.implicitDiff.run(["path", TuneTests.diabetes, "--penalty", "elastic-net"])
    #expect(result.code == 64 && result.errors.contains("--lambda2"))
  }
}
