import Datasets
import Foundation
import LinAlg
import RandomStreams
import TestSupport
import Testing

@Suite struct NPZTests {
  let directory = try! TemporaryDirectory()

  private func archive(_ files: [(name: String, bytes: [UInt8])], wide: Bool = false) throws -> NPZ {
    var zip = ZipBytes(files)
    zip.isWide = wide
    return try NPZ(path: directory.write(zip.bytes, "a.npz"))
  }

  @Test(arguments: [false, true]) func storedArrays(wide: Bool) throws {
    let X: [[Double]] = [[1, 2, 3], [4, 5, 6]]
    let npz = try archive([("X.npy", NPYBytes.matrix(X)), ("y.npy", NPYBytes.vector([7, 8]))], wide: wide)
    #expect(npz.names == ["X", "y"])
    #expect(npz.contains("y") && !npz.contains("z"))
    #expect(try npz.matrix("X", as: Double.self) == Matrix(X))
    #expect(try npz.matrix("X", as: Float.self, layout: .columnMajor) == Matrix([[1, 2, 3], [4, 5, 6]]))
    #expect(try npz.vector("y", as: Double.self) == [7, 8])
    let empty = try archive([])
    #expect(empty.names == [])
  }

  @Test func aCommentAtTheEnd() throws {
    var zip = ZipBytes([("y.npy", NPYBytes.vector([7]))])
    zip.comment = Array("PK\u{5}\u{6} is not the end, however long this goes on".utf8)
    #expect(try NPZ(path: directory.write(zip.bytes, "a.npz")).vector("y", as: Double.self) == [7])
    zip.comment = Array("a comment".utf8)
    #expect(try NPZ(path: directory.write(zip.bytes, "a.npz")).vector("y", as: Double.self) == [7])
  }

