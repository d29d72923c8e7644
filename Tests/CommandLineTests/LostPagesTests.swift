import CommandSupport
import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// A file that another program cuts short while it is mapped: reading behind its end raises SIGBUS, which must end the program with a word and its own exit
/// code. The body of each test runs in a process of its own that cuts the file itself, between mapping and use, so that nothing depends on
/// time.
@Suite struct LostPagesTests {
  @Test func theFileIsNamed() async throws {
    let directory = try TemporaryDirectory()
    // Above a MiB, from which files are mapped.
    let (n, p) = (300, 900)
    for part in ["train", "val"] {
      let X = Matrix<Double>(rows: n, columns: p, layout: .rowMajor) { Double(($0 * 31 + $1 * 17) % 1009) }
      try NPY.write(X, to: directory.file("X_\(part).npy"))
      try NPY.write(Vector<Double>(count: n) { Double($0) }, to: directory.file("y_\(part).npy"))
    }
    let exit = await #expect(
      processExitsWith: .exitCode(65), observing: [\.standardErrorContent, \.standardOutputContent]
    ) { [folder = directory.path as String] in
      let data = try HeldOutDesigns<Double>(mappedFrom: folder)
      // The first page stays, and with it the header.
      truncate(folder + "/X_val.npy", 4096)
      // What has its pages can be read still.
      read(data.trainFeatures)
      try FileHandle.standardOutput.write(contentsOf: Data("read\n".utf8))
      read(data.validationFeatures)
    }
    let result = try #require(exit)
    #expect(
      String(decoding: result.standardErrorContent, as: UTF8.self)
        == "implicit-diff: \(directory.path)/X_val.npy: was cut short while it was in use; expected a file that nobody writes to\n"
    )
    #expect(String(decoding: result.standardOutputContent, as: UTF8.self).hasSuffix("read\n"))
  }

  @Test func ofSparseFeaturesTheArrayIsNamed() async throws {
    let directory = try TemporaryDirectory()
    // Every entry is stored: 300,000 indices take more than a MiB.
    let (rows, columns) = (500, 600)
    for part in ["train", "val"] {
      try NPY.write(
        Vector<Double>(count: rows * columns) { Double($0 % 7 + 1) }, to: directory.file("X_\(part).data.npy"))
      // 32-bit integers behind a header of 128 bytes, as NumPy's are.
      let shape = "(\(rows * columns),)"
      let dictionary = "{'descr': '<i4', 'fortran_order': False, 'shape': \(shape), }"
      let indices = NPYBytes(
        data: (0..<rows * columns).flatMap { NPYBytes.bytes(of: Int32($0 % rows)) },
        dictionary: dictionary + String(repeating: " ", count: 117 - dictionary.count) + "\n")
      _ = try directory.write(indices.bytes, "X_\(part).indices.npy")
      try NPY.write((0...columns).map { $0 * rows }, to: directory.file("X_\(part).indptr.npy"))
      try NPY.write(Vector<Double>(count: rows) { Double($0) }, to: directory.file("y_\(part).npy"))
    }
    let exit = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      [folder = directory.path as String] in
      let data = try HeldOutDesigns<Double>(mappedFrom: folder)
      truncate(folder + "/X_train.indices.npy", 4096)
      read(data.trainFeatures)
    }
    let result = try #require(exit)
    #expect(
      String(decoding: result.standardErrorContent, as: UTF8.self)
        == "implicit-diff: \(directory.path)/X_train.indices.npy: was cut short while it was in use; expected a file that nobody writes to\n"
    )
  }
}

private func read(_ X: any DesignMatrix<Double>) {
  var y = Vector<Double>.zeros(X.rows)
  X.multiply(Vector(repeating: 1, count: X.columns), alpha: 1, beta: 0, into: &y)
}
