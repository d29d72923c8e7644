import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// What happens to ranks from outside: a rank that is killed, a disk that is full, other programs and other files than the first rank's. Each ends all ranks
/// with a line that says where, and leaves what was written before.
@Suite(.serialized, .enabled(if: Ranks.areThere)) struct InterruptedRanksTests {
  /// X and y to fit and to judge by, of 60 rows of 5 columns.
  private static func write(_ folder: String) throws {
    for (part, shift) in [("train", 0), ("val", 3)] {
      try NPY.write(
        Matrix<Double>(rows: 60, columns: 5, layout: .rowMajor) { Double((($0 + shift) * 7 + $1 * $0 * 3) % 11) - 5 },
        to: "\(folder)/X_\(part).npy")
      try NPY.write(Vector<Double>(count: 60) { Double(($0 * 3 + shift) % 7) - 3 }, to: "\(folder)/y_\(part).npy")
    }
  }

  /// A search that does not end by itself.
  private static func search(_ folder: String, _ checkpoint: String, _ points: Int = 1_000_000) -> String {
    "\"$MPI/implicit-diff\" tune '\(folder)' --optimizer random --points \(points) --checkpoint '\(checkpoint)'"
  }

  /// The search goes on from the checkpoint.
  private static func requireIntact(_ checkpoint: String, of folder: String) throws {
    let log = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: checkpoint))) as? [String: Any]
    let records = try #require((log?["log"] as? [String: Any])?["records"] as? [Any])
    #expect(!records.isEmpty)
    let resumed = try Ranks.shell(
      "$RUN -np 3 \(search(folder, checkpoint)) --resume --max-evaluations \(records.count + 2)")
    #expect(resumed.code == 0 && resumed.output.contains("lambda1"), "\(resumed)")
  }

  /// Within 5 seconds of the signal, as whole seconds count them.
  @Test(arguments: [0, 1]) func aSearchWhoseRankIsKilledEndsAndLeavesItsCheckpoint(_ rank: Int) throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    let checkpoint = "\(folder.path)/search.json"
    let result = try Ranks.shell(
      """
      $RUN -np 3 \(Self.search(folder.path, checkpoint)) & job=$!
      tries=0; while [ ! -s '\(checkpoint)' ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
      for process in /proc/[0-9]*; do
        lines=$(tr '\\0' '\\n' < $process/environ 2>/dev/null | grep -cxe 'OMPI_COMM_WORLD_RANK=\(rank)' -e "KILLED=$KILLED")
        if [ "$lines" = 2 ]; then kill -9 ${process#/proc/}; break; fi
      done
      killed=$(date +%s); wait $job; code=$?
      echo $code $(($(date +%s) - killed))
      """, environment: ["KILLED": folder.path])
    let numbers = result.output.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    try #require(numbers.count == 2, "\(result)")
    #expect(numbers[0] == 137 && numbers[1] <= 5, "\(result)")
    #expect(result.errors.contains("rank \(rank) ") && result.errors.contains("signal 9"), "\(result.errors)")
    try Self.requireIntact(checkpoint, of: folder.path)
  }

  /// A file system of 48 KiB where one can be mounted, which the process alone sees.
  @Test func aFullDiskAtTheCheckpointIsNamedAndLeavesTheOneBefore() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    let place = "\(folder.path)/small"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let mount = "mount -t tmpfs -o size=48k tmpfs '\(place)'"
    guard try Ranks.shell("unshare -m sh -c \"\(mount)\"").code == 0 else { return }
    let script = "\(folder.path)/run"
    try """
    \(mount) || exit 1
    $RUN -np 3 \(Self.search(folder.path, place + "/search.json")); code=$?
    cp '\(place)/search.json' '\(folder.path)/kept.json'
    ls '\(place)'
    exit $code
    """.write(toFile: script, atomically: true, encoding: .utf8)
    let result = try Ranks.shell("unshare -m sh '\(script)'")
    #expect(result.code == 73 && result.output == "search.json\n", "\(result)")
    #expect(
      result.lines(containing: "rank 0: \(place)/search.json: cannot be written: No space left on device") == 1,
      "\(result.errors)")
    try Self.requireIntact("\(folder.path)/kept.json", of: folder.path)
  }

  /// The same by a limit on the size of files, which needs no rights.
  @Test func aCheckpointThatGrowsBeyondALimitIsNamed() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    let checkpoint = "\(folder.path)/search.json"
    // Blocks of 512 bytes. MPI's shared memory between ranks is a file too, and has been made by then: each rank limits itself.
    let limited = "sh -c 'ulimit -f 40; exec \(Self.search(folder.path, checkpoint).replacing("'", with: "\""))'"
    let result = try Ranks.shell("$RUN -np 3 --mca btl tcp,self \(limited)")
    #expect(result.code == 73, "\(result)")
    #expect(
      result.lines(containing: "rank 0: \(checkpoint): cannot be written: File too large") == 1, "\(result.errors)")
    try Self.requireIntact(checkpoint, of: folder.path)
  }

  @Test func aRankOfAnotherVersionIsNamed() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    let other = "\(folder.path)/implicit-diff"
    let made = try Ranks.shell(
      "LC_ALL=C sed 's/0\\.1\\.0/0.1.9/g' \"$MPI/implicit-diff\" > '\(other)' && chmod +x '\(other)' && '\(other)' --version"
    )
    try #require(made.output == "0.1.9\n", "\(made)")
    let options = "hypergradient '\(folder.path)' --lambda1 0.1 --lambda2 0.1"
    let result = try Ranks.shell("$RUN -np 1 \"$MPI/implicit-diff\" \(options) : -np 1 '\(other)' \(options)")
    #expect(result.code == 64, "\(result)")
    #expect(
      result.lines(containing: "rank 1: the version is '0.1.9'; expected '0.1.0', as rank 0 has") == 1,
      "\(result.errors)")
  }

  /// Options that do not parse on one rank, which then never meets the others.
  @Test(arguments: [0, 1]) func aRankWhoseOptionsAreNoneIsNamed(_ rank: Int) throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    func call(_ k: Int) -> String {
      "-np 1 \"$MPI/implicit-diff\" hypergradient '\(folder.path)' --lambda1 0.1 \(k == rank ? "" : "--lambda2 0.1")"
    }
    let result = try Ranks.shell("$RUN \(call(0)) : \(call(1))")
    #expect(result.code == 64 && result.seconds < 30, "\(result)")
    #expect(result.lines(containing: "--lambda2") == 1, "\(result.errors)")
    if rank == 1 { #expect(result.lines(containing: "rank 1:") == 1, "\(result.errors)") }
  }

  /// A file beside the data that is not what it should be on one rank alone, as on a machine of its own.
  @Test func aFileThatOneRankAloneCannotReadIsNamed() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    for (rank, count) in [(0, 5), (1, 4)] {
      let own = "\(folder.path)/\(rank)"
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
      try NPY.write(Vector<Double>(repeating: 0.1, count: count), to: own + "/strengths.npy")
    }
    let command = "\"$MPI/implicit-diff\" hypergradient '\(folder.path)' --strengths strengths.npy --lambda2 0.1"
    let script = "\(folder.path)/run"
    try "cd '\(folder.path)'/$OMPI_COMM_WORLD_RANK && exec \(command)".write(
      toFile: script, atomically: true, encoding: .utf8)
    let result = try Ranks.shell("$RUN -np 2 sh '\(script)'")
    #expect(result.code == 65, "\(result)")
    #expect(
      result.lines(containing: "rank 1: strengths.npy: holds 4 strengths; expected 5") == 1, "\(result.errors)")
  }

  @Test func aShardOfAnotherTypeIsNamed() throws {
    let folder = try TemporaryDirectory()
    for part in ["train", "val"] {
      for rank in 0...1 {
        let X = Matrix<Double>(rows: 6, columns: 2, layout: .rowMajor) { Double(($0 * 3 + $1 + rank) % 5) }
        try NPY.write(X, to: "\(folder.path)/X_\(part).\(rank).npy")
        try NPY.write(Vector<Double>(count: 6) { Double($0 % 3) }, to: "\(folder.path)/y_\(part).\(rank).npy")
      }
    }
    let call = "$RUN -np 2 \"$MPI/implicit-diff\" hypergradient '\(folder.path)' --lambda1 0.1 --lambda2 0.1"
    #expect(try Ranks.shell(call).code == 0)
    try NPY.write(
      Matrix<Float>(rows: 6, columns: 2, layout: .rowMajor) { Float($0 + $1) }, to: "\(folder.path)/X_val.1.npy")
    let features = try Ranks.shell(call)
    #expect(features.code == 65, "\(features)")
    #expect(
      features.lines(containing: "rank 1: \(folder.path)/X_val.1.npy: holds float32; expected float64, as rank 0 has")
        == 1,
      "\(features.errors)")
    try NPY.write([1, 2, 3, 4, 5, 6], to: "\(folder.path)/y_train.1.npy")
    let targets = try Ranks.shell(call)
    #expect(targets.code == 65, "\(targets)")
    #expect(
      targets.lines(containing: "rank 1: \(folder.path)/y_train.1.npy: holds int64; expected float64") == 1,
      "\(targets.errors)")
  }

  /// The checkpoint is the first rank's: the others may not see it.
  @Test func aSearchIsResumedFromWhatTheFirstRankSees() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    for rank in 0...1 {
      try FileManager.default.createDirectory(atPath: "\(folder.path)/\(rank)", withIntermediateDirectories: true)
    }
    func run(_ options: String) throws -> Ranks.Result {
      let script = "\(folder.path)/run"
      try """
      cd '\(folder.path)'/$OMPI_COMM_WORLD_RANK && exec \(Self.search(folder.path, "search.json", 8)) \(options)
      """.write(toFile: script, atomically: true, encoding: .utf8)
      return try Ranks.shell(
        "$RUN -np 2 sh '\(script)' | grep -v '^seconds' | sed 's/ evaluations, .* s;/ evaluations;/'")
    }
    let whole = try run("")
    #expect(whole.output.contains("lambda1"), "\(whole)")
    try FileManager.default.removeItem(atPath: "\(folder.path)/0/search.json")
    _ = try run("--max-evaluations 3")
    let resumed = try run("--resume")
    #expect(resumed.output == whole.output, "\(resumed)")
  }

  /// As on one rank.
  @Test func theEndOfTheTimeIsReportedAsThat() throws {
    let folder = try TemporaryDirectory()
    try Self.write(folder.path)
    let result = try Ranks.shell(
      "$RUN -np 2 \"$MPI/implicit-diff\" tune '\(folder.path)' --max-seconds 0 --optimizer random --json - | grep -A 3 '\"stop\"'"
    )
    #expect(result.output.contains("\"seconds\""), "\(result)")
  }
}
