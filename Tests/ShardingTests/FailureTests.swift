import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// What goes wrong on one of several ranks: a message that names it and the file, and an exit code, from all.
@Suite(.serialized, .enabled(if: Ranks.areThere)) struct FailureTests {
  private static let X = Matrix<Double>(rows: 13, columns: 4, layout: .rowMajor) { Double(($0 * 5 + $1 * 3) % 7) - 2.5 }
  private static let y = Vector<Double>(count: 13) { Double($0 % 4) }

  /// A file for each of two ranks.
  private func shards(_ folder: String) throws {
    for part in ["train", "val"] {
      for (rank, rows) in [0..<9, 9..<13].enumerated() {
        try NPY.write(Self.X[rows: rows], to: "\(folder)/X_\(part).\(rank).npy")
        try NPY.write(Self.y[segment: rows], to: "\(folder)/y_\(part).\(rank).npy")
      }
    }
  }

  private func whole(_ folder: String, _ layout: Layout = .rowMajor) throws {
    for part in ["train", "val"] {
      try NPY.write(Self.X.with(layout: layout), to: "\(folder)/X_\(part).npy")
      try NPY.write(Self.y, to: "\(folder)/y_\(part).npy")
    }
  }

  private func read(_ folder: String, ranks: Int = 2) throws -> Ranks.Result {
    try Ranks.shell("$RUN -np \(ranks) \"$MPI/sharding-cases\" read '\(folder)'")
  }

  @Test func everyRankReadsItsRows() throws {
    let folder = try TemporaryDirectory()
    try whole(folder.path)
    let one = try read(folder.path, ranks: 1)
    #expect(one.code == 0, "\(one.errors)")
    for ranks in 2...4 { #expect(try read(folder.path, ranks: ranks).output == one.output) }
    try whole(folder.path, .columnMajor)
    #expect(try read(folder.path, ranks: 3).output == one.output)
    let files = try TemporaryDirectory()
    try shards(files.path)
    #expect(try read(files.path).output == one.output)
  }

  @Test func aShardOfOtherColumnsIsNamed() throws {
    let folder = try TemporaryDirectory()
    try shards(folder.path)
    try NPY.write(Self.X[0..<4, 0..<3].packed(as: .rowMajor), to: "\(folder.path)/X_train.1.npy")
    let result = try read(folder.path)
    #expect(result.code != 0)
    #expect(result.lines(containing: "rank 1: \(folder.path)/X_train.1.npy: 3 columns") == 1, "\(result.errors)")
  }

  @Test func aMissingShardIsNamed() throws {
    let folder = try TemporaryDirectory()
    try shards(folder.path)
    try FileManager.default.removeItem(atPath: "\(folder.path)/X_val.1.npy")
    let result = try read(folder.path)
    #expect(result.code == 65)
    #expect(
      result.lines(containing: "rank 1: \(folder.path)/X_val.1.npy: there is no such file") == 1, "\(result.errors)")
    try shards(folder.path)
    let fewer = try read(folder.path, ranks: 1)
    #expect(
      fewer.code == 65 && fewer.errors.contains("X_train.1.npy: is there, and the ranks end at 0"), "\(fewer.errors)")
  }

  @Test func aNumberThatIsNoneIsNamedByItsRowInTheFile() throws {
    let folder = try TemporaryDirectory()
    for layout in [Layout.rowMajor, .columnMajor] {
      try whole(folder.path, layout)
      var X = Self.X.with(layout: layout)
      X[11, 2] = .nan
      try NPY.write(X, to: "\(folder.path)/X_train.npy")
      let result = try read(folder.path)
      #expect(result.code == 65)
      #expect(result.lines(containing: "rank 1: \(folder.path)/X_train.npy: row 11, column 2") == 1, "\(result.errors)")
    }
  }

  @Test func anErrorOfOneRankIsPrintedOnceAndEndsAll() throws {
    for rank in 0...2 {
      let result = try Ranks.shell("$RUN -np 3 \"$MPI/sharding-cases\" throw \(rank)")
      #expect(result.code == 65)
      #expect(result.lines(containing: "rank \(rank): shard.\(rank).npy: is not what it was") == 1, "\(result.errors)")
    }
  }

  /// Within 5 seconds: that of the wait for the signal are ten times as many.
  @Test func aRankThatIsKilledEndsAll() throws {
    let folder = try TemporaryDirectory()
    let result = try Ranks.shell(
      """
      $RUN -np 3 "$MPI/sharding-cases" wait '\(folder.path)/pid' & job=$!
      tries=0; while [ ! -s '\(folder.path)/pid.1' ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
      kill -9 $(cat '\(folder.path)/pid.1'); killed=$(date +%s); wait $job; code=$?
      echo $code $(($(date +%s) - killed))
      """)
    let numbers = result.output.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    try #require(numbers.count == 2, "\(result)")
    #expect(numbers[0] != 0 && numbers[1] <= 5, "\(result)")
  }

  @Test func theCommandDifferentiatesOnRanks() throws {
    let folder = try TemporaryDirectory()
    try whole(folder.path)
    let options = "--lambda1 0.05 --lambda2 0.1 --fixed-order 4"
    let call = "hypergradient '\(folder.path)' \(options) --json - | grep -A 3 '\"hypergradient\"'"
    let one = try Ranks.shell("\"$PLAIN/implicit-diff\" \(call)")
    #expect(one.output.split(separator: "\n").count == 4, "\(one)")
    for ranks in 1...3 {
      let result = try Ranks.shell("$RUN -np \(ranks) \"$MPI/implicit-diff\" \(call)")
      #expect(result.output == one.output, "\(ranks) ranks: \(result)")
    }
  }

  /// The same checkpoint from whatever number of ranks: one search is begun on three and goes on on two.
  @Test func tuneRunsOnRanksAndIsResumedOnOthers() throws {
    let folder = try TemporaryDirectory()
    try whole(folder.path)
    func call(_ n: Int, _ options: String) throws -> Ranks.Result {
      try Ranks.shell(
        "$RUN -np \(n) \"$MPI/implicit-diff\" tune '\(folder.path)' --fixed-order 4 --criterion cv --folds 3 \(options) | grep -v '^seconds' | sed 's/ evaluations, .* s;/ evaluations;/'"
      )
    }
    let one = try call(1, "--max-evaluations 6")
    #expect(one.output.contains("lambda1"), "\(one)")
    _ = try call(3, "--max-evaluations 3 --checkpoint '\(folder.path)/search.json'")
    let search = "--max-evaluations 6 --checkpoint '\(folder.path)/search.json' --resume"
    let resumed = try call(2, search)
    #expect(resumed.output == one.output, "\(resumed)")
    // Of other features the checkpoint is refused, though shape and targets are the same.
    var X = try NPY.matrix(at: folder.path + "/X_train.npy", as: Double.self)
    X[0, 0] += 1
    try NPY.write(X, to: folder.path + "/X_train.npy")
    let other = try call(2, search)
    #expect(other.output.isEmpty && other.lines(containing: "search.json") == 1, "\(other)")
  }

  @Test func ranksOfOtherOptionsAreNamed() throws {
    let folder = try TemporaryDirectory()
    try whole(folder.path)
    func call(_ λ: Double) -> String {
      "-np 1 \"$MPI/implicit-diff\" hypergradient '\(folder.path)' --lambda1 \(λ) --lambda2 0.1"
    }
    let result = try Ranks.shell("$RUN \(call(0.05)) : \(call(0.06))")
    #expect(result.code == 64, "\(result)")
    #expect(result.lines(containing: "rank 1: the options are") == 1, "\(result.errors)")
  }

  @Test func theCommandSaysWhatIsWrongOnce() throws {
    let folder = try TemporaryDirectory()
    try whole(folder.path)
    let missing = try Ranks.shell("$RUN -np 2 \"$MPI/implicit-diff\" hypergradient /nowhere --lambda1 1 --lambda2 1")
    #expect(
      missing.code == 66 && missing.lines(containing: "/nowhere/X_train.npy: there is no such file") == 1, "\(missing)")
    let usage = try Ranks.shell("$RUN -np 2 \"$MPI/implicit-diff\" hypergradient '\(folder.path)' --lambda1 1")
    #expect(usage.code == 64 && usage.lines(containing: "--lambda2") == 1, "\(usage)")
    let alone = try Ranks.shell("$RUN -np 2 \"$MPI/implicit-diff\" info")
    #expect(alone.code == 64 && alone.lines(containing: "runs by itself") == 1, "\(alone)")
  }
}
