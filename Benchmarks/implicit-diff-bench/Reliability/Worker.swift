import Foundation
import Reliability

/// The child's side: a line when a problem starts and a line of JSON with its record.
enum Worker {
  /// What a line that announces a problem begins with.
  static let start = "start "

  static func run(_ campaign: Campaign, _ indices: Range<Int>) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for i in indices {
      send("\(start)\(i)")
      if let record = campaign.run(i), let line = try? encoder.encode(record) {
        send(String(decoding: line, as: UTF8.self))
      }
    }
  }

  /// Straight to the parent: what is kept back in a buffer is lost in a crash.
  private static func send(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}
