import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// `--memory`: rows that the memory does not hold, on the command line.
@Suite(.serialized) struct StreamedCommandTests {
  /// 60,000 and 6,000 rows of 512 columns: 258 MiB.
  private static let (rows, judged, columns) = (60_000, 6_000, 512)

  /// Few features matter, and the noise leaves a margin at the strengths below.
  private static func write(_ folder: String, labels: Bool) throws {
    for (part, rows, shift) in [("train", rows, 0), ("val", judged, 1_000_003)] {
      var targets = Vector<Double>.zeros(rows)
      var X = Matrix<Double>.zeros(rows, columns, layout: .rowMajor)

      for i in 0..<rows {
        // A generator of its own for every row.
        var state = UInt64(truncatingIfNeeded: i + shift) &* 0x9E37_79B9_7F4A_7C15 | 1
        func draw() -> Float {
          state ^= state << 13
          state ^= state >> 7
          state ^= state << 17
          return Float(Int32(truncatingIfNeeded: state >> 33) & 0xFFFF) / 65_536 - 0.5
        }
        var sum: Float = 0.3 * draw()
        for j in 0..<columns {
          let x = draw()
          X[i, j] = Double(x)
          if j < 8 { sum += j % 2 == 0 ? x : -x }
        }
        targets[i] = labels ? (sum < 0 ? -1 : 1) : Double(sum)
      }
      try NPY.write(X, to: "\(folder)/X_\(part).npy")
      try NPY.write(targets, to: "\(folder)/y_\(part).npy")
    }
  }

  private struct Report: Decodable {
    var hypergradient: [Double]
    var value: Double
  }

  private static let environment = ["OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"]