  /// numpy.savez_compressed(f, X=np.zeros((5, 40)), y=np.arange(5))
  static let compressed = """
    UEsDBC0AAAAIAAAAIQD+/qJt//////////8FABQAWC5ucHkBABAAwAYAAAAAAABUAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l \
    oG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GqY6CiYGmjoKtQrkAi6GUTAKRsEoGAWjgAwAAFBLAwQtAAAACAAA \
    ACEAy3edqf//////////BQAUAHkubnB5AQAQAKgAAAAAAAAAUQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZf \
    VFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqmOpo6CrUKFAAuBihghNJMUJoZSrNAaQBQSwECLQMtAAAACAAAACEA/v6ibVQAAADA \
    BgAABQAAAAAAAAAAAAAAgAEAAAAAWC5ucHlQSwECLQMtAAAACAAAACEAy3edqVEAAACoAAAABQAAAAAAAAAAAAAAgAGLAAAAeS5u \
    cHlQSwUGAAAAAAIAAgBmAAAAEwEAAAAA
    """
  /// scipy.sparse.save_npz(f, csc_matrix([[0, 1.5, 0], [-2, 0, 0]]))
  static let csc = """
    UEsDBC0AAAAIAAAAIQCAMaOH//////////8LABQAaW5kaWNlcy5ucHkBABAAiAAAAAAAAABIAAAAAAAAAJvsF+obEMnIUMZQrZ6S \
    WpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5GBggAAFBLAwQtAAAACAAAACEAmxOi \
    bP//////////CgAUAGluZHB0ci5ucHkBABAAkAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaKuo6Cell9U \
    UpSYF59flJIKEndLzClOBYoXZyQWpAL5GiY6mjoKtQoUAC4GIGAEYiYoBgBQSwMELQAAAAgAAAAhAFHjxP3//////////woAFABm \
    b3JtYXQubnB5AQAQAIMAAAAAAAAARQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeE2ysrqOgnpZfVFKUmBefX5SSChJ3S8wp \
    TgWKF2ckFqQC+RqaOgq1ChQBruTiZABQSwMELQAAAAgAAAAhAGBIfgz//////////wkAFABzaGFwZS5ucHkBABAAkAAAAAAAAABK \
    AAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4m \
    BghghtIAUEsDBC0AAAAIAAAAIQCu3Hb6//////////8IABQAZGF0YS5ucHkBABAAkAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQ \
    rZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GCDgAoX7YAwBQSwECLQMtAAAA \
    CAAAACEAgDGjh0gAAACIAAAACwAAAAAAAAAAAAAAgAEAAAAAaW5kaWNlcy5ucHlQSwECLQMtAAAACAAAACEAmxOibEwAAACQAAAA \
    CgAAAAAAAAAAAAAAgAGFAAAAaW5kcHRyLm5weVBLAQItAy0AAAAIAAAAIQBR48T9RQAAAIMAAAAKAAAAAAAAAAAAAACAAQ0BAABm \
    b3JtYXQubnB5UEsBAi0DLQAAAAgAAAAhAGBIfgxKAAAAkAAAAAkAAAAAAAAAAAAAAIABjgEAAHNoYXBlLm5weVBLAQItAy0AAAAI \
    AAAAIQCu3Hb6TAAAAJAAAAAIAAAAAAAAAAAAAACAARMCAABkYXRhLm5weVBLBQYAAAAABQAFABYBAACZAgAAAAA=
    """
  /// The same as csr_matrix.
  static let csr = """
    UEsDBC0AAAAIAAAAIQCAMaOH//////////8LABQAaW5kaWNlcy5ucHkBABAAiAAAAAAAAABIAAAAAAAAAJvsF+obEMnIUMZQrZ6S \
    WpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5GBggAAFBLAwQtAAAACAAAACEAAuy9 \
    qf//////////CgAUAGluZHB0ci5ucHkBABAAjAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaKuo6Cell9U \
    UpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GIGAEYiYgBgBQSwMELQAAAAgAAAAhAKPDdJf//////////woAFABm \
    b3JtYXQubnB5AQAQAIMAAAAAAAAARQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeE2ysrqOgnpZfVFKUmBefX5SSChJ3S8wp \
    TgWKF2ckFqQC+RqaOgq1ChQBruTiIgBQSwMELQAAAAgAAAAhAGBIfgz//////////wkAFABzaGFwZS5ucHkBABAAkAAAAAAAAABK \
    AAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4m \
    BghghtIAUEsDBC0AAAAIAAAAIQCwmMVB//////////8IABQAZGF0YS5ucHkBABAAkAAAAAAAAABNAAAAAAAAAJvsF+obEMnIUMZQ \
    rZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GMPhhD6EZDgAAUEsBAi0DLQAA \
    AAgAAAAhAIAxo4dIAAAAiAAAAAsAAAAAAAAAAAAAAIABAAAAAGluZGljZXMubnB5UEsBAi0DLQAAAAgAAAAhAALsvalMAAAAjAAA \
    AAoAAAAAAAAAAAAAAIABhQAAAGluZHB0ci5ucHlQSwECLQMtAAAACAAAACEAo8N0l0UAAACDAAAACgAAAAAAAAAAAAAAgAENAQAA \
    Zm9ybWF0Lm5weVBLAQItAy0AAAAIAAAAIQBgSH4MSgAAAJAAAAAJAAAAAAAAAAAAAACAAY4BAABzaGFwZS5ucHlQSwECLQMtAAAA \
    CAAAACEAsJjFQU0AAACQAAAACAAAAAAAAAAAAAAAgAETAgAAZGF0YS5ucHlQSwUGAAAAAAUABQAWAQAAmgIAAAAA
    """
  static let coo = """
    UEsDBC0AAAAIAAAAIQB7VrXz//////////8HABQAcm93Lm5weQEAEACIAAAAAAAAAEkAAAAAAAAAm+wX6hsQychQxlCtnpJanFyk \
    bqWgbpNpoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALgYgYARiAFBLAwQtAAAACAAAACEAgDGjh/// \
    ////////BwAUAGNvbC5ucHkBABAAiAAAAAAAAABIAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaKuo6Cell9UUpSYF59f \
    lJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5GBggAAFBLAwQtAAAACAAAACEAJ/IFEv//////////CgAUAGZvcm1hdC5ucHkB \
    ABAAgwAAAAAAAABFAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF4TbKyuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5 \
    Gpo6CrUKFAGu5Px8AFBLAwQtAAAACAAAACEAYEh+DP//////////CQAUAHNoYXBlLm5weQEAEACQAAAAAAAAAEoAAAAAAAAAm+wX \
    6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALiYGCGCG0gBQSwME \
    LQAAAAgAAAAhALCYxUH//////////wgAFABkYXRhLm5weQEAEACQAAAAAAAAAE0AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWg \
    bpNmoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALgYw+GEPoRkOAABQSwECLQMtAAAACAAAACEAe1a1 \
    80kAAACIAAAABwAAAAAAAAAAAAAAgAEAAAAAcm93Lm5weVBLAQItAy0AAAAIAAAAIQCAMaOHSAAAAIgAAAAHAAAAAAAAAAAAAACA \
    AYIAAABjb2wubnB5UEsBAi0DLQAAAAgAAAAhACfyBRJFAAAAgwAAAAoAAAAAAAAAAAAAAIABAwEAAGZvcm1hdC5ucHlQSwECLQMt \
    AAAACAAAACEAYEh+DEoAAACQAAAACQAAAAAAAAAAAAAAgAGEAQAAc2hhcGUubnB5UEsBAi0DLQAAAAgAAAAhALCYxUFNAAAAkAAA \
    AAgAAAAAAAAAAAAAAIABCQIAAGRhdGEubnB5UEsFBgAAAAAFAAUADwEAAJACAAAAAA==
    """

