import Foundation
import TestSupport
import Testing

/// Rows that the memory given does not hold: 1,500,000 × 32 doubles, 366 MiB, in a file with holes that takes next to no disk.
@Suite(.serialized) struct OutOfCoreTests {
  private static let (rows, columns) = (1_500_000, 32)

  /// Zeros but for every 10,000th row, in C order, with its target.
  private func write(_ folder: String) throws {
    func header(_ shape: String) -> Data {
      let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(shape)), }"
      let padding = String(repeating: " ", count: 128 - 10 - text.count - 1)
      return Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array((text + padding + "\n").utf8))
    }
    func file(_ name: String, _ shape: String, width: Int, _ entry: (Int, Int) -> Double) throws {
      let path = "\(folder)/\(name)"
      try header(shape).write(to: URL(filePath: path))
      let handle = try FileHandle(forWritingTo: URL(filePath: path))
      try handle.truncate(atOffset: UInt64(128 + Self.rows * width * 8))
      for i in stride(from: 0, to: Self.rows, by: 10_000) {
        try handle.seek(toOffset: UInt64(128 + i * width * 8))
        let numbers = (0..<width).map { entry(i / 10_000, $0) }
        try handle.write(contentsOf: numbers.withUnsafeBytes { Data($0) })
      }
      try handle.close()
    }
    try file("X.npy", "\(Self.rows), \(Self.columns)", width: Self.columns) { i, j in
      Double((i * 37 + j * 91 + i * j * 53 + i * i * 17) % 101 - 50)
    }
    try file("y.npy", "\(Self.rows),", width: 1) { i, _ in Double(i % 5 - 2) }
  }

  /// Under a limit on the address space that holds the program but not the rows: what is in memory at once fails there, and blocks do not.
  @Test func aLimitOnMemoryIsKept() throws {
    let folder = try TemporaryDirectory()
    try write(folder.path)
    // Address space that goes by threads is left out: OpenBLAS's buffers and the stretches that the allocator reserves for each.
    let environment = ["OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"]
    // Where OpenBLAS cannot have a buffer it asks for ever.
    let cases = "timeout 60 \"$PLAIN/sharding-cases\""
    let idle = try Ranks.shell("\(cases) idle", environment: environment)
    // What the program takes without any data, in KiB, and 192 MiB more for threads that read and pages of 2 MiB: half of the rows.
    let base = try #require(idle.output.split(separator: "\n").last.flatMap { Int($0) }, "\(idle)")
    let limit = "ulimit -v \(base + 196_608)"
    let whole = try Ranks.shell("\(limit); \(cases) whole '\(folder.path)'", environment: environment)
    #expect(whole.code != 0)
    let streamed = try Ranks.shell("\(limit); \(cases) stream '\(folder.path)' 16777216", environment: environment)
    #expect(streamed.code == 0, "\(streamed.errors)")
    let unlimited = try Ranks.shell("\(cases) whole '\(folder.path)'", environment: environment)
    func numbers(_ result: Ranks.Result) -> [Double] {
      result.output.split { $0 == " " || $0 == "\n" }.compactMap { UInt64($0, radix: 16) }.map(Double.init(bitPattern:))
    }
    let (w, expected) = (numbers(streamed), numbers(unlimited))
    try #require(w.count == Self.columns && expected.count == Self.columns, "\(streamed) \(unlimited)")
    let scale = expected.map(abs).max()!
    // 150 rows of small integers reduce with an error of some hundred ulps, times the square, 9, of the columns' condition in the reference's Gram matrix.
    #expect(zip(w, expected).allSatisfy { abs($0 - $1) <= 1e-12 * scale }, "\(w) instead of \(expected)")
  }
}
