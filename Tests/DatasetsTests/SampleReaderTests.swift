import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// One small problem in every format.
@Suite struct SampleReaderTests {
  let directory = try! TemporaryDirectory()
  static let X: [[Double]] = [[1, 0, 2], [0, 3, 0], [4, 0, 5]]
  static let y: [Double] = [1, -1, 2]

  private func folder(_ name: String, _ files: [(name: String, bytes: [UInt8])]) throws -> String {
    let folder = directory.file(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for file in files { _ = try directory.write(file.bytes, "\(name)/\(file.name)") }
    return folder
  }

  private func write(_ text: String, _ name: String) throws -> String { try directory.write(Array(text.utf8), name) }

  private static let sparse: [(name: String, bytes: [UInt8])] = [
    ("format.npy", NPYBytes.text("csr")), ("shape.npy", NPYBytes.integers([3, 3])),
    ("data.npy", NPYBytes.vector([1, 2, 3, 4, 5])), ("indices.npy", NPYBytes.integers([0, 2, 1, 0, 2])),
    ("indptr.npy", NPYBytes.integers([0, 2, 3, 5])),
  ]
  private static let columns: [(name: String, bytes: [UInt8])] = [
    ("X.format.npy", NPYBytes.text("csc")), ("X.data.npy", NPYBytes.vector([1, 4, 3, 2, 5])),
    ("X.indices.npy", NPYBytes.integers([0, 2, 1, 0, 2])), ("X.indptr.npy", NPYBytes.integers([0, 2, 3, 5])),
  ]

  private func everyForm() throws -> [String] {
    let (X, y) = (("X.npy", NPYBytes.matrix(Self.X)), ("y.npy", NPYBytes.vector(Self.y)))
    return [
      try write("a,b,c,y\n1,0,2,1\n0,3,0,-1\n4,0,5,2\n", "t.csv"),
      try directory.write(GZipBytes.member(Array("a,b,c,y\n1,0,2,1\n0,3,0,-1\n4,0,5,2\n".utf8)), "t.CSV.gz"),
      try write("1 1:1 3:2\n-1 2:3\n2 1:4 3:5\n", "t.svm"), try write("1 1:1 3:2\n-1 2:3\n2 1:4 3:5\n", "plain"),
      try directory.write(GZipBytes.member(Array("1 1:1 3:2\n-1 2:3\n2 1:4 3:5\n".utf8)), "t.txt.gz"),
      try directory.write(ZipBytes([X, y]).bytes, "t.npz"),
      try directory.write(ZipBytes(Self.sparse + [y]).bytes, "s.npz"),
      try directory.write(ZipBytes(Self.sparse.map { ("X." + $0.name, $0.bytes) } + [y]).bytes, "p.npz"),
      try folder("dense", [X, y]), try folder("columns", Self.columns + [y]),
      try folder("scipy", [("X.npz", ZipBytes(Self.sparse).bytes), y]),
    ]
  }

  private func dense(_ X: any DesignMatrix<Double>) -> Matrix<Double>? { X.denseColumns ?? X.sparseColumns?.dense() }

  @Test func everyFormHoldsTheSame() throws {
    for path in try everyForm() {
      let data = try SampleReader().read(path)
      #expect(dense(data.train.features) == Matrix(Self.X), "\(path)")
      #expect(data.train.targets == .numbers(Vector(Self.y)), "\(path)")
      #expect(data.validation == nil)
      #expect(data.train.names == (path.lowercased().contains("csv") ? ["a", "b", "c"] : nil))
      let more = try SampleReader().read(
        path, features: 3, names: data.train.names, targetName: data.train.targetName, needsTargets: true)
      #expect(dense(more.features) == Matrix(Self.X), "\(path)")
      #expect(more.targets == data.train.targets)
      #expect(throws: DatasetError.self) {
        try SampleReader().read(path, features: 2, names: nil, targetName: nil, needsTargets: true)
      }
    }
  }

