import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Whatever is wrong is one line on standard error and an exit code; nothing is printed and nothing is written.
@Suite struct BadInputTests {
  let directory = try! TemporaryDirectory()

  /// A small sound problem: 4 rows to train on, 2 to judge by, 3 columns.
  private func writeData() throws -> String {
    let folder = directory.file("data")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try NPY.write(Matrix<Double>([[1, 2, 0], [0, 1, 1], [3, 0, 1], [1, 1, 1]]), to: folder + "/X_train.npy")
    try NPY.write([1, -1, 2, 0] as Vector<Double>, to: folder + "/y_train.npy")
    try NPY.write(Matrix<Double>([[1, 0, 1], [0, 2, 1]]), to: folder + "/X_val.npy")
    try NPY.write([1, 1] as Vector<Double>, to: folder + "/y_val.npy")
    return folder
  }

  private func run(_ folder: String, _ more: [String] = [], strengths: [String]? = nil) throws -> Tool.Result {
    try Tool.implicitDiff.run(
      ["hypergradient", folder] + (strengths ?? ["--lambda1", "0.1", "--lambda2", "0.1"]) + more)
  }

  private func expectRefusal(
    _ result: Tool.Result, _ code: Int32, _ fragments: [String], _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.code == code, "\(result.errors)", sourceLocation: location)
    #expect(result.output.isEmpty, sourceLocation: location)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
    for fragment in fragments {
      #expect(result.errors.contains(fragment), "\(result.errors) does not say '\(fragment)'", sourceLocation: location)
    }
  }

  @Test func theSmallProblemIsSound() throws { #expect(try run(writeData(), ["--method", "all"]).code == 0) }

  @Test func strengthsAndGroupsThatDoNotFit() throws {
    let folder = try writeData()
    func file(_ name: String, _ values: Vector<Double>) throws -> String {
      try NPY.write(values, to: directory.file(name))
      return directory.file(name)
    }
    func groups(_ name: String, _ values: [Int64]) throws -> String {
      try directory.write(
        NPYBytes(descr: "'<i8'", shape: "(\(values.count),)", data: values.flatMap { NPYBytes.bytes(of: $0) }).bytes,
        name)
    }
    let three = try file("three.npy", [0.1, 0.2, 0.3])
    let two = try file("two.npy", [0.1, 0.2])
    let ridge = ["--lambda2", "0.1"]
    func refuse(_ strengths: [String], _ code: Int32, _ fragments: String...) throws {
      expectRefusal(try run(folder, strengths: ridge + strengths), code, fragments)
    }
    try refuse([], 64, "either --lambda1 or --strengths")
    try refuse(["--lambda1", "1", "--strengths", three], 64, "either --lambda1 or --strengths")
    try refuse(["--lambda1", "1", "--groups", three], 64, "--groups needs --strengths")
    try refuse(["--strengths", two], 65, "two.npy", "holds 2 strengths; expected 3")
    try refuse(["--strengths", try file("minus.npy", [0.1, -1, 0])], 65, "minus.npy", "entry 1 is -1.0")
    try refuse(["--strengths", try file("nan.npy", [0.1, 1, .nan])], 65, "nan.npy", "entry 2", "nan")
    let none = ["--strengths", try file("none.npy", []), "--groups", try groups("k.npy", [0, 0, 0])]
    try refuse(none, 65, "none.npy", "no strengths")
    try refuse(["--strengths", two, "--groups", try groups("g.npy", [0, 1])], 65, "g.npy", "2 entries; expected 3")
    try refuse(
      ["--strengths", two, "--groups", try groups("h.npy", [0, 2, 1])], 65, "h.npy", "entry 1 is 2", "0 ..< 2")
    try refuse(["--strengths", two, "--groups", try groups("i.npy", [0, 1, -1])], 65, "i.npy", "entry 2 is -1")
    let sound = try run(
      folder, strengths: ridge + ["--strengths", two, "--groups", try groups("j.npy", [0, 1, 1])])
    #expect(sound.code == 0, "\(sound.errors)")
  }

  /// 20,000 strengths would be 20,000 tangents of 20,000 numbers.
  @Test func tangentsThatDoNotFitAreRefused() throws {
    let folder = directory.file("wide")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let p = 20_000
    try NPY.write(Matrix<Double>(rows: 3, columns: p) { Double(($0 + $1) % 5) - 2 }, to: folder + "/X_train.npy")
    try NPY.write([1, -1, 2] as Vector<Double>, to: folder + "/y_train.npy")
    try NPY.write(Matrix<Double>(rows: 2, columns: p) { Double(($0 * $1) % 3) - 1 }, to: folder + "/X_val.npy")
    try NPY.write([1, 1] as Vector<Double>, to: folder + "/y_val.npy")
    try NPY.write(Vector<Double>(repeating: 1, count: p), to: folder + "/t.npy")
    let strengths = ["--strengths", folder + "/t.npy", "--lambda2", "0.1"]
    expectRefusal(
      try run(folder, ["--method", "itd-forward"], strengths: strengths), 64, ["20001 tangents", "itd-reverse"])
    #expect(try run(folder, ["--method", "auto"], strengths: strengths).code == 0)
  }

  @Test func labelsOfTheLogisticModel() throws {
    let folder = try writeData()
    expectRefusal(try run(folder, ["--model", "logistic"]), 65, ["y_train.npy", "entry 2 is 2.0", "-1 and 1"])
    try NPY.write([1, -1, 1, -1] as Vector<Double>, to: folder + "/y_train.npy")
    try NPY.write([1, 0] as Vector<Double>, to: folder + "/y_val.npy")
    expectRefusal(try run(folder, ["--model", "logistic"]), 65, ["y_val.npy", "entry 1 is 0.0"])
    try NPY.write([1, -1] as Vector<Double>, to: folder + "/y_val.npy")
    #expect(try run(folder, ["--model", "logistic", "--method", "all"]).code == 0)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var file: String
    var bytes: [UInt8]
    var fragments: [String]
    var testDescription: String { "\(file): \(fragments.joined(separator: ", "))" }

    init(_ file: String, _ npy: NPYBytes, _ fragments: String...) {
      (self.file, self.bytes, self.fragments) = (file, npy.bytes, fragments)
    }

    init(_ file: String, raw: [UInt8], _ fragments: String...) {
      (self.file, self.bytes, self.fragments) = (file, raw, fragments)
    }
  }

  private static func doubles(_ values: Double...) -> [UInt8] { values.flatMap { NPYBytes.bytes(of: $0.bitPattern) } }

  static let cases: [Case] = [
    // Types.
    Case("X_train.npy", NPYBytes(descr: "'<c16'", shape: "(4, 3)", data: Array(repeating: 0, count: 192)), "c16"),
    Case("y_train.npy", NPYBytes(descr: "'<U4'", shape: "(4,)", data: Array(repeating: 0, count: 64)), "U4"),
    Case("X_train.npy", NPYBytes(descr: "'|O'", shape: "(4, 3)", data: Array("\u{80}pickle".utf8)), "pickled"),
    Case("X_val.npy", NPYBytes(descr: "[('a', '<f8')]", shape: "(2,)", data: doubles(1, 2)), "structured"),
    // Shapes.
    Case("X_train.npy", NPYBytes(shape: "(6,)"), "(6,)", "2 dimensions"),
    Case("X_train.npy", NPYBytes(shape: "(1, 2, 3)"), "(1, 2, 3)", "2 dimensions"),
    Case("y_train.npy", NPYBytes(shape: "(4, 1)", data: doubles(1, 2, 3, 4)), "(4, 1)", "1 dimension"),
    Case("y_train.npy", NPYBytes(shape: "(5,)", data: doubles(1, 2, 3, 4, 5)), "5 entries", "4", "X_train.npy"),
    Case("y_val.npy", NPYBytes(shape: "(1,)", data: doubles(1)), "1 entries", "2", "X_val.npy"),
    Case("X_val.npy", NPYBytes(shape: "(2, 2)", data: doubles(1, 2, 3, 4)), "2 columns", "3", "X_train.npy"),
    Case("X_train.npy", NPYBytes(shape: "(0, 3)", data: []), "(0, 3)", "rows and columns"),
    Case("X_train.npy", NPYBytes(shape: "(4, 0)", data: []), "(4, 0)", "rows and columns"),
    Case("X_val.npy", NPYBytes(shape: "(0, 3)", data: []), "(0, 3)", "rows and columns"),
    // Numbers.
    Case(
      "X_train.npy", NPYBytes(shape: "(4, 3)", data: doubles(1, 2, 3, 4, .nan, 6, 7, 8, 9, .infinity, 11, 12)),
      "row 1, column 1", "nan"),
    Case("X_val.npy", NPYBytes(data: doubles(1, 2, -.infinity, 4, 5, 6)), "row 0, column 2", "-inf"),
    Case(
      "X_val.npy", NPYBytes(order: "True", data: doubles(1, .infinity, 3, 4, 5, 6)), "row 1, column 0", "inf"),
    Case("y_train.npy", NPYBytes(shape: "(4,)", data: doubles(1, 2, 3, .nan)), "entry 3", "nan"),
    // Files that are broken or hostile.
    Case("X_train.npy", raw: [], "empty"),
    Case("X_train.npy", raw: Array("1,2,3\n4,5,6\n7,8,9\n".utf8), "not a NumPy array"),
    Case("X_train.npy", NPYBytes(data: doubles(1, 2, 3, 4, 5)), "40 bytes", "truncated"),
    Case("X_train.npy", NPYBytes(data: doubles(1, 2, 3, 4, 5, 6, 7)), "56 bytes", "too many"),
    Case("X_train.npy", raw: Array(NPYBytes().bytes.prefix(30)), "truncated"),
    Case("X_train.npy", NPYBytes(version: [2, 0], length: 0xFFFF_FFFF), "header length 4294967295"),
    Case(
      "X_train.npy",
      NPYBytes(version: [2, 0], dictionary: "{'descr': '<f8'," + String(repeating: " ", count: 100_000) + "}"),
      "header length", "at most"),
    Case("X_train.npy", NPYBytes(shape: "(2147483647, 2147483647)"), "overflows"),
    Case("X_train.npy", NPYBytes(shape: "(99999999999999999999, 2)"), "shape"),
    Case("X_train.npy", NPYBytes(shape: "(1000000, 1000000)"), "truncated"),
    Case("X_train.npy", NPYBytes(shape: "(-2, 3)"), "shape"),
    Case("X_train.npy", NPYBytes(dictionary: "{'descr': __import__('os')}"), "header"),
  ]

  @Test(arguments: cases)
  func badFilesExit65(_ bad: Case) throws {
    let folder = try writeData()
    try Data(bad.bytes).write(to: URL(filePath: folder + "/" + bad.file))
    let result = try run(folder, ["--json", directory.file("report.json")])
    expectRefusal(result, 65, [folder + "/" + bad.file + ":"] + bad.fragments)
    #expect(try directory.names == ["data"], "something was left behind")
  }

  @Test(arguments: ["X_train.npy", "y_train.npy", "X_val.npy", "y_val.npy"])
  func missingFilesExit66(_ file: String) throws {
    let folder = try writeData()
    try FileManager.default.removeItem(atPath: folder + "/" + file)
    expectRefusal(try run(folder), 66, [folder + "/" + file, "no such file"])
  }

  @Test func aMissingFolderExits66() throws {
    let folder = directory.file("nowhere")
    expectRefusal(try run(folder), 66, [folder, "no such"])
    let data = try writeData()
    expectRefusal(try run(data, ["--solution", folder + "/w.npy"]), 66, [folder + "/w.npy", "no such file"])
  }

  @Test func aFolderInPlaceOfAFileExits65() throws {
    let folder = try writeData()
    try FileManager.default.removeItem(atPath: folder + "/y_val.npy")
    try FileManager.default.createDirectory(atPath: folder + "/y_val.npy", withIntermediateDirectories: true)
    expectRefusal(try run(folder), 65, [folder + "/y_val.npy", "directory"])
  }

  @Test func badSolutionsExit65() throws {
    let folder = try writeData()
    let path = directory.file("w.npy")
    try NPY.write([1, 2] as Vector<Double>, to: path)
    expectRefusal(try run(folder, ["--solution", path]), 65, [path, "2 entries", "3 columns"])
    try NPY.write([1, .nan, 2] as Vector<Double>, to: path)
    expectRefusal(try run(folder, ["--solution", path]), 65, [path, "entry 1"])
    try NPY.write(Matrix<Double>([[1, 2, 3]]), to: path)
    expectRefusal(try run(folder, ["--solution", path]), 65, [path, "1 dimension"])
  }

  /// Each with what the message has to name.
  @Test(arguments: [
    (["--lambda1", "-1", "--lambda2", "1"], "--lambda1"), (["--lambda1", "1", "--lambda2", "-0.5"], "--lambda2"),
    (["--lambda1", "nan", "--lambda2", "1"], "--lambda1"), (["--lambda1", "1", "--lambda2", "inf"], "--lambda2"),
    (["--lambda1", "one", "--lambda2", "1"], "--lambda1"), (["--lambda1", "1"], "--lambda2"),
    (["--lambda1", "1", "--lambda2", "1", "--method", "newton"], "newton"),
    (["--lambda1", "1", "--lambda2", "1", "--model", "ridge"], "ridge"),
    (["--lambda1", "1", "--lambda2", "1", "--repeat", "0"], "--repeat"),
    (["--lambda1", "1", "--lambda2", "1", "--repeat", "-3"], "--repeat"),
    (["--lambda1", "1", "--lambda2", "1", "--iterations", "0"], "--iterations"),
    (["--lambda1", "1", "--lambda2", "1", "--tolerance", "-1e-8"], "--tolerance"),
    (["--lambda1", "1", "--lambda2", "1", "--step", "0"], "--step"),
    (["--lambda1", "1", "--lambda2", "1", "--step", "-1"], "--step"),
    (["--lambda1", "1", "--lambda2", "1", "--frobnicate"], "--frobnicate"),
  ])
  func badUsageExits64(_ options: [String], _ fragment: String) throws {
    expectRefusal(try run(writeData(), strengths: options), 64, [fragment])
  }

  @Test func badCommandsExit64() throws {
    expectRefusal(try Tool.implicitDiff.run(["differentiate"]), 64, ["differentiate"])
    expectRefusal(try Tool.implicitDiff.run(["hypergradient", "--lambda1", "1", "--lambda2", "1"]), 64, ["directory"])
  }

  @Test func tooFewIterationsExit70WithHowFarTheyCame() throws {
    let folder = try writeData()
    let report = directory.file("report.json")
    expectRefusal(
      try run(folder, ["--iterations", "1", "--json", report]), 70, ["1 iterations", "residual of", "inner problem"])
    #expect(try directory.names == ["data"])
  }

  /// An adjoint solve cut short: what there is gets reported, marked as not converged, and the exit code says so.
  /// The limit counts iterations, two products each with BiCGSTAB.
  @Test func tooFewAdjointIterationsExit70() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let solution = directory.file("w.npy")
    try NPY.write(Vector<Double>(reference.answer.solution), to: solution)
    for method in ["aid-fp", "aid-cg", "aid-minres", "aid-gmres", "aid-bicgstab", "itd-forward", "itd-reverse"] {
      let result = try Tool.implicitDiff.run([
        "hypergradient", ReferenceCase.root + "/" + reference.name, "--lambda1", "2", "--lambda2", "0.1", "--solution",
        solution, "--method", method, "--iterations", "2", "--json", "-",
      ])
      #expect(result.code == 70, "\(method): \(result.errors)")
      #expect(result.errorLines.count == 1)
      #expect(
        result.errors.contains(method) && result.errors.contains("2 iterations left a residual of"),
        "\(result.errors)")
      #expect(try !Report.decode(result.output).converged, "\(method)")
    }
  }

  /// H = XᵀX/4 + 0.1 I has the largest eigenvalue L, so a step s beyond 2/L expands by s L − 1. Here XᵀX =
  /// [[11, 3, 4], [3, 6, 2], [4, 2, 3]] and its largest eigenvalue is near 14.27.
  @Test func aStepThatDoesNotContractExits70WithItsFactor() throws {
    let folder = try writeData()
    let result = try run(folder, ["--step", "10"])
    expectRefusal(result, 70, ["does not contract", "step 10"])
    let factor = try #require(
      result.errors.firstMatch(of: /factor is ([0-9.]+)/).flatMap { Double(String($0.1)) })
    let XtX = Matrix<Double>([[11, 3, 4], [3, 6, 2], [4, 2, 3]])
    // The power method, to more digits than are printed.
    var v: Vector<Double> = [1, 1, 1]
    var largest = 0.0
    for _ in 0..<200 {
      v = XtX * v
      largest = v.norm
      v.scale(by: 1 / largest)
    }
    // Four digits are printed.
    #expect(abs(factor / (10 * (largest / 4 + 0.1) - 1) - 1) <= 1e-3)
    #expect(try run(folder, ["--step", "0.1"]).code == 0)
  }

  @Test func unwritableReportsExit73AndLeaveNothing() throws {
    let folder = try writeData()
    let report = directory.file("nowhere/report.json")
    let result = try run(folder, ["--json", report])
    expectRefusal(result, 73, [report])
    #expect(try directory.names == ["data"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
  }

  /// Finite numbers whose products overflow, and data with nothing in them: refused or answered, never a crash.
  @Test(arguments: [1e200, 1e160, 0, 1e-200])
  func extremeScalesDoNotCrash(_ scale: Double) throws {
    let folder = try writeData()
    let X = Matrix<Double>([[1, 2, 0], [0, 1, 1], [3, 0, 1], [1, 1, 1]])
    try NPY.write(Matrix<Double>(rows: 4, columns: 3) { scale * X[$0, $1] }, to: folder + "/X_train.npy")
    for method in ["auto", "all"] {
      for strength in ["0", "0.1"] {
        let result = try run(
          folder, ["--method", method, "--json", directory.file("report.json")],
          strengths: ["--lambda1", strength, "--lambda2", strength])
        #expect([0, 65, 70].contains(result.code), "\(result.code) \(result.errors)")
        #expect(result.code == 0 || !result.errors.isEmpty)
      }
    }
  }
}
