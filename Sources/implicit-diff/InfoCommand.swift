import ArgumentParser
import CommandSupport
import LinAlg
import TextTable

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Versions, the BLAS in use, and a numerical check of it.",
    discussion: """
      Older OpenBLAS builds compute wrong results on some processors. The check compares products and factorizations \
      with plain loops over the sizes where kernels change, and exits 70 if one is off.
      """)

  func run() throws {
    try Console.print(
      """
      implicit-diff  \(implicitDiffVersion)
      BLAS           \(BLAS.configuration)
      kernel         \(BLAS.kernel)
      threads        \(BLAS.threads) of \(BLAS.processors)

      """)
    let results = BLAS.selfCheck()
    let table = TextTable<SelfCheckResult> { r in
      [
        Column(title: "check", value: r.name),
        Column(title: "error / allowed", value: Format.number(r.largestError), align: .right),
        Column(title: "at", value: r.worstCase),
        Column(title: "result", value: r.passed ? "ok" : "WRONG"),
      ]
    }
    try Console.print(table.string(for: results) ?? "")
    let wrong = results.filter { !$0.passed }
    if !wrong.isEmpty {
      Console.error(
        "this BLAS computes wrong results on this processor (\(wrong.map(\.name).joined(separator: ", "))): set OPENBLAS_CORETYPE=Haswell or install a newer OpenBLAS"
      )
      throw ExitCode.notConverged
    }
  }
}
