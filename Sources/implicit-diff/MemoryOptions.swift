import ArgumentParser
import CommandSupport
import Datasets
import LinAlg
import Sharding

/// Data that stay on the disk.
struct MemoryOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Leave the rows in their files and go over them for every product, within so much memory, as 512M or 2G. For dense .npy files, and for CSV and LIBSVM files that are not compressed.",
      valueName: "SIZE"))
  var memory: String?
  @Flag(help: "Say what memory and time it will take, and do no more.") var estimate = false

  /// Bytes; nil where nothing was said.
  var bytes: Int? { memory.flatMap(Self.bytes) }

  private static func bytes(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
    var digits = Substring(text)
    var shift = 0
    if let last = digits.last, let unit = units[last] {
      digits.removeLast()
      shift = unit
    }
    guard let number = Int(digits), number > 0, number < 1 << (62 - shift) else { return nil }
    return number << shift
  }

  func validate() throws {
    if let memory, Self.bytes(memory) == nil {
      throw ValidationError("--memory: '\(memory)' is no size; expected a number of bytes, or one with K, M, G or T")
    }
    guard !estimate || Launcher.current.ranks == 1 else { throw ValidationError("--estimate goes with one rank") }
  }

  /// How rows are gone over; nil where they are in memory.
  func plan(problems: Int) -> StreamingPlan? {
    if let bytes { return StreamingPlan(memory: bytes, problems: problems) }
    return estimate ? StreamingPlan(memory: .max, problems: problems) : nil
  }

  /// Prints what the work would take.
  ///
  /// - Parameters:
  ///   - parts: the rows to fit and those to judge by, left in their files.
  ///   - passes: over all rows.
  func printEstimate(_ parts: [any DesignMatrix<Double>], problems: Int, passes: Int) throws {
    let (n, p) = (parts.reduce(0) { $0 + $1.rows }, parts[0].columns)
    var seconds = 0.0
    for part in parts {
      guard let streamed = part as? StreamedDesign<Double> else { continue }
      seconds += streamed.estimatedPassSeconds()
      try streamed.requireRead()
    }
    func size(_ bytes: Int) -> String { "\(Format.number(Double(bytes) / 1_048_576)) MiB" }
    let least = StreamingPlan(memory: 0, problems: problems).leastBytes(rows: n, columns: p)
    try Console.print(
      """
      rows            \(parts.map { "\($0.rows)" }.joined(separator: " and ")) of \(p) columns
      in memory       \(size(8 * n * p + least))
      with --memory   at least \(size(least))
      a pass          \(Format.number(seconds)) s over the files as they are read now
      in all          about \(passes) passes: \(Format.number(seconds * Double(passes))) s with --memory; in memory less
      """)
  }
}
