import Datasets
import LinAlg
import RandomStreams
import TestSupport
import Testing

@Suite struct CSVTableTests {
  let directory = try! TemporaryDirectory()

  private func table(_ text: String) throws -> CSVTable {
    try CSVTable(path: directory.write(Array(text.utf8), "t.csv"))
  }

  private func all(_ text: String) throws -> (features: Matrix<Double>, targets: Targets?) {
    let table = try table(text)
    return try table.columns(features: Array(table.names.dropLast()), target: table.names.last)
  }

  @Test(arguments: [
    "a,b,y\n1,2.5,3\n-4e-1,+5,.6\n", "a,b,y\r\n1,2.5,3\r\n-4e-1,+5,.6\r\n", "a,b,y\n1,2.5,3\n-4e-1,+5,.6",
    "\u{FEFF}a,b,y\n 1 ,\t2.5,3 \n-4e-1,+5,.6\n\n\n",
    "\"a\",\"b\",\"y\"\n\"1\",\"2.5\",\"3\"\n-4e-1,\" +5 \",.6\r\n\r\n",
    "a,b,y\r\n1,2.5,\"3\"\r\n-4e-1,+5,\".6\"\r", "a,b,y\r\n1,2.5,3\r\n-4e-1,+5,.6\r", " a , b ,y\n1,2.5,3\n-4e-1,+5,.6",
  ]) func oneTableInManyForms(text: String) throws {
    let data = try all(text)
    #expect(data.features == Matrix([[1, 2.5], [-0.4, 5]]))
    #expect(data.targets == .numbers([3, 0.6]))
    #expect(try table(text).names == ["a", "b", "y"])
  }

  @Test func gzipped() throws {
    let path = try directory.write(GZipBytes.member(Array("a,y\n1,2\n".utf8)), "t.csv.gz")
    #expect(try CSVTable(path: path).columns(features: ["a"], target: "y").features == Matrix([[1]]))
  }

  /// Columns are taken by name, in the order asked for; what is not asked for may hold anything.
  @Test func columnsByName() throws {
    let text = "id,b,\"say \"\"a\"\", twice\",y,note\n\"x\n1\",1,2,3,\nNA,4,5,6,\"a,\r\nb\"\n"
    let table = try table(text)
    #expect(table.names == ["id", "b", "say \"a\", twice", "y", "note"])
    #expect(table.rows == 2)
    let data = try table.columns(features: ["say \"a\", twice", "b"], target: nil)
    #expect(data.features == Matrix([[2, 1], [5, 4]]))
    #expect(data.targets == nil)
    #expect(try table.columns(features: [], target: "y").targets == .numbers([3, 6]))
  }

  @Test func wordsAsTargets() throws {
    let data = try all("a,y\n1,\"no, \"\"never\"\"\"\n2, yes \n3,\" yes\"\n4,5\n")
    #expect(data.targets == .words(["no, \"never\"", "yes", " yes", "5"]))
    #expect(data.features == Matrix([[1], [2], [3], [4]]))
  }

