import Foundation
import TestSupport

/// One of the package's executables, as built beside the tests.
struct Tool {
  static let implicitDiff = Tool("implicit-diff")
  static let bench = Tool("implicit-diff-bench")

  private let executable: URL

  private init(_ name: String) { executable = productsFolder.appending(path: name) }

  struct Result {
    var code: Int32
    var output: String
    var errors: String
    var errorLines: [Substring] { errors.split(separator: "\n") }
  }

  /// Runs a line of the shell in which "$0" is the tool and "$@" its arguments.
  func shell(_ line: String, _ arguments: [String], in folder: String? = nil) throws -> Result {
    try run(URL(filePath: "/bin/sh"), ["-c", line, executable.path] + arguments, in: folder)
  }

  /// Runs the tool to its end.
  func run(_ arguments: [String], in folder: String? = nil) throws -> Result {
    try run(executable, arguments, in: folder)
  }

  /// Both streams go to files, so that neither can fill up and block the program.
  private func run(_ executable: URL, _ arguments: [String], in folder: String?) throws -> Result {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "implicit-diff-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    process.standardInput = FileHandle.nullDevice
    let streams = try ["output", "errors"].map { name in
      let url = scratch.appending(path: name)
      try Data().write(to: url)
      return (url, try FileHandle(forWritingTo: url))
    }
    process.standardOutput = streams[0].1
    process.standardError = streams[1].1
    // The threads that tests run on block signals, and a program inherits that; a shell would not hand it on.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    let start = Swift.Result { try process.run() }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    try start.get()
    process.waitUntilExit()
    for (_, handle) in streams { try handle.close() }
    return Result(
      code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: String(decoding: try Data(contentsOf: streams[0].0), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: streams[1].0), as: UTF8.self))
  }
}

/// The report of `hypergradient --json`, as a program that reads it would declare it.
struct Report: Decodable {
  struct Inner: Decodable {
    var iterations: Int
    var residual: Double?
    var duality_gap: Double?
    var violation: Double?
    var seconds: Double
  }
  struct Seconds: Decodable {
    var reading: Double
    var solving: Double
    var linearizing: Double
    var adjoint: Double
    var bound: Double
    var total: Double
  }
  struct Adjoint: Decodable {
    var iterations: Int
    var products: Int
    var residual: Double?
    var seconds: Double
  }
  var model: String
  var method: String
  var samples: Int
  var features: Int
  var value: Double
  var hypergradient: [Double]
  var support_size: Int
  var margin: Double?
  var error_bound: Double?
  var no_bound: String?
  var converged: Bool
  var inner: Inner
  var adjoint: Adjoint
  var hypergradient_seconds: Double
  var seconds: Seconds

  static func decode(_ text: String) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(text.utf8))
  }
}