  private func written(_ base64: String) throws -> NPZ {
    let bytes = try #require(Data(base64Encoded: base64.filter { !$0.isWhitespace }))
    return try NPZ(path: directory.write([UInt8](bytes), "a.npz"))
  }

  @Test func whatNumPyDeflated() throws {
    let npz = try written(Self.compressed)
    #expect(npz.names == ["X", "y"])
    #expect(try npz.matrix("X", as: Double.self) == Matrix.zeros(5, 40))
    #expect(try npz.vector("y", as: Double.self) == [0, 1, 2, 3, 4])
  }

  @Test func whatSciPyWrote() throws {
    let expected = Matrix<Double>([[0, 1.5, 0], [-2, 0, 0]])
    for text in [Self.csc, Self.csr] {
      let npz = try written(text)
      #expect(npz.containsSparseMatrix())
      #expect(try npz.sparseMatrix(as: Double.self).dense() == expected)
    }
    let error = #expect(throws: DatasetError.self) { try written(Self.coo).sparseMatrix(as: Double.self) }
    #expect("\(error!)".contains("format.npy: holds 'coo'; expected 'csc' or 'csr'"))
  }

  @Test func sparseArraysThatDoNotFit() throws {
    func files(
      format: String = "csr", shape: [Int] = [2, 3], data: [Double] = [1, 2, 3], indices: [Int] = [0, 2, 1],
      indptr: [Int] = [0, 2, 3]
    ) -> [(name: String, bytes: [UInt8])] {
      [
        ("X.format.npy", NPYBytes.text(format)), ("X.shape.npy", NPYBytes.integers(shape)),
        ("X.data.npy", NPYBytes.vector(data)), ("X.indices.npy", NPYBytes.integers(indices)),
        ("X.indptr.npy", NPYBytes.integers(indptr)),
      ]
    }
    #expect(
      try archive(files()).sparseMatrix(prefix: "X.", as: Double.self).dense() == Matrix([[1, 0, 2], [0, 3, 0]]))
    for (files, says) in [
      (files(indices: [2, 0, 1]), "X.indices.npy: not csr of 2 × 3"), (files(indices: [0, 3, 1]), "X.indices.npy"),
      (files(indices: [0, 2]), "X.indptr.npy"), (files(indptr: [0, 2]), "X.indptr.npy"),
      (files(indptr: [0, 4, 3]), "X.indptr.npy"),
      (files(shape: [2]), "X.shape.npy: holds [2]"), (files(shape: [2, -3]), "holds [2, -3]"),
      (files(shape: [0, 3]), "X.shape.npy"),
      (files(shape: [2, 1 << 40]), "X.shape.npy"), (files(data: [1, .nan, 3]), "X.data.npy: entry 1"),
      (files(format: "bsr"), "'bsr'"),
      (Array(files().dropLast()), "has no array 'X.indptr'"),
    ] {
      let error = #expect(throws: DatasetError.self) { try archive(files).sparseMatrix(prefix: "X.", as: Double.self) }
      #expect("\(error!)".contains(says), "\(error!)")
    }
  }

  @Test func whatIsWrongIsSaid() throws {
    let good = ZipBytes([("X.npy", NPYBytes().bytes)]).bytes
    func changed(_ change: (inout ZipBytes) -> Void) -> [UInt8] {
      var zip = ZipBytes([("X.npy", NPYBytes().bytes)])
      change(&zip)
      return zip.bytes
    }
    func replacing(_ place: Int, _ bytes: [UInt8]) -> [UInt8] {
      var result = good
      result.replaceSubrange(place..<(place + bytes.count), with: bytes)
      return result
    }
    let data = 30 + 5
    let directoryStart = data + NPYBytes().bytes.count
    let cases: [([UInt8], String)] = [
      ([], "has 0 bytes"), (NPYBytes().bytes, "no end of a zip directory"),
      (Array(good.dropLast()), "no end of a zip directory"),
      (Array(good.dropFirst(10)), "does not fit"),
      (changed { $0.method = 9 }, "a.npz/X.npy: is compressed by method 9"),
      (changed { $0.method = 8 }, "deflated data corrupt"), (changed { $0.flags = 1 }, "is encrypted"),
      (changed { $0.files[0].name = "X.txt" }, "holds 'X.txt'; expected arrays"),
      (changed { $0.files.append($0.files[0]) }, "twice"), (changed { $0.files[0].bytes = [1, 2] }, "has 2 bytes"),
      (changed { $0.files[0].name = "Z.npy" }, "has no array 'X'; found 'Z'"),
      (replacing(data + 100, [77]), "X.npy: its checksum"), (replacing(0, [0]), "no local header"),
      (replacing(directoryStart, [0]), "directory corrupt"),
      // Sizes of gigabytes that are not there.
      (replacing(directoryStart + 24, [0, 0, 0, 0x70]), "cannot be the"),
      (replacing(directoryStart + 20, [0, 0, 0, 0x70, 0, 0, 0, 0x70]), "go beyond the end"),
      (replacing(directoryStart + 42, [0xFF, 0xFF, 0, 0]), "beyond the end"),
    ]
    for (bytes, says) in cases {
      let path = try directory.write(bytes, "a.npz")
      let error = #expect(throws: DatasetError.self, "\(says)") { try NPZ(path: path).matrix("X", as: Double.self) }
      #expect("\(String(describing: error))".contains(says), "\(String(describing: error))")
    }
    // A small file that says that it holds gigabytes.
    let bomb = changed { $0.method = 8 }
    let path = try directory.write(
      Array(bomb[..<(directoryStart + 24)]) + [0, 0, 0, 0x70] + Array(bomb[(directoryStart + 28)...]), "a.npz")
    let error = #expect(throws: DatasetError.self) { try NPZ(path: path).matrix("X", as: Double.self) }
    #expect("\(error!)".contains("cannot be the"), "\(error!)")
  }

  @Test func mutatedBytesNeverCrash() throws {
    var random = RandomStream(seed: 7)
    let originals = [Self.compressed, Self.csr].map { [UInt8](Data(base64Encoded: $0.filter { !$0.isWhitespace })!) }
    var wide = ZipBytes([("X.npy", NPYBytes().bytes), ("y.npy", NPYBytes.vector([1, 2]))])
    wide.isWide = true
    var refused = 0
    for k in 0..<3000 {
      let original = k % 3 == 2 ? wide.bytes : originals[k % 3]
      let path = try directory.write(
        random.mangled(original, with: Array("PK\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\0".utf8)), "a.npz")
      do throws(DatasetError) {
        let npz = try NPZ(path: path)
        if k % 3 == 1 {
          #expect(try npz.sparseMatrix(as: Double.self).dense() == Matrix([[0, 1.5, 0], [-2, 0, 0]]))
        } else {
          let X = try npz.matrix("X", as: Double.self)
          #expect(X == (k % 3 == 0 ? Matrix.zeros(5, 40) : Matrix([[0, 1, 2], [3, 4, 5]])))
        }
      } catch { refused += 1 }
    }
    // Whatever passes is what was written: contents are checked by their sums. Times, versions and the local copies of sizes are free.
    #expect((1500..<3000).contains(refused))
  }
}
