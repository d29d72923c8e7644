import Datasets
import LinAlg
import TestSupport
import Testing

@Suite struct NPYReadTests {
  let directory = try! TemporaryDirectory()

  private static let integers: [(descr: String, bytes: @Sendable (Int, Bool) -> [UInt8])] = [
    ("f4", { NPYBytes.bytes(of: Float($0).bitPattern, big: $1) }),
    ("f8", { NPYBytes.bytes(of: Double($0).bitPattern, big: $1) }),
    ("u1", { value, _ in [UInt8(value)] }), ("i4", { NPYBytes.bytes(of: Int32($0), big: $1) }),
    ("i8", { NPYBytes.bytes(of: Int64($0), big: $1) }),
  ]

  /// Every type, byte order, entry order and version, into both precisions: integers below 2²⁴ are exact in all.
  @Test(arguments: [1, 2, 3] as [UInt8]) func readsEveryVariant(version: UInt8) throws {
    for (type, encode) in Self.integers {
      for (order, big) in [("<", false), (">", true), ("=", 1.bigEndian == 1), ("|", false)]
      where (order == "|") == (type == "u1") {
        for fortran in [false, true] {
          // In the file's order the entries count up.
          let npy = NPYBytes(
            version: [version, 0], descr: "'\(order)\(type)'", order: fortran ? "True" : "False",
            data: (0..<6).flatMap { encode($0, big) })
          let path = try directory.write(npy.bytes)
          let double: Matrix<Double> = try NPY.matrix(at: path)
          let float = try NPY.matrix(at: path, as: Float.self)
          #expect(double.layout == (fortran ? .columnMajor : .rowMajor))
          for i in 0..<2 {
            for j in 0..<3 {
              let expected = fortran ? j * 2 + i : i * 3 + j
              #expect(double[i, j] == Double(expected), "\(order)\(type) \(fortran)")
              #expect(float[i, j] == Float(expected), "\(order)\(type) \(fortran)")
            }
          }
        }
      }
    }
  }

  /// More entries than one piece of the converting reader holds.
  @Test func readsLongArraysInPieces() throws {
    let count = 20_001
    let npy = NPYBytes(
      descr: "'<i4'", shape: "(\(count),)", data: (0..<count).flatMap { NPYBytes.bytes(of: Int32($0 - 7)) })
    let path = try directory.write(npy.bytes)
    #expect(try NPY.vector(at: path, as: Double.self) == Vector(count: count) { Double($0 - 7) })
    #expect(try NPY.indices(at: path) == (0..<count).map { $0 - 7 })
  }

  @Test func readsIndicesOfEveryIntegerType() throws {
    let u1 = NPYBytes(descr: "'|u1'", shape: "(3,)", data: [0, 7, 255])
    #expect(try NPY.indices(at: directory.write(u1.bytes)) == [0, 7, 255])
    for (order, big) in [("<", false), (">", true)] {
      let values = [Int.min, -1, 0, Int.max]
      let i8 = NPYBytes(
        descr: "'\(order)i8'", shape: "(4,)", data: values.flatMap { NPYBytes.bytes(of: Int64($0), big: big) })
      #expect(try NPY.indices(at: directory.write(i8.bytes)) == values)
    }
  }

  @Test func emptyArraysAreEmpty() throws {
    let matrix = NPYBytes(shape: "(0, 2147483647)", data: [])
    #expect(try NPY.matrix(at: directory.write(matrix.bytes), as: Double.self).count == 0)
    let vector = NPYBytes(shape: "(0,)", data: [])
    #expect(try NPY.vector(at: directory.write(vector.bytes), as: Double.self).count == 0)
    #expect(try NPY.indices(at: directory.write(NPYBytes(descr: "'<i8'", shape: "(0,)", data: []).bytes)) == [])
  }

  /// Python's other ways to write the same dictionary.
  @Test(arguments: [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}",
    "{\"shape\":(2L,3L,),'fortran_order':False,\"descr\":'<f8'}",
    "  {'descr':\n '<f8' ,\t'fortran_order' :False, 'shape':( 2 , 3 ) , }   \n",
  ]) func readsEveryFormOfTheDictionary(text: String) throws {
    let path = try directory.write(NPYBytes(dictionary: text).bytes)
    #expect(try NPY.matrix(at: path, as: Double.self) == Matrix([[0, 1, 2], [3, 4, 5]]))
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func nonFiniteEntriesAreNamed(value: Double) throws {
    var npy = NPYBytes()
    npy.data.replaceSubrange(8 * 5..<8 * 6, with: NPYBytes.bytes(of: value.bitPattern))
    let path = try directory.write(npy.bytes)
    let error = #expect(throws: DatasetError.self) { try NPY.matrix(at: path, as: Double.self) }
    #expect("\(error!)".contains("row 1, column 2"), "\(error!)")
    let matrix = try NPY.matrix(at: path, as: Double.self, allowsNonFinite: true)
    #expect(matrix[1, 2] == value || (matrix[1, 2].isNaN && value.isNaN))
    npy.order = "True"
    npy.shape = "(3, 2)"
    let fortran = #expect(throws: DatasetError.self) { try NPY.matrix(at: directory.write(npy.bytes), as: Double.self) }
    #expect("\(fortran!)".contains("row 2, column 1"), "\(fortran!)")
    npy.shape = "(6,)"
    let vector = #expect(throws: DatasetError.self) { try NPY.vector(at: directory.write(npy.bytes), as: Double.self) }
    #expect("\(vector!)".contains("entry 5"), "\(vector!)")
  }

  /// 1e300 is a number of the file but not of Float.
  @Test func overflowInConversionIsNotSilent() throws {
    var npy = NPYBytes()
    npy.data.replaceSubrange(0..<8, with: NPYBytes.bytes(of: 1e300.bitPattern))
    let path = try directory.write(npy.bytes)
    #expect(try NPY.matrix(at: path, as: Double.self)[0, 0] == 1e300)
    let error = #expect(throws: DatasetError.self) { try NPY.matrix(at: path, as: Float.self) }
    #expect("\(error!)".contains("row 0, column 0 (counted from 0) is inf as float32"), "\(error!)")
  }
}
