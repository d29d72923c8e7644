import Datasets
import LinAlg
import RandomStreams
import TestSupport
import Testing

@Suite struct LIBSVMTests {
  let directory = try! TemporaryDirectory()

  private func read(_ text: String, features: Int? = nil, firstIndex: Int = 1) throws -> LIBSVM.Samples {
    try LIBSVM.samples(at: directory.write(Array(text.utf8), "t.svm"), features: features, firstIndex: firstIndex)
  }

  @Test(arguments: [
    "+1 1:0.5 3:-2\n-1 2:1e-3\n0.25\n", "# a comment\n\n1 1:.5 3:-2 # more\r\n-1\t2:0.001  \r\n  .25#x\n\n",
    "1 1:0.5 3:-2\n-1 2:1e-3\n.25",
  ]) func linesInManyForms(text: String) throws {
    let data = try read(text)
    #expect(data.features.dense() == Matrix([[0.5, 0, -2], [0, 1e-3, 0], [0, 0, 0]]))
    #expect(data.targets == [1, -1, 0.25])
    #expect(data.groups == nil)
    #expect(data.features.nonzeroCount == 3)
  }

  @Test func widthsGroupsAndFirstIndices() throws {
    #expect(try read("1 2:3\n", features: 5).features.dense() == Matrix([[0, 3, 0, 0, 0]]))
    #expect(try read("1 0:7 2:3\n", firstIndex: 0).features.dense() == Matrix([[7, 0, 3]]))
    let grouped = try read("1 qid:7 1:2\n0 qid:3 1:1\n2 qid:7\n")
    #expect(grouped.groups == [7, 3, 7])
    #expect(grouped.features.dense() == Matrix([[2], [1], [0]]))
    let path = try directory.write(GZipBytes.member(Array("3 1:2\n".utf8)), "t.svm.gz")
    #expect(try LIBSVM.samples(at: path).targets == [3])
  }

  /// More than a block, against the matrix that was written.
  @Test func manyBlocksComeBack() throws {
    var random = RandomStream(seed: 5)
    let (n, p) = (20_000, 300)
    var pointers = [0]
    var (indices, values): ([Int32], [Double]) = ([], [])
    var text = ""
    for i in 0..<n {
      text += "\(i)"
      var j = random.nextIndex(below: 60)
      while j < p {
        let value = random.nextNormal()
        text += " \(j + 1):\(value)"
        indices.append(Int32(j))
        values.append(value)
        j += 1 + random.nextIndex(below: 60)
      }
      pointers.append(values.count)
      text += "\n"
    }
    #expect(text.utf8.count > 3 << 20)
    let written = try SparseMatrix(rows: p, columns: n, columnPointers: pointers, rowIndices: indices, values: values)
    let data = try read(text, features: p)
    #expect(data.targets == Vector(count: n) { Double($0) })
    #expect(data.features.nonzeroCount == values.count)
    #expect(data.features.dense().transposed == written.dense())
    let broken = text.replacing("\n12345 ", with: "\n12345x ").replacing("\n19999 ", with: "\n- ")
    let error = #expect(throws: DatasetError.self) { try read(broken) }
    #expect("\(error!)".contains("line 12346: '12345x' is no target"), "\(error!)")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let says: String
    var testDescription: String { says }
    init(_ text: String, _ says: String) { (self.text, self.says) = (text, says) }
  }

  static let cases: [Case] = [
    Case("", "holds no line"), Case("# only\n\n", "holds no line"),
    Case("1 1:2\nx 1:3\n", "line 2: 'x' is no target"), Case("1:2 2:3\n", "line 1: '1:2' is no target"),
    Case("1,2 1:3\n", "'1,2' is no target"), Case("nan 1:3\n", "'nan' is no target"), Case("1e999 1:3\n", "no target"),
    Case("1 0:2\n", "line 1: '0:2' has index 0"), Case("1 2:3 2:4\n", "'2:4' comes after index 2"),
    Case("1 3:3 2:4\n", "'2:4' comes after index 3"), Case("1 2\n", "'2' is no entry"),
    Case("1 a:2\n", "'a:2' is no entry"),
    Case("1 -1:2\n", "'-1:2' is no entry"), Case("1 1.5:2\n", "'1.5:2' is no entry"),
    Case("1 1:\n", "'1:' has no value"),
    Case("1 1: 2\n", "'1:' has no value"), Case("1 1:x\n", "'1:x' has no value"),
    Case("1 1:2,2:3\n", "'1:2,2:3' has no value"),
    Case("1 1:nan\n", "'1:nan' has no value"), Case("1 1:1e999\n", "'1:1e999' is too large"),
    Case("1 1:2 9:1\n", "'9:1' lies beyond the 4 features"), Case("1 99999999999999999999:1\n", "lies beyond"),
    Case("1 qid:1 1:2\n1 1:2\n", "1 of 2 lines have a qid"), Case("1 qid:x 1:2\n", "'qid:x' has no group"),
    Case("1 qid:-1 1:2\n", "'qid:-1' has no group"), Case("1 q 1:2\n", "'q' is no entry"),
    Case("1 1:2 qid:3\n", "'qid:3' is no entry"),
    Case("1 1:2\r1 1:3\n", "carriage return"), Case("a,b\n1,2\n", "line 1: 'a,b' is no target"),
  ]

  @Test(arguments: cases) func isRefused(file: Case) throws {
    let error = #expect(throws: DatasetError.self) { try read(file.text, features: 4) }
    guard case .invalid(directory.file("t.svm"), let reason)? = error else {
      Issue.record("\(String(describing: error)) is not .invalid at the path")
      return
    }
    #expect(reason.contains(file.says), "\(reason)")
    #expect(!"\(error!)".contains("\n"))
  }

  @Test func hugeIndicesAreRefusedBeforeMemoryIsTaken() throws {
    let error = #expect(throws: DatasetError.self) { try read("1 2147483646:1\n") }
    #expect("\(error!)".contains("GiB"))
    #expect(throws: DatasetError.self) { try read("1 2147483647:1\n") }
    let none = #expect(throws: DatasetError.self) { try read("1\n-1\n") }
    #expect("\(none!)".contains("no entry"))
    #expect(try read("1\n-1\n", features: 2).features.dense() == Matrix([[0, 0], [0, 0]]))
  }

  @Test func mutatedBytesNeverCrash() throws {
    var random = RandomStream(seed: 6)
    let original = Array("+1 qid:1 1:0.5 3:-2\n-1 qid:2 2:1e-3 4:7 # note\n0.25 qid:2 1:1 2:2 3:3\r\n".utf8)
    var refused = 0
    for _ in 0..<4000 {
      let path = try directory.write(
        random.mangled(original, with: Array(": #\n\r0123456789.eE+-qid\t\0".utf8)), "t.svm")
      do {
        let data = try LIBSVM.samples(at: path, features: 20)
        #expect(data.features.rows == data.targets.count && data.features.columns == 20)
        #expect(data.features.firstNonFinite == nil)
        let expected = PlainText.libsvm(try directory.bytes("t.svm"), features: 20)
        let X = data.features.dense()
        #expect(expected.map { $0.features } == (0..<X.rows).map { Array(X.row($0)) })
        #expect(expected.map { $0.target } == Array(data.targets))
      } catch is DatasetError { refused += 1 }
    }
    #expect((1000..<4000).contains(refused))
  }
}