  /// The address space, in KiB, in which the program begins: under a limit that is too small it says how much is missing.
  private static func base() throws -> Int {
    let refused = try Ranks.shell(
      "ulimit -v 204800; timeout 60 \"$PLAIN/implicit-diff\" info", environment: environment)
    let words = refused.errors.split(separator: " ")
    let missing = try #require(
      zip(words, words.dropFirst(3)).first { $0.1 == "small" }.flatMap { Int($0.0) }, "\(refused)")
    return 204_800 + 1024 * (missing + 1)
  }

  /// 64 MiB are a quarter of what the rows take as they are computed with. The program that runs under the limit has its own address space besides, and 32 MiB
  /// more for the threads that read.
  @Test(arguments: ["elastic-net", "logistic"]) func aHypergradientWithinAQuarterOfTheMemory(_ model: String) throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path, labels: model == "logistic")
    let call =
      "timeout 300 \"$PLAIN/implicit-diff\" hypergradient '\(folder.path)' --model \(model) --lambda1 0.01 --lambda2 0.01 --json -"
    let limit = "ulimit -v \(try Self.base() + (64 + 32) * 1024)"
    let refused = try Ranks.shell("\(limit); \(call)", environment: Self.environment)
    #expect(refused.code != 0, "\(refused)")
    let streamed = try Ranks.shell("\(limit); \(call) --memory 64M", environment: Self.environment)
    #expect(streamed.code == 0, "\(streamed)")
    let whole = try Ranks.shell(call, environment: Self.environment)
    let found = try JSONDecoder().decode(Report.self, from: Data(streamed.output.utf8))
    let expected = try JSONDecoder().decode(Report.self, from: Data(whole.output.utf8))
    // Sums of 60,000 products in another order differ by 60,000 ulps, 1.3e-11, of the sum of magnitudes in the worst case, and by the root of that, 250 ulps or 5e-14, where
    // roundings are as random as the data; the Hessian's condition on the support is below 5.
    let scale = expected.hypergradient.map(abs).max()!
    for (a, b) in zip(found.hypergradient, expected.hypergradient) { #expect(abs(a - b) <= 1e-12 * scale, "\(a) \(b)") }
    #expect(abs(found.value - expected.value) <= 1e-12 * expected.value)
  }

  private struct Search: Decodable {
    struct Record: Decodable {
      var parameters: [Double]
      var value: Double
    }
    var best: Record
    var evaluations: Int
  }

  @Test func aSearchWithinAQuarterOfTheMemory() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path, labels: false)
    let call =
      "timeout 300 \"$PLAIN/implicit-diff\" tune '\(folder.path)' --optimizer grid --points 4 --ratio 0.01 --json -"
    let limit = "ulimit -v \(try Self.base() + (64 + 32) * 1024)"
    let streamed = try Ranks.shell("\(limit); \(call) --memory 64M", environment: Self.environment)
    #expect(streamed.code == 0, "\(streamed)")
    let whole = try Ranks.shell(call, environment: Self.environment)
    let found = try JSONDecoder().decode(Search.self, from: Data(streamed.output.utf8))
    let expected = try JSONDecoder().decode(Search.self, from: Data(whole.output.utf8))
    #expect(found.evaluations == expected.evaluations)
    // As above; the largest strength of the grid is a product with X itself.
    #expect(abs(found.best.value - expected.best.value) <= 1e-12 * expected.best.value)
    for (a, b) in zip(found.best.parameters, expected.best.parameters) { #expect(abs(a - b) <= 1e-12 * b) }
  }

  /// The same samples as a folder, a table and sparse lines, in memory and not.
  @Test func textStaysOnTheDisk() throws {
    let folder = try TemporaryDirectory()
    let X = Matrix<Double>(rows: 60, columns: 4, layout: .rowMajor) { Double(($0 * 7 + $1 * $0 * 3 + $1) % 11) - 5 }
    let y = Vector<Double>(count: 60) { Double(($0 * 3) % 7) - 3 + X[$0, 1] }
    var (csv, svm) = ("a,b,c,d,y\n", "")
    for i in 0..<60 {
      csv += (0..<4).map { "\(X[i, $0])" }.joined(separator: ",") + ",\(y[i])\n"
      svm += "\(y[i]) " + (0..<4).map { "\($0 + 1):\(X[i, $0])" }.joined(separator: " ") + "\n"
    }
    try csv.write(toFile: folder.path + "/data.csv", atomically: true, encoding: .utf8)
    try svm.write(toFile: folder.path + "/data.svm", atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(atPath: folder.path + "/arrays", withIntermediateDirectories: true)
    try NPY.write(X, to: folder.path + "/arrays/X.npy")
    try NPY.write(y, to: folder.path + "/arrays/y.npy")
    func search(_ data: String, _ options: String) throws -> Search {
      let result = try Ranks.shell(
        "\"$PLAIN/implicit-diff\" tune '\(folder.path)/\(data)' --optimizer grid --points 3 --ratio 0.1 \(options) --json -"
      )
      #expect(result.code == 0, "\(result)")
      return try JSONDecoder().decode(Search.self, from: Data(result.output.utf8))
    }
    for options in [
      "--folds 3", "--holdout 0.3", "--folds 3 --intercept --standardize",
      "--holdout 0.3 --intercept --penalty elastic-net",
    ] {
      let expected = try search("data.csv", options)
      for data in ["data.csv", "data.svm", "arrays"] {
        let found = try search(data, options + " --memory 16M")
        // The same points of the grid, in sums of 60 small numbers; a fit is judged when its value is known to some 1e-10 of itself.
        #expect(abs(found.best.value - expected.best.value) <= 1e-9 * expected.best.value, "\(data) \(options)")
        for (a, b) in zip(found.best.parameters, expected.best.parameters) {
          #expect(abs(a - b) <= 1e-9 * abs(b), "\(data) \(options)")
        }
      }
    }
    for (data, reason) in [("data.csv", "at least"), ("arrays", "at least")] {
      let small = try Ranks.shell("\"$PLAIN/implicit-diff\" tune '\(folder.path)/\(data)' --memory 1K")
      #expect(small.code == 65 && small.errors.contains(reason), "\(small)")
    }
  }

  @Test func anEstimateIsPrintedAndNoMore() throws {
    let folder = try TemporaryDirectory()
    let X = Matrix<Double>(rows: 40, columns: 3, layout: .rowMajor) { Double(($0 * 5 + $1 * $0) % 7) }
    for part in ["train", "val"] {
      try NPY.write(X, to: "\(folder.path)/X_\(part).npy")
      try NPY.write(Vector<Double>(count: 40) { Double($0 % 5) }, to: "\(folder.path)/y_\(part).npy")
    }
    for call in ["hypergradient '\(folder.path)' --lambda1 1 --lambda2 1", "tune '\(folder.path)'"] {
      let result = try Ranks.shell("\"$PLAIN/implicit-diff\" \(call) --estimate")
      #expect(result.code == 0 && result.output.hasPrefix("rows            40 and 40 of 3 columns\n"), "\(result)")
      #expect(result.output.split(separator: "\n").count == 5 && !result.output.contains("nan"), "\(result)")
    }
    let wrong = try Ranks.shell("\"$PLAIN/implicit-diff\" tune '\(folder.path)' --memory 12Q")
    #expect(wrong.code == 64 && wrong.errors.contains("'12Q' is no size"), "\(wrong)")
  }

  /// Of a file that is cut short while its rows are gone over.
  @Test func rowsThatCannotBeReadAreNamed() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path, labels: true)
    let result = try Ranks.shell(
      """
      "$PLAIN/implicit-diff" hypergradient '\(folder.path)' --model logistic --lambda1 0.001 --lambda2 0.0001 --memory 64M & job=$!
      sleep 0.5; truncate -s 10000000 '\(folder.path)/X_train.npy'; wait $job
      """)
    #expect(result.code == 65 && result.errors.contains("X_train.npy: ends at byte"), "\(result)")
  }
}
