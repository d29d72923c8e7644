import Datasets
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  let directory = try! TemporaryDirectory()

  @Test func replacesAndLeavesNoTemporary() throws {
    let path = directory.file("text")
    try AtomicFile.write("first, and longer", to: path)
    try AtomicFile.write("zweites ✓", to: path)
    #expect(try directory.bytes("text") == Array("zweites ✓".utf8))
    #expect(try directory.names == ["text"])
  }

  @Test func takesAnyCollectionOfBytes() throws {
    let path = directory.file("bytes")
    try AtomicFile.write([1, 2, 3] as [UInt8], to: path)
    #expect(try directory.bytes("bytes") == [1, 2, 3])
    try AtomicFile.write((0..<300).lazy.map { UInt8($0 % 256) }, to: path)
    #expect(try directory.bytes("bytes") == (0..<300).map { UInt8($0 % 256) })
    try AtomicFile.write([] as [UInt8], to: path)
    #expect(try directory.bytes("bytes") == [])
  }

  @Test func errorsAreOneLineThatNamesTheFile() {
    let path = directory.file("no\nsuch/file")
    let error = #expect(throws: DatasetError.self) { try AtomicFile.write("x", to: path) }
    #expect(!"\(error!)".contains("\n"))
    #expect("\(error!)".contains("cannot be created"))
  }
}
