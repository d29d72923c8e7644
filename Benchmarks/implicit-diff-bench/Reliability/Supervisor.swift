import CommandSupport
import Foundation
import Reliability

/// The parent's side: runs problems in a child process, counts a child that died or did not answer as one failed problem, and
/// goes on behind it.
struct Supervisor {
  let campaign: Campaign
  /// Seconds without a line after which the problem counts as hung. Problems are tiny and their iterations limited.
  var patience = 5.0

  func run(_ indices: Range<Int>, _ handle: (Record) throws -> Void) throws {
    var next = indices.lowerBound
    while next < indices.upperBound {
      next = try runChild(next..<indices.upperBound, handle)
    }
  }

  /// Runs a child over the range; where the next one has to begin.
  private func runChild(_ range: Range<Int>, _ handle: (Record) throws -> Void) throws -> Int {
    let errors = FileManager.default.temporaryDirectory.appending(path: "reliability-\(UUID().uuidString).txt")
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    let output = Pipe()
    let child = Process()
    child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    if !FileManager.default.fileExists(atPath: "/proc/self/exe") {
      child.executableURL = Bundle.main.executableURL
    }
    child.arguments = [
      "reliability", "--worker", "--seed", "\(campaign.seed)", "--range", "\(range.lowerBound)..<\(range.upperBound)",
    ]
    if let only = campaign.only { child.arguments! += ["--only", only.rawValue] }
    // A crash is counted, not analysed: the backtracer would take seconds for each.
    child.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    child.standardOutput = output
    child.standardError = try FileHandle(forWritingTo: errors)
    try child.run()
    var lines = LineReader(output.fileHandleForReading.fileDescriptor)
    var current: Int?
    var hung = false
    reading: while true {
      switch lines.next(patience: patience) {
      case .line(let line) where line.hasPrefix(Worker.start): current = Int(line.dropFirst(Worker.start.count))
      case .line(let line):
        try handle(JSONDecoder().decode(Record.self, from: Data(line.utf8)))
        current = nil
      case .end: break reading
      case .silence:
        hung = true
        kill(child.processIdentifier, SIGKILL)
        break reading
      }
    }
    child.waitUntilExit()
    let died = child.terminationReason == .uncaughtSignal || child.terminationStatus != 0
    guard hung || died, let current else { return hung || died ? range.lowerBound + 1 : range.upperBound }
    let (strategy, problem) = campaign.describe(current)
    let message = (try? String(contentsOf: errors, encoding: .utf8))?.split(separator: "\n").first.map(String.init)
    try handle(
      Record(
        index: current, strategy: strategy, verdict: hung ? .hung : .crashed, outcome: hung ? "hung" : "crashed",
        isBenign: false, problem: problem,
        detail: hung ? "no answer in \(patience) s" : message ?? "signal \(child.terminationStatus)"))
    return current + 1
  }
}

/// Lines from a descriptor, with a limit on the wait for each.
struct LineReader {
  enum Event {
    case line(String)
    case end
    case silence
  }

  private let descriptor: Int32
  private var pending: [UInt8] = []

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  mutating func next(patience: Double) -> Event {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeSubrange(...end)
        return .line(line)
      }
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&wait, 1, Int32(patience * 1000))
      if ready < 0 && errno == EINTR { continue }
      if ready <= 0 { return .silence }
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { return .end }
      pending += buffer[..<count]
    }
  }
}