  @Test func partsOfSplitData() throws {
    let (train, validation): ([[Double]], [[Double]]) = ([[1, 2], [3, 4], [5, 6]], [[7, 8]])
    let files = [
      ("X_train.npy", NPYBytes.matrix(train)), ("y_train.npy", NPYBytes.vector([1, 2, 3])),
      ("X_val.npy", NPYBytes.matrix(validation)),
      ("y_val.npy", NPYBytes.vector([4])),
    ]
    for path in [try folder("split", files), try directory.write(ZipBytes(files).bytes, "split.npz")] {
      let data = try SampleReader().read(path)
      #expect(
        dense(data.train.features) == Matrix(train) && data.validation.map { dense($0.features) } == Matrix(validation))
      #expect(data.validation?.targets == .numbers([4]))
      let one = try SampleReader().read(path, features: 2, names: nil, targetName: nil, needsTargets: false)
      #expect(dense(one.features) == Matrix(validation))
    }
    var sparse =
      Self.sparse.map { ("X_train." + $0.name, $0.bytes) } + Self.sparse.map { ("X_val." + $0.name, $0.bytes) }
    sparse += [("y_train.npy", NPYBytes.vector(Self.y)), ("y_val.npy", NPYBytes.vector(Self.y))]
    let data = try SampleReader().read(directory.write(ZipBytes(sparse).bytes, "sparse.npz"))
    #expect(data.train.features.sparseColumns != nil && data.validation?.features.sparseColumns != nil)
    let scipy = try folder(
      "scipysplit",
      [
        ("X_train.npz", ZipBytes(Self.sparse).bytes), ("X_val.npz", ZipBytes(Self.sparse).bytes),
        ("y_train.npy", NPYBytes.vector(Self.y)),
        ("y_val.npy", NPYBytes.vector(Self.y)),
      ])
    #expect(try SampleReader().read(scipy).validation?.features.sparseColumns?.dense() == Matrix(Self.X))
  }

  /// Columns of another table are found by name, whatever else it holds; a missing one is named.
  @Test func tablesAreMatchedByName() throws {
    let other = try write("c,note,y,b,a\n2,x,1,0,1\n5,,2,7,4\n", "other.csv")
    let found = try SampleReader().read(
      other, features: 3, names: ["a", "b", "c"], targetName: "y", needsTargets: false)
    #expect(dense(found.features) == Matrix([[1, 0, 2], [4, 7, 5]]) && found.targets == .numbers([1, 2]))
    let without = try write("c,b,a\n2,0,1\n", "without.csv")
    let bare = try SampleReader().read(
      without, features: 3, names: ["a", "b", "c"], targetName: "y", needsTargets: false)
    #expect(bare.targets == nil && dense(bare.features) == Matrix([[1, 0, 2]]))
    for (names, target, says) in [
      (["a", "b", "d"], "y", "no column 'd'"), (["a", "b", "c"], "z", "no column 'z'"),
      (["a", "b", "y"], "y", "'y' is a feature"),
    ] {
      let error = #expect(throws: DatasetError.self) {
        try SampleReader(target: target).read(other, features: 3, names: names, targetName: nil, needsTargets: true)
      }
      #expect("\(error!)".contains(says), "\(error!)")
    }
    #expect(try SampleReader(target: "a").read(other.replacing("other", with: "without")).train.names == ["c", "b"])
  }

  @Test func sparseTextIsAsWideAsAsked() throws {
    let path = try write("1 1:2\n", "t.svm")
    #expect(try SampleReader(features: 4).read(path).train.features.columns == 4)
    let more = try SampleReader().read(path, features: 6, names: nil, targetName: nil, needsTargets: true)
    #expect(more.features.columns == 6)
    #expect(try SampleReader(firstIndex: 0).read(write("1 0:2\n", "z.svm")).train.features.columns == 1)
    let grouped = try write("1 qid:4 1:2\n0 qid:4 1:1\n", "g.svm")
    #expect(try SampleReader().read(grouped).train.groups == [4, 4])
  }

  @Test func whatIsNotThereOrAmbiguousIsSaid() throws {
    let (X, y) = (NPYBytes.matrix(Self.X), NPYBytes.vector(Self.y))
    let cases: [(path: String, says: String)] = [
      (try folder("empty", []), "X_train.npy: there is no such file"), (directory.file("none.csv"), "no such file"),
      (directory.file("none"), "no such file"), (directory.file("none.npz"), "no such file"),
      (try folder("noy", [("X.npy", X)]), "y.npy: there is no such file"),
      (try folder("both", [("X.npy", X), ("y.npy", y), ("X_train.npy", X)]), "holds X and X_train"),
      (try folder("two", [("X.npy", X), ("X.npz", []), ("y.npy", y)]), "X.npz beside it"),
      (try folder("short", [("X.npy", X), ("y.npy", NPYBytes.vector([1]))]), "y has 1 entries; expected 3"),
      (try directory.write(ZipBytes([("X.npy", X)]).bytes, "noy.npz"), "has no array 'y'"),
      (try directory.write(ZipBytes([("A.npy", X)]).bytes, "nox.npz"), "neither an array 'X'"),
      (try directory.write(X, "X.npy"), "one array; expected X and y"),
      (try write("a\tb", "t.tsv"), "no format that is read"),
      (try write("y\n1\n", "one.csv"), "one column, 'y'"), (try write("a;y\n1;2\n", "semi.csv"), "not by ';'"),
      (try write("a,y\n1,2\n", "named.txt"), "'a,y' is no target"),
    ]
    for (path, says) in cases {
      let error = #expect(throws: DatasetError.self, "\(says)") { try SampleReader().read(path) }
      #expect("\(error!)".contains(says), "\(error!)")
    }
  }

  @Test func heldOutParts() throws {
    let part = try #require(HoldOut(fraction: 0.25, of: 20, seed: 3))
    #expect(part.heldOut.count == 5 && part.train.count == 15)
    #expect(Set(part.heldOut + part.train) == Set(0..<20))
    #expect(part.train == part.train.sorted() && part.heldOut == part.heldOut.sorted())
    #expect(part == HoldOut(fraction: 0.25, of: 20, seed: 3))
    #expect(part != HoldOut(fraction: 0.25, of: 20, seed: 4))
    // Of 4 and 16 rows, a quarter each.
    let labels = (0..<20).map { $0 % 5 == 0 ? 1.0 : -1 }
    let stratified = try #require(HoldOut(fraction: 0.25, of: 20, seed: 3, stratifiedBy: labels))
    #expect(stratified.heldOut.count { labels[$0] == 1 } == 1 && stratified.heldOut.count == 5)
    #expect(HoldOut(fraction: 0.01, of: 20, seed: 3) == nil && HoldOut(fraction: 0.99, of: 20, seed: 3) == nil)
    #expect(HoldOut(fraction: 0.1, of: 20, seed: 3, stratifiedBy: labels) == nil)
  }
}
