import CommandSupport
import Datasets
import Foundation
import LinAlg

/// Rows that stay in a file: how much of the speed at which it can be read is left for a product. The file has just been written, so that it is read from the
/// page cache where that holds it.
struct StreamedScaling {
  private let command: ScalingCommand
  private let folder: String

  init(_ command: ScalingCommand, folder: String) { (self.command, self.folder) = (command, folder) }

  func measure() throws {
    let (n, p) = (command.rows, command.columns)
    let place = "\(folder)/scaling-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    let path = place + "/X_train.npy"
    let (X, y) = command.draw(0..<n)
    try Console.reportingDataErrors {
      try NPY.write(X.packed(as: .rowMajor), to: path)
      try NPY.write(y, to: place + "/y_train.npy")
      try NPY.write(X[rows: 0..<1].packed(as: .rowMajor), to: place + "/X_val.npy")
      try NPY.write(Vector<Double>(count: 1) { _ in 1 }, to: place + "/y_val.npy")
    }
    let bytes = Double(8 * n * p)
    let plain = try least { try read(path) }
    let data = try HeldOutDesigns<Double>(directory: place, within: StreamingPlan(memory: 1 << 40))
    let v = Vector<Double>(count: p) { Double($0 % 7) - 3 }
    var image = Vector<Double>.zeros(p)
    let product = try least {
      _ = data.trainFeatures.multiplyGram(columns: nil, v, weights: nil, alpha: 1, into: &image)
    }
    try data.requireUnchanged()
    try Console.print(
      [plain, product].map { Format.number(bytes / $0 / 1e9) }.joined(separator: "\t") + "\t"
        + Format.number(plain / product))
  }

  /// All bytes, by 2 MiB into the same memory.
  private func read(_ path: String) throws {
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    defer { try? file.close() }
    var buffer = [UInt8](repeating: 0, count: 2 << 20)
    let descriptor = file.fileDescriptor
    while buffer.withUnsafeMutableBytes({ Foundation.read(descriptor, $0.baseAddress, $0.count) }) > 0 {}
  }

  /// The least of the seconds over as many runs as the budget has room for, three at least.
  private func least(_ work: () throws -> Void) throws -> Double {
    let all = Stopwatch()
    var (least, runs) = (Double.infinity, 0)
    while runs < 3 || all.seconds < command.budget {
      let clock = Stopwatch()
      try work()
      least = min(least, clock.seconds)
      runs += 1
    }
    return least
  }
}
