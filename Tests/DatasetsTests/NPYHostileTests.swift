import Datasets
import LinAlg
import RandomStreams
import TestSupport
import Testing

/// Files that are wrong: each throws, names the file and says what is wrong.
@Suite struct NPYHostileTests {
  let directory = try! TemporaryDirectory()

  struct Case: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let says: String
    var testDescription: String { says }

    init(_ npy: NPYBytes, _ says: String) { self.init(npy.bytes, says) }
    init(_ bytes: [UInt8], _ says: String) {
      self.bytes = bytes
      self.says = says
    }
  }

  static let cases: [Case] = [
    Case([], "is empty"), Case([0x93], "has 1 bytes"), Case(Array(NPYBytes().bytes.prefix(9)), "at least 10"),
    Case(Array("PK\u{3}\u{4} a zip archive".utf8), "\\x93NUMPY"), Case(NPYBytes(version: [4, 0]), "version 4.0"),
    Case(NPYBytes(version: [1, 1]), "version 1.1"), Case(NPYBytes(version: [0, 0]), "version 0.0"),
    Case(NPYBytes(length: 65_535), "header length 65535"),
    Case(NPYBytes(version: [2, 0], length: 0xFFFF_FFFF), "header length 4294967295"),
    Case(Array(NPYBytes(version: [2, 0]).bytes.prefix(10)), "within the header length"),
    Case(NPYBytes(length: 0), "expected '{'"), Case(NPYBytes(length: 20), "expected"),
    Case(
      NPYBytes(
        dictionary: "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}" + String(repeating: " ", count: 11_000)),
      "at most 10000"), Case(NPYBytes(dictionary: "[1, 2]"), "expected '{'"),
    Case(NPYBytes(dictionary: "\0\0\0"), "byte 0"),
    Case(NPYBytes(dictionary: "{}"), "'descr' is missing"),
    Case(NPYBytes(dictionary: "{'descr': '<f8', 'shape': (2, 3)}"), "'fortran_order' is missing"),
    Case(NPYBytes(dictionary: "{'descr': '<f8', 'fortran_order': False}"), "'shape' is missing"),
    Case(NPYBytes(dictionary: "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), 'x': 'y'}"), "key 'x'"),
    Case(NPYBytes(dictionary: "{'descr': '<f8', 'descr': '<f8'}"), "'descr' twice"),
    Case(NPYBytes(dictionary: "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)} x"), "the end of the header"),
    Case(NPYBytes(dictionary: "{'descr"), "the end of a string"),
    Case(NPYBytes(dictionary: "{'descr'}"), "expected ':'"),
    Case(NPYBytes(order: "0"), "True, False"), Case(NPYBytes(order: "'False'"), "not True or False"),
    Case(NPYBytes(descr: "'|O'"), "pickled"), Case(NPYBytes(descr: "'O'"), "pickled"),
    Case(NPYBytes(descr: "[('a', '<f8'), ('b', '<i4')]"), "structured"), Case(NPYBytes(descr: "(1,)"), "structured"),
    Case(NPYBytes(descr: "'<c16'"), "'<c16'"), Case(NPYBytes(descr: "'|f8'"), "'|f8'"),
    Case(NPYBytes(descr: "''"), "''"),
    Case(NPYBytes(descr: "'<U3'"), "'<U3'"), Case(NPYBytes(descr: "'é8'"), "float64"),
    Case(NPYBytes(shape: "(-2, 3)"), "negative"), Case(NPYBytes(shape: "(2.0, 3)"), "expected"),
    Case(NPYBytes(shape: "(99999999999999999999, 3)"), "overflows"),
    Case(NPYBytes(shape: "(9223372036854775807, 3)"), "at most 2147483647"),
    Case(NPYBytes(shape: "(2147483647, 2147483647, 2147483647)"), "overflows"),
    Case(NPYBytes(shape: "(2147483647, 2147483647)"), "overflows"),
    Case(NPYBytes(shape: "(30000, 30000)"), "truncated"),
    Case(NPYBytes(shape: "'2'"), "not a tuple"), Case(NPYBytes(shape: "(2]"), "expected ','"),
    Case(NPYBytes(shape: "(2, 3]"), "expected ')'"),
    Case(NPYBytes(shape: "(,)"), "dimension"),
    // NumPy refuses these too: they are no Python, no tuples, or numbers in brackets.
    Case(NPYBytes(shape: "(002, 3)"), "begins with 0"), Case(NPYBytes(shape: "(2, 03)"), "begins with 0"),
    Case(NPYBytes(shape: "(00265,)"), "begins with 0"), Case(NPYBytes(shape: "[2, 3]"), "not a tuple"),
    Case(NPYBytes(shape: "(2 3)"), "expected ','"), Case(NPYBytes(shape: "(6)"), "expected ','"),
    Case(NPYBytes(shape: "(2, 3 4)"), "expected ')'"), Case(NPYBytes(shape: "6"), "expected a string"),
    Case(NPYBytes(shape: "{2, 3}"), "expected a string"),
    Case(NPYBytes(shape: "(" + String(repeating: "1,", count: 200) + ")"), "more than 32"),
    Case(NPYBytes(shape: "()"), "shape ()"), Case(NPYBytes(shape: "(6,)"), "shape (6,); expected 2 dimensions"),
    Case(NPYBytes(shape: "(1, 2, 3)"), "shape (1, 2, 3)"), Case(NPYBytes(data: []), "truncated"),
    Case(Array(NPYBytes().bytes.dropLast()), "truncated"), Case(NPYBytes().bytes + [0], "too many"),
  ]

  @Test(arguments: cases) func isRefused(file: Case) throws {
    let path = try directory.write(file.bytes)
    let error = #expect(throws: DatasetError.self) { try NPY.matrix(at: path, as: Double.self) }
    guard case .invalid(path, let reason)? = error else {
      Issue.record("\(String(describing: error)) is not .invalid at the path")
      return
    }
    #expect(reason.contains(file.says), "\(reason)")
    #expect(!"\(error!)".contains("\n"))
  }

  @Test func vectorsAndIndicesRefuseOtherRanksAndTypes() throws {
    let matrix = try directory.write(NPYBytes().bytes)
    #expect(throws: DatasetError.self) { try NPY.vector(at: matrix, as: Double.self) }
    #expect(throws: DatasetError.self) { try NPY.indices(at: matrix) }
    let floats = try directory.write(NPYBytes(shape: "(6,)").bytes)
    let error = #expect(throws: DatasetError.self) { try NPY.indices(at: floats) }
    #expect("\(error!)".contains("expected integers"))
  }

  @Test func missingIsNotInvalid() throws {
    let path = directory.file("nothing.npy")
    #expect(throws: DatasetError.missing(path: path)) { try NPY.matrix(at: path, as: Double.self) }
    let below = try directory.write([1], "file") + "/array.npy"
    #expect(throws: DatasetError.missing(path: below)) { try NPY.matrix(at: below, as: Double.self) }
  }

  @Test func directoriesDevicesAndZeroBytesAreInvalid() throws {
    for path in [directory.path, "/dev/null", "a\0b"] {
      let error = #expect(throws: DatasetError.self) { try NPY.matrix(at: path, as: Double.self) }
      guard case .invalid? = error else {
        Issue.record("\(String(describing: error)) for \(path)")
        continue
      }
    }
  }

  /// Bytes changed, dropped and put in at random: the readers throw or return, and nothing else.
  @Test(arguments: [NPYBytes(), NPYBytes(version: [2, 0], descr: "'>i4'", shape: "(2, 6)")])
  func mutatedBytesNeverCrash(npy: NPYBytes) throws {
    var random = RandomStream(seed: 20_240_604)
    let original = npy.bytes
    var refused = 0
    for _ in 0..<1500 {
      var bytes = original
      for _ in 0...random.nextIndex(below: 3) {
        // Half of the changes fall on the header's first 90 bytes, where the decisions are.
        let place = random.nextIndex(below: random.nextIndex(below: 2) == 0 ? min(90, bytes.count) : bytes.count)
        switch random.nextIndex(below: 4) {
        case 0: bytes[place] = UInt8(random.nextIndex(below: 256))
        case 1: bytes[place] ^= 1 << random.nextIndex(below: 8)
        case 2: bytes.remove(at: place)
        default: bytes.insert(Array("0123456789(){},'<>|L-".utf8)[random.nextIndex(below: 21)], at: place)
        }
      }
      let path = try directory.write(bytes)
      do throws(DatasetError) { _ = try NPY.matrix(at: path, as: Double.self) } catch { refused += 1 }
      do throws(DatasetError) { _ = try NPY.vector(at: path, as: Float.self) } catch {}
      do throws(DatasetError) { _ = try NPY.indices(at: path) } catch {}
    }
    // Data bytes may change and stay an array; structure may not.
    #expect((500..<1500).contains(refused))
  }
}
