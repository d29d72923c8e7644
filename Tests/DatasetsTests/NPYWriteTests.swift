import Datasets
import LinAlg
import TestSupport
import Testing

@Suite struct NPYWriteTests {
  let directory = try! TemporaryDirectory()

  @Test(arguments: [(0, 0), (0, 3), (3, 0), (1, 1), (3, 2), (5, 7)])
  func matricesComeBack(rows: Int, columns: Int) throws {
    try check(Double.self, rows, columns)
    try check(Float.self, rows, columns)
  }

  private func check<Element: Scalar>(_: Element.Type, _ rows: Int, _ columns: Int) throws {
    let path = directory.file("a.npy")
    for layout in [Layout.columnMajor, .rowMajor] {
      let a = Matrix<Element>(rows: rows, columns: columns, layout: layout) { Element(10 * $0 + $1) / 3 }
      try NPY.write(a, to: path)
      let back = try NPY.matrix(at: path, as: Element.self)
      #expect(back == a && back.layout == layout && back.rows == rows && back.columns == columns)
    }
  }

  /// A view has gaps between its lines, which the file must not have.
  @Test func viewsAreWrittenWithoutTheirGaps() throws {
    let whole = Matrix<Double>(rows: 6, columns: 5) { Double(10 * $0 + $1) }
    let path = directory.file("view.npy")
    for view in [whole[rows: 1..<4], whole[columns: 2..<5], whole.transposed[columns: 1..<3]] {
      try NPY.write(view, to: path)
      #expect(try NPY.matrix(at: path, as: Double.self) == view)
    }
  }

  @Test func vectorsAndIndicesComeBack() throws {
    let path = directory.file("v.npy")
    let v: Vector<Float> = [1.5, -2, 3.25]
    try NPY.write(v, to: path)
    #expect(try NPY.vector(at: path, as: Float.self) == v)
    try NPY.write(v[segment: 1..<3], to: path)
    #expect(try NPY.vector(at: path, as: Float.self) == [-2, 3.25])
    try NPY.write([Int.min, 0, 5], to: path)
    #expect(try NPY.indices(at: path) == [Int.min, 0, 5])
  }

  /// The bytes that `numpy.save` writes: python3 -c "import numpy, io; b = io.BytesIO(); numpy.save(b, numpy.array([[1., 2.]]));
  /// print(b.getvalue())".
  @Test func theHeaderIsNumPysOwn() throws {
    let path = directory.file("a.npy")
    try NPY.write(Matrix<Double>([[1, 2]], layout: .rowMajor), to: path)
    let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }"
    let expected: [UInt8] =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0] + Array(text.utf8)
      + Array(String(repeating: " ", count: 0x76 - 1 - text.utf8.count).utf8) + [0x0A] + [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
      + [0, 0, 0, 0, 0, 0, 0, 0x40]
    #expect(try directory.bytes("a.npy") == expected)
  }

  @Test func shortHeadersStayAMultipleOf64() throws {
    for count in [0, 1, 10, 1000, 10_000] {
      try NPY.write(Vector<Double>.zeros(count), to: directory.file("v.npy"))
      #expect((try directory.bytes("v.npy").count - 8 * count) % 64 == 0)
    }
  }

  @Test func whatCannotBeWrittenIsTypedAndLeavesNothing() throws {
    let v: Vector<Double> = [1]
    for path in [directory.path, directory.file("no/such/v.npy"), "/dev/null", "a\0b"] {
      let error = #expect(throws: DatasetError.self) { try NPY.write(v, to: path) }
      guard case .unwritable(path, _)? = error else {
        Issue.record("\(String(describing: error)) for \(path)")
        continue
      }
    }
    #expect(try directory.names == [])
  }
}
