import Foundation
import TestSupport

/// Programs as ranks. The tests' own build knows of one rank; the variable MPI_BUILD names the folder of one with MPI (scripts/test makes it).
enum Ranks {
  static let withMPI: URL? = ProcessInfo.processInfo.environment["MPI_BUILD"].map { URL(filePath: $0) }
  static var areThere: Bool { withMPI != nil }

  static let withoutMPI = productsFolder

  struct Result {
    var code: Int32
    var output: String
    var errors: String
    var seconds: Double
    /// How many lines hold `text`: all lines cannot be compared, since mpirun adds its own when a job fails.
    func lines(containing text: String) -> Int { errors.split(separator: "\n").count { $0.contains(text) } }
  }

  /// A line of the shell, in which $RUN stands for mpirun with what it needs here.
  static func shell(_ line: String, environment: [String: String] = [:]) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ranks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exec >'\(folder.path)/output' 2>'\(folder.path)/errors'; \(line)"]
    // A test must not hang where ranks wait for each other.
    process.environment = ProcessInfo.processInfo.environment.merging([
      "RUN": "timeout 100 mpirun --oversubscribe", "MPI": withMPI?.path ?? "", "PLAIN": withoutMPI.path,
      "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    ]) { $1 }.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let clock = ContinuousClock.now
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    // The threads that tests run on block signals, and a program inherits that.
    pthread_sigmask(SIG_SETMASK, &none, &before)
    let start = Swift.Result { try process.run() }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    try start.get()
    process.waitUntilExit()
    let taken = (ContinuousClock.now - clock).components
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    }
    return Result(
      code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try text("output"), errors: try text("errors"),
      seconds: Double(taken.seconds) + Double(taken.attoseconds) / 1e18)
  }
}