  /// Several blocks, the last one short, with line breaks within fields: against a plain splitting of what was written.
  @Test func manyBlocks() throws {
    var random = RandomStream(seed: 3)
    let (n, p) = (9001, 11)
    let X = Matrix<Double>(rows: n, columns: p) { _, _ in random.nextNormal() }
    var text = (0..<p).map { "x\($0)" }.joined(separator: ",") + ",note,y\n"
    for i in 0..<n {
      for j in 0..<p { text += j % 4 == 1 ? "\"\(X[i, j])\"," : "\(X[i, j])," }
      text += i % 3 == 0 ? "\"line\nbreak, \"\"and\"\" more\",\(i)\n" : "plain,\(i)\n"
    }
    let table = try table(text)
    #expect(table.rows == n)
    let data = try table.columns(features: (0..<p).map { "x\($0)" }, target: "y")
    #expect(data.features == X)
    #expect(data.targets == .numbers(Vector(count: n) { Double($0) }))
    // The first thing that is wrong is said, whoever finds it; two lines a row of three, and one of names.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var broken = lines.map { String($0) }
    broken[9000] = broken[9000] == "" ? "" : "1,2"
    broken[11_000] = "1,2"
    let path = try directory.write(Array(broken.joined(separator: "\n").utf8), "t.csv")
    let error = #expect(throws: DatasetError.self) {
      try CSVTable(path: path).columns(features: ["x0"], target: "y")
    }
    let place = "\(error!)".split(separator: ":")[1]
    let line = try #require(Int(place.split(separator: " ")[1]))
    // A row that begins on the line before the broken one, where that continues it.
    #expect((8999...9001).contains(line), "\(error!)")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let says: [String]
    var testDescription: String { says.joined(separator: ", ") }
    init(_ text: String, _ says: String...) { (self.text, self.says) = (text, says) }
  }

  static let cases: [Case] = [
    Case("", "is empty"), Case("\u{FEFF}", "is empty"), Case("\n1,2\n", "line 1 is empty"),
    Case("a,b,y\n", "3 columns and no rows"), Case("a,b,y", "no rows"), Case("a,b,y\n\n\r\n", "no rows"),
    Case("1,2,3\n4,5,6\n", "line 1 holds numbers only"), Case("a,b,a\n1,2,3\n", "columns 1 and 3", "'a'", "distinct"),
    Case(",a,y\n0,1,2\n", "column 1 has no name", "index=False"),
    Case("a,\"b\n1,2\n", "line 1: column 2 opens a quote"),
    Case("a,\"b\"c,y\n1,2,3\n", "line 1: column 2", "behind a closing quote"),
    Case("a,b,y\n1,2,3\n4,,6\n", "line 3 (row 2), column 'b'", "the value is missing"),
    Case("a,b,y\n1,NA,3\n", "line 2 (row 1), column 'b'", "missing ('NA')"),
    Case("a,b,y\n1,2,nan\n", "column 'y'", "missing ('nan')"), Case("a,b,y\n1,2,\n", "column 'y'", "missing"),
    Case("a,b,y\n1,\" null \",2\n", "column 'b'", "missing"),
    Case("a,b,y\n1,2,yes\n1,2,n/a\n", "line 3 (row 2), column 'y'", "missing ('n/a')"),
    Case("a,b,y\n1,2,3\n1,abc,3\n", "line 3 (row 2), column 'b'", "'abc' is not a number"),
    Case("a,b,y\n1,2,3\n1,2,yes\n", "line 3 (row 2), column 'y'", "'yes' is not a number"),
    Case("a,b,y\n\"1\n2\",2,3\n", "line 2 (row 1), column 'a'", "not a number"),
    Case("a,b,y\n1,2,\"3\n\n\"\n1,x,3", "line 5 (row 2), column 'b'"),
    Case("z,a,b,y\n\"1\n\n\",1,2,3\n,1,x,3", "line 5 (row 2), column 'b'"),
    Case("a,b,y\n1,1e999,3\n", "column 'b'", "too large"), Case("a,b,y\n1,inf,3\n", "'inf' is not a number"),
    Case("a,b,y\n1,0x10,3\n", "not a number"), Case("a,b,y\n1,1 2,3\n", "'1 2' is not a number"),
    Case("a,b,y\n1,2\n", "line 2 (row 1): has 2 fields; expected 3"),
    Case("a,b,y\n1,2,3\n1,2,3,4\n", "line 3 (row 2): has 4 fields; expected 3"),
    Case("a,b,y\n1,2,3,\n", "has 4 fields"), Case("a,b,y\n1,2,3\n\n1,2,3\n", "line 3 (row 2)"),
    Case("a,b,y\n1,2,3\n1,5\" pipe,3\n", "line 3 (row 2), column 'b'", "quote within"),
    Case("a,b,y\n1,\"2\"x,3\n", "column 'b'", "behind a closing quote"),
    Case("a,b,y\n1,\"2,3\n4,5,6\n", "line 2 (row 1), column 'b'", "nothing closes"),
    Case("a;b;y\n1;2;3\n", "no column 'y'", "not by ';'"), Case("a\tb\ty\n1\t2\t3\n", "not by tabs"),
    Case("a,b,z\n1,2,3\n", "no column 'y'", "found 'a', 'b', 'z'"),
    Case("PK\u{3}\u{4}", "zip archive"),
  ]

  @Test(arguments: cases) func isRefused(file: Case) throws {
    let path = try directory.write(Array(file.text.utf8), "t.csv")
    let error = #expect(throws: DatasetError.self) {
      let table = try CSVTable(path: path)
      _ = try table.columns(features: table.names.filter { $0 != "y" && $0 != "z" }, target: "y")
    }
    guard case .invalid(path, let reason)? = error else {
      Issue.record("\(String(describing: error)) is not .invalid at the path")
      return
    }
    for says in file.says { #expect(reason.contains(says), "\(reason)") }
    #expect(!"\(error!)".contains("\n"))
  }

  @Test func whatIsNoTextIsRefused() throws {
    for (bytes, says) in [
      ([0xFF, 0xFE, 97, 0], "UTF-16"), (Array("BZh91AY".utf8), "bzip2"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"),
      ([97, 0xFF, 44, 121, 10, 49, 44, 50], "not UTF-8"), (NPYBytes().bytes, "NumPy"),
      (Array("a,y\n1,\"\u{E9}".utf8.dropLast()) + [0x22, 10], "not UTF-8"),
    ] as [([UInt8], String)] {
      let path = try directory.write(bytes, "t.csv")
      let error = #expect(throws: DatasetError.self) { try CSVTable(path: path).columns(features: ["a"], target: "y") }
      #expect("\(error!)".contains(says), "\(error!)")
    }
    #expect(throws: DatasetError.missing(path: directory.file("none.csv"))) {
      try CSVTable(path: directory.file("none.csv"))
    }
  }

  /// Bytes changed, dropped and put in at random: the reader throws or gives as many finite numbers as it says, and where it gives other
  /// numbers than before, the text is another one.
  @Test func mutatedBytesNeverCrash() throws {
    var random = RandomStream(seed: 4)
    let original = Array("\"a\",b,\"c,d\",y\n1,2.5,\"3\",yes\r\n-4e-1,+5,.6,\"n\no\"\n7,8,9,yes\n".utf8)
    var refused = 0
    for _ in 0..<4000 {
      let path = try directory.write(
        random.mangled(original, with: Array(",\"\n\r0123456789.eE+-aNn \t\0".utf8)), "t.csv")
      do {
        let table = try CSVTable(path: path)
        let data = try table.columns(features: Array(table.names.dropLast()), target: table.names.last)
        #expect(data.features.rows == table.rows && data.targets?.count == table.rows)
        #expect(data.features.firstNonFinite == nil)
        let expected = PlainText.csv(try directory.bytes("t.csv"))
        #expect(expected.count == table.rows + 1 && table.names.count == expected[0].count)
        for i in 0..<table.rows {
          for j in 0..<data.features.columns {
            #expect(data.features[i, j].bitPattern == PlainText.number(expected[i + 1][j])?.bitPattern)
          }
        }
      } catch is DatasetError { refused += 1 }
    }
    #expect((1000..<4000).contains(refused))
  }
}

extension RandomStream {
  /// With one to four bytes changed, dropped or put in.
  mutating func mangled(_ bytes: [UInt8], with alphabet: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...nextIndex(below: 4) where !bytes.isEmpty {
      let place = nextIndex(below: bytes.count)
      switch nextIndex(below: 5) {
      case 0: bytes[place] = UInt8(nextIndex(below: 256))
      case 1: bytes[place] ^= 1 << nextIndex(below: 8)
      case 2: bytes.remove(at: place)
      case 3: bytes.removeLast(min(bytes.count, nextIndex(below: 4)))
      default: bytes.insert(alphabet[nextIndex(below: alphabet.count)], at: place)
      }
    }
    return bytes
  }
}
