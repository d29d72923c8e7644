import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// What the commands take on one rank they take on several: methods, options and formats.
@Suite(.serialized, .enabled(if: Ranks.areThere)) struct RanksOptionTests {
  /// 90 rows of 6 columns, sparse, of which the first two matter.
  private static let X = Matrix<Double>(rows: 90, columns: 6, layout: .rowMajor) { i, j in
    (i * 7 + j * j * 5 + i * j) % 3 == 0 ? Double((i * 13 + j * 29 + i * i * (j + 1)) % 17) / 4 - 2 : 0
  }
  private static let y = Vector<Double>(count: 90) { 2 * X[$0, 0] - X[$0, 1] + Double($0 * 37 % 11) / 20 }
  private static let train = 0..<60

  private struct Search: Decodable {
    struct Record: Decodable {
      var parameters: [Double]
      var value: Double
    }
    var best: Record
    var evaluations: Int
  }

  private static func dense(_ folder: String) throws {
    for (part, rows) in [("train", train), ("val", 60..<90)] {
      try NPY.write(X[rows: rows].packed(as: .rowMajor), to: "\(folder)/X_\(part).npy")
      try NPY.write(Vector(copying: y[segment: rows]), to: "\(folder)/y_\(part).npy")
    }
  }

  /// The same search on one rank, and on several: to 1e-9 of its values, since a fit is judged when its value is known to some 1e-10.
  private static func compare(_ data: String, _ options: String, ranks: [Int] = [2, 3]) throws {
    func search(_ program: String) throws -> Search {
      let result = try Ranks.shell(
        "\(program) tune \(data) --optimizer grid --points 3 --ratio 0.1 \(options) --json -")
      try #require(result.code == 0, "\(options): \(result)")
      return try JSONDecoder().decode(Search.self, from: Data(result.output.utf8))
    }
    let one = try search("\"$PLAIN/implicit-diff\"")
    for n in ranks {
      let found = try search("$RUN -np \(n) \"$MPI/implicit-diff\"")
      #expect(found.evaluations == one.evaluations, "\(options)")
      #expect(abs(found.best.value - one.best.value) <= 1e-9 * abs(one.best.value), "\(n) ranks, \(options)")
      for (a, b) in zip(found.best.parameters, one.best.parameters) {
        #expect(abs(a - b) <= 1e-12 * abs(b), "\(n) ranks, \(options)")
      }
    }
  }

  @Test(arguments: [1, 2, 4]) func minibatchesDoNotDependOnRanks(_ ranks: Int) throws {
    let folder = try TemporaryDirectory()
    try Self.dense(folder.path)
    let call =
      "hypergradient '\(folder.path)' --lambda1 0.05 --lambda2 0.1 --method nsid --accuracy 0.1 --batch 8 --fixed-order 4 --json - | grep -A 3 '\"hypergradient\"'"
    let one = try Ranks.shell("\"$PLAIN/implicit-diff\" \(call)")
    #expect(one.output.split(separator: "\n").count == 4, "\(one)")
    let found = try Ranks.shell("$RUN -np \(ranks) \"$MPI/implicit-diff\" \(call)")
    #expect(found.output == one.output, "\(found)")
  }

  @Test func rowsAreHeldOutWeighedAndOffset() throws {
    let folder = try TemporaryDirectory()
    try NPY.write(Self.X, to: folder.path + "/X.npy")
    try NPY.write(Self.y, to: folder.path + "/y.npy")
    try Self.compare("'\(folder.path)'", "--holdout 0.3")
    try Self.compare("'\(folder.path)'", "--folds 3")
    let split = try TemporaryDirectory()
    try Self.dense(split.path)
    let (weights, offsets) = (split.path + "/w.npy", split.path + "/o.npy")
    // Some rows do not count.
    try NPY.write(Vector<Double>(count: 60) { Double($0 % 4) }, to: weights)
    try NPY.write(Vector<Double>(count: 60) { Double($0 % 5) / 10 }, to: offsets)
    try NPY.write(Vector<Double>(count: 30) { Double($0 % 5) / 10 }, to: split.path + "/v.npy")
    try Self.compare("'\(split.path)'", "--weights '\(weights)'")
    try Self.compare("'\(split.path)'", "--weights '\(weights)' --intercept --standardize --penalty elastic-net")
    try Self.compare("'\(split.path)'", "--intercept --penalty nonnegative-lasso")
    try Self.compare(
      "'\(split.path)'", "--weights '\(weights)' --offsets '\(offsets)' --validation-offsets '\(split.path)/v.npy'")
  }

  @Test func sparseRowsLieOnRanks() throws {
    let folder = try TemporaryDirectory()
    var text = ""
    for i in 0..<90 {
      let entries = (0..<6).filter { Self.X[i, $0] != 0 }.map { "\($0 + 1):\(Self.X[i, $0])" }
      text += "\(Self.y[i]) " + entries.joined(separator: " ") + "\n"
      if i == 59 {
        try text.write(toFile: folder.path + "/fit.svm", atomically: true, encoding: .utf8)
        text = ""
      }
    }
    try text.write(toFile: folder.path + "/judge.svm", atomically: true, encoding: .utf8)
    try Self.compare("'\(folder.path)/fit.svm'", "--folds 3 --features 6", ranks: [2, 4])
    try Self.compare("'\(folder.path)/fit.svm'", "--validation '\(folder.path)/judge.svm'")
    // More ranks than lines.
    try "1 1:1\n2 2:1\n".write(toFile: folder.path + "/few.svm", atomically: true, encoding: .utf8)
    try Self.compare("'\(folder.path)/few.svm'", "--folds 2", ranks: [4])
    try "1 1:1\n2 2:x\n".write(toFile: folder.path + "/few.svm", atomically: true, encoding: .utf8)
    let wrong = try Ranks.shell("$RUN -np 2 \"$MPI/implicit-diff\" tune '\(folder.path)/few.svm'")
    #expect(
      wrong.code == 65 && wrong.lines(containing: "rank 1: \(folder.path)/few.svm: line 2: '2:x'") == 1, "\(wrong)")

    let columns = try TemporaryDirectory()
    for (part, rows) in [("train", Self.train), ("val", 60..<90)] {
      var (values, indices, pointers) = ([Double](), [Int](), [0])
      for j in 0..<6 {
        for (k, i) in rows.enumerated() where Self.X[i, j] != 0 {
          values.append(Self.X[i, j])
          indices.append(k)
        }
        pointers.append(values.count)
      }
      try NPY.write(Vector(values), to: "\(columns.path)/X_\(part).data.npy")
      try NPY.write(indices, to: "\(columns.path)/X_\(part).indices.npy")
      try NPY.write(pointers, to: "\(columns.path)/X_\(part).indptr.npy")
      try NPY.write(Vector(copying: Self.y[segment: rows]), to: "\(columns.path)/y_\(part).npy")
    }
    try Self.compare("'\(columns.path)'", "")
  }

  /// Files large enough to be mapped, in either order and in single precision: the same answer as on one rank.
  @Test(arguments: [Layout.rowMajor, .columnMajor], [true, false])
  func largeFilesAreMapped(_ layout: Layout, _ isSingle: Bool) throws {
    let folder = try TemporaryDirectory()
    for (part, shift) in [("train", 0), ("val", 5)] {
      let X = Matrix<Float>(rows: 9_000, columns: 40, layout: layout) { i, j in
        Float((i * (31 + 2 * j) + j * 17 + i / 7 * (j % 5) + shift) % 23) / 8 - 1.375
      }
      let y = Vector<Double>(count: 9_000) { Double(X[$0, 0] - X[$0, 1]) + Double($0 % 13) / 26 - 0.25 }
      let path = "\(folder.path)/X_\(part).npy"
      if isSingle { try NPY.write(X, to: path) } else { try NPY.write(Matrix<Double>(converting: X), to: path) }
      try NPY.write(y, to: "\(folder.path)/y_\(part).npy")
    }
    struct Report: Decodable { var hypergradient: [Double] }
    func run(_ program: String) throws -> [Double] {
      let result = try Ranks.shell("\(program) hypergradient '\(folder.path)' --lambda1 0.1 --lambda2 0.05 --json -")
      try #require(result.code == 0, "\(result)")
      return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)).hypergradient
    }
    let one = try run("\"$PLAIN/implicit-diff\"")
    // Reports hold, of whatever checksum the file allows.
    if isSingle == (layout == .rowMajor) {
      let report =
        "'\(folder.path)' --lambda1 0.1 --lambda2 0.05 --json '\(folder.path)/r.json' --save '\(folder.path)/w.npy'"
      let verify =
        "\"$PLAIN/implicit-diff\" verify '\(folder.path)' '\(folder.path)/r.json' --solution '\(folder.path)/w.npy'"
      for call in [
        "$RUN -np 2 \"$MPI/implicit-diff\" hypergradient \(report)",
        "\"$PLAIN/implicit-diff\" hypergradient \(report) --memory 64M",
      ] {
        #expect(try Ranks.shell(call).code == 0)
        let held = try Ranks.shell(verify)
        #expect(held.code == 0, "\(held)")
      }
    }
    for ranks in [2, 3] {
      let found = try run("$RUN -np \(ranks) \"$MPI/implicit-diff\"")
      // Sums of 9,000 products in another order: 100 ulps, the root of that, times a condition below 10.
      for (a, b) in zip(found, one) { #expect(abs(a - b) <= 1e-12 * one.map(abs).max()!, "\(a) \(b)") }
    }
  }

  /// Rows in their files on every rank.
  @Test func rowsStayInTheirFilesOnRanks() throws {
    let folder = try TemporaryDirectory()
    try Self.dense(folder.path)
    try Self.compare("'\(folder.path)'", "--memory 16M")
  }
}
