@testable import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Rows that come in blocks are those of the file read at once, whatever the blocks, and what is wrong is named as there.
@Suite struct RowBlocksTests {
  private struct Rows: Equatable {
    var entries: [[Double]] = []
    var targets: [Double] = []

    mutating func add(_ X: Matrix<Double>, _ y: Vector<Double>) {
      for i in 0..<X.rows { entries.append((0..<X.columns).map { X[i, $0] }) }
      targets += y
    }
  }

  private func all(_ blocks: some RowBlocks<Double>, height: Int = .max) throws -> Rows {
    var blocks = blocks
    var rows = Rows()
    while let block = try blocks.next() {
      #expect(block.features.rows <= height)
      rows.add(block.features, block.targets)
    }
    return rows
  }

  private func write(_ text: String, _ name: String, in folder: TemporaryDirectory) throws -> String {
    let path = "\(folder.path)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing"
    } catch { return "\(error)" }
  }

  @Test(arguments: [1, 3, 1000]) func ofNPYInEitherOrder(_ height: Int) throws {
    let folder = try TemporaryDirectory()
    let X = Matrix<Double>(rows: 17, columns: 3) { Double($0 * 5 % 7) - Double($1) }
    let y = Vector<Double>(count: 17) { Double($0) / 3 }
    var expected = Rows()
    expected.add(X, y)
    try NPY.write(y, to: folder.path + "/y.npy")
    for file in [Layout.rowMajor, .columnMajor] {
      try NPY.write(X.with(layout: file), to: folder.path + "/X.npy")
      for layout in [Layout.rowMajor, .columnMajor] {
        let blocks = try NPYRowBlocks<Double>(
          features: folder.path + "/X.npy", targets: folder.path + "/y.npy", height: height, layout: layout)
        #expect(try all(blocks, height: height) == expected)
        #expect(try all(ReadAhead(blocks), height: height) == expected)
      }
    }
  }

  @Test(arguments: [1, 2, 1000]) func ofLIBSVM(_ height: Int) throws {
    let folder = try TemporaryDirectory()
    let text = "# first\n1 1:2 3:-1\n\n-1 2:0.5 # two\r\n0.25\n3 4:1e3\n\n\n2 1:1\n"
    let path = try write(text, "rows.svm", in: folder)
    let whole = try LIBSVM.samples(at: path)
    let (columns, targets) = try LIBSVMRowBlocks.survey(path, features: nil, firstIndex: 1)
    #expect(columns == 4 && targets == whole.targets)
    var expected = Rows()
    var dense = Matrix<Double>.zeros(5, 4)
    for j in 0..<4 {
      var image = Vector<Double>.zeros(5)
      whole.features.multiply(Vector(count: 4) { $0 == j ? 1 : 0 }, alpha: 1, beta: 0, into: &image)
      dense.setColumn(j, image)
    }
    expected.add(dense, whole.targets)
    let blocks = try LIBSVMRowBlocks(path: path, features: 4, firstIndex: 1, height: height)
    #expect(try all(blocks) == expected)
    #expect(try all(ReadAhead(blocks)) == expected)
    // The lines of several readers are all lines, each once, be there fewer lines than readers.
    for readers in 1...9 {
      let shares = try (0..<readers).map { try LIBSVM.share($0, of: readers, at: path, features: nil, firstIndex: 1) }
      #expect(shares.flatMap { Array($0.targets) } == Array(whole.targets), "\(readers)")
      #expect(shares.map(\.features).max() == 4)
      #expect(shares.map { $0.matrix(columns: 4).storedCount }.reduce(0, +) == whole.features.storedCount)
    }
  }

  @Test func ofLIBSVMNameTheLine() throws {
    let folder = try TemporaryDirectory()
    let path = try write("1 1:2\n2 2:1\n\n3 2:x\n4 1:1\n", "rows.svm", in: folder)
    let whole = message { _ = try LIBSVM.samples(at: path) }
    #expect(whole.contains("line 4"))
    for height in [1, 2, 10] {
      let blocks = try LIBSVMRowBlocks(path: path, features: 2, firstIndex: 1, height: height)
      #expect(message { _ = try all(blocks) } == whole)
      #expect(message { _ = try all(ReadAhead(blocks)) } == whole)
    }
    #expect(message { _ = try LIBSVM.share(1, of: 2, at: path, features: nil, firstIndex: 1) } == whole)
    let narrow = try LIBSVMRowBlocks(path: path, features: 1, firstIndex: 1, height: 1)
    #expect(message { _ = try all(narrow) }.contains("line 2: '2:1' lies beyond the 1 features"))
  }

  @Test(arguments: [1, 2, 1000]) func ofCSV(_ height: Int) throws {
    let folder = try TemporaryDirectory()
    let path = try write(
      "a,\"b\n c\",y\r\n1,2,3\r\n\"4\",-5,6\n7e1, 8 ,9\n0.1,0.2,0.3\n\n\n", "table.csv", in: folder)
    let table = try CSVTable(path: path)
    let (X, targets) = try table.columns(features: ["a", "b\n c"], target: "y")
    guard case .numbers(let y) = targets else {
      Issue.record("words")
      return
    }
    var expected = Rows()
    expected.add(X, y)
    let blocks = try CSVRowBlocks(path: path, target: nil, features: nil, height: height)
    #expect(blocks.names == ["a", "b\n c"] && blocks.targetName == "y")
    #expect(try all(blocks, height: height) == expected)
    #expect(try all(ReadAhead(blocks), height: height) == expected)
    let turned = try CSVRowBlocks(path: path, target: "a", features: ["y"], height: height)
    #expect(try all(turned).targets == [1, 4, 70, 0.1])
  }

  @Test(arguments: ["a,y\n1,2\n3\n4,5\n", "a,y\n1,2\n\n4,5\n", "a,y\n1,2\n3,4\n5,x\n", "a,y\n\"1\n\",2\n3,4\n5,\"6\n"])
  func ofCSVNameTheLineAndTheRow(_ text: String) throws {
    let folder = try TemporaryDirectory()
    let path = try write(text, "table.csv", in: folder)
    let whole = message { _ = try CSVTable(path: path).columns(features: ["a"], target: "y") }
    #expect(whole.contains("line"))
    for height in [1, 2, 1000] {
      let found = message { _ = try all(CSVRowBlocks(path: path, target: nil, features: nil, height: height)) }
      #expect(found == whole, "\(height)")
    }
  }

  @Test func whatCannotComeInBlocksIsRefused() throws {
    let folder = try TemporaryDirectory()
    let words = try write("a,y\n1,yes\n2,no\n", "words.csv", in: folder)
    #expect(
      message { _ = try all(CSVRowBlocks(path: words, target: nil, features: nil, height: 1)) }.contains(
        "line 2 (row 1), column 'y': 'yes' is not a number"))
    #expect(message { _ = try CSVRowBlocks(path: words, target: "z", memory: 1 << 20) }.contains("no column 'z'"))
    #expect(message { _ = try CSVRowBlocks(path: words, memory: 100) }.contains("expected at least"))
    let compressed = folder.path + "/rows.svm.gz"
    try Data([0x1F, 0x8B, 8, 0]).write(to: URL(filePath: compressed))
    #expect(
      message { _ = try LIBSVMRowBlocks(path: compressed, features: 2, memory: 1 << 20) }.contains("compressed by gzip")
    )
    // A line of 20 bytes in pieces of 1 byte, which may grow to 16.
    let long = try write("1 1:1.0000000000000\n2 1:1\n", "long.svm", in: folder)
    var pieces = try TextPieces(long, hasQuotes: false, capacity: 1)
    #expect(message { _ = try pieces.next(lines: 1) }.contains("line 1 has more than 16 bytes"))
  }
}
