import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Files whose holes make them larger than memory: refused by name instead of ended by the system.
@Suite struct HugeInputTests {
  let directory = try! TemporaryDirectory()

  /// A header and as many bytes of nothing as it promises.
  private func writeHollow(_ name: String, _ descr: String, _ shape: [Int], _ bytes: Int) throws {
    let text = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape[0]), \(shape[1]))"
    let path = try directory.write(NPYBytes(descr: descr, shape: text, data: []).bytes, name)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: try handle.seekToEnd() + UInt64(bytes * shape.reduce(1, *)))
    try handle.close()
  }

  /// With 3 GiB of address space, so that the outcome is the same on every machine.
  private func run(_ arguments: [String]) throws -> Tool.Result {
    try Tool.implicitDiff.shell("ulimit -v 3145728 && exec \"$0\" \"$@\"", arguments)
  }

  private func expectRefusal(
    _ result: Tool.Result, _ fragments: String..., at location: SourceLocation = #_sourceLocation
  ) {
    #expect(
      result.code == 65 && result.errorLines.count == 1, "\(result.code) \(result.errors)", sourceLocation: location)
    for fragment in fragments + ["GiB of memory", "can be had"] {
      #expect(result.errors.contains(fragment), "\(result.errors)", sourceLocation: location)
    }
  }

  /// OpenBLAS would ask for its buffers again and again: said at once, whatever is to be done. A few seconds would show that it does
  /// not come to an end; without the limit of time the test would not either.
  @Test func addressSpaceForOpenBLAS() throws {
    let limited = "ulimit -v 300000 && exec timeout 60 \"$0\" \"$@\""
    for arguments in [["info"], ["hypergradient", directory.path] + hypergradient] {
      let result = try Tool.implicitDiff.shell(limited, arguments)
      #expect(result.code == 65 && result.errorLines.count == 1, "\(result.code) \(result.errors)")
      #expect(result.errors.contains("limit on address space") && result.output.isEmpty, "\(result.errors)")
    }
  }

  private let hypergradient = ["--lambda1", "1", "--lambda2", "1"]
  private let poison = ["--budget", "1", "--steps", "1"]

  @Test(arguments: [[1, 2_147_483_647], [2_147_483_647, 1], [40_000, 40_000]])
  func denseFeatures(_ shape: [Int]) throws {
    try writeHollow("X_train.npy", "'|u1'", shape, 1)
    try writeHollow("y_train.npy", "'|u1'", [shape[0]], 1)
    try writeHollow("X_val.npy", "'<f8'", [1, shape[1]], 8)
    try writeHollow("y_val.npy", "'<f8'", [1], 8)
    expectRefusal(
      try run(["hypergradient", directory.path] + hypergradient), "X_train.npy: a problem of \(shape[0]) and 1 rows",
      "\(shape[1]) columns")
    expectRefusal(
      try run(["poison", directory.path] + poison), "X_train.npy: shape (\(shape[0]), \(shape[1]))")
  }

  @Test func compressedColumns() throws {
    try writeHollow("X_train.indptr.npy", "'|u1'", [2_147_483_647], 1)
    try writeHollow("X_train.indices.npy", "'<i4'", [0], 4)
    try writeHollow("X_train.data.npy", "'<f8'", [0], 8)
    try writeHollow("y_train.npy", "'|u1'", [2], 1)
    try writeHollow("y_val.npy", "'|u1'", [2], 1)
    for command in [["hypergradient"], ["poison"]] {
      expectRefusal(
        try run(command + [directory.path] + (command == ["poison"] ? poison : hypergradient)),
        "X_train.indptr.npy: a sparse matrix of 2 × 2147483646")
    }
    try writeHollow("y_train.npy", "'|u1'", [2_147_483_647], 1)
    expectRefusal(try run(["hypergradient", directory.path] + hypergradient), "y_train.npy", "(2147483647,)")
  }
}
