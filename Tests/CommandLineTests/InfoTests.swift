import Foundation
import TestSupport
import Testing

@Suite struct InfoTests {
  /// The kernel is OpenBLAS's own name for it, which its configuration string carries too.
  @Test func infoNamesTheKernelAndPassesItsCheck() throws {
    let result = try Tool.implicitDiff.run(["info"])
    #expect(result.code == 0, "\(result.errors)")
    let kernel = try #require(result.output.firstMatch(of: /kernel +(\w+)\n/)?.1)
    #expect(result.output.contains("OpenBLAS") && result.output.contains("\(kernel) MAX_THREADS"))
    for check in ["gemm float32", "gemm float64", "Cholesky float64", "symmetric eigen float64"] {
      #expect(result.output.contains(check))
    }
    #expect(!result.output.contains("WRONG"))
  }

  @Test(arguments: [Tool.implicitDiff, Tool.bench])
  func helpAndVersion(_ tool: Tool) throws {
    for option in ["--help", "--version"] {
      let result = try tool.run([option])
      #expect(result.code == 0 && result.errors.isEmpty && !result.output.isEmpty)
    }
  }
}

/// The sweep itself takes too long for a test; what can be wrong with its arguments is found before it starts.
@Suite struct BenchTests {
  let directory = try! TemporaryDirectory()

  @Test func badUsageExits64() throws {
    for arguments in [["sweep", "--threads", "0"], ["sweep", "--fast"], ["race"]] {
      let result = try Tool.bench.run(arguments)
      #expect(result.code == 64 && result.errorLines.count == 1 && result.output.isEmpty, "\(result.errors)")
    }
  }

  @Test func missingDataExits66() throws {
    let result = try Tool.bench.run(["sweep", "--quick", "--data", directory.file("nowhere")])
    #expect(result.code == 66 && result.errorLines.count == 1 && result.output.isEmpty, "\(result.errors)")
  }

  @Test func anOutputFolderThatCannotBeExits73() throws {
    let file = try directory.write([1], "file")
    let result = try Tool.bench.run(
      ["sweep", "--quick", "--data", ReferenceCase.root + "/elastic-net-diabetes", "--out", file + "/out"])
    #expect(result.code == 73 && result.errorLines.count == 1 && result.output.isEmpty, "\(result.errors)")
    #expect(result.errors.contains(file))
  }
}
