import CommandSupport
import Datasets
import Foundation

/// One curve of a figure: the normalised error ‖g − g*‖/‖g*‖ over x.
struct Curve: Codable, Equatable {
  var name: String
  /// The method's steps.
  var k: [Int]
  /// What the figure's axis shows: t, or epochs.
  var x: [Double]
  /// Nil where the method diverged.
  var error: [Double?]
}

/// The settings of a run: everything its numbers depend on. Two runs of equal settings have equal bytes.
struct FigureSettings: Codable, Equatable {
  var figure: String
  var panel: String
  var seed: Int
  var scale: String
  var numbers: [String: Double]
  var words: [String: String]

  /// The entries in which two settings differ, as lines that people read.
  func differences(from other: FigureSettings) -> [String] {
    var lines: [String] = []
    func compare<T: Equatable>(_ name: String, _ mine: T?, _ theirs: T?) {
      guard mine != theirs else { return }
      lines.append(
        "\(name): \(theirs.map { "\($0)" } ?? "absent") in the file, \(mine.map { "\($0)" } ?? "absent") now")
    }
    compare("figure", figure, other.figure)
    compare("panel", panel, other.panel)
    compare("seed", seed, other.seed)
    compare("scale", scale, other.scale)
    for key in Set(numbers.keys).union(other.numbers.keys).sorted() { compare(key, numbers[key], other.numbers[key]) }
    for key in Set(words.keys).union(other.words.keys).sorted() { compare(key, words[key], other.words[key]) }
    return lines
  }
}

/// What a run leaves behind: one JSON file, written at once when the run is done.
struct FigureFile: Codable {
  /// Raised whenever the numbers or the layout of the files change.
  static let currentFormat = 2

  var format = FigureFile.currentFormat
  /// Eight hexadecimal digits over the whole file; see ``sealed(_:)``.
  var checksum = FigureFile.noChecksum
  var version = implicitDiffVersion
  var settings: FigureSettings
  /// Numbers that belong to the problem: q, q_S, L, μ, s, the support, where it was identified, the exact hypergradient.
  var facts: [String: [Double]]
  var curves: [Curve]

  static func name(_ settings: FigureSettings) -> String {
    "\(settings.figure)-\(settings.panel)-seed\(settings.seed).json"
  }

  static func path(_ folder: String, _ settings: FigureSettings) -> String { "\(folder)/\(name(settings))" }

  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = try encoder.encode(self) + Data("\n".utf8)
    guard let sealed = Self.sealed(Array(text)) else { preconditionFailure("a figure file without its checksum") }
    try AtomicFile.write(sealed, to: Self.path(folder, settings))
  }

  /// The file's bytes with their checksum in its place: the CRC-32 of all of them, with zeros in that place. Nil where there is
  /// no such place.
  static func sealed(_ bytes: [UInt8]) -> [UInt8]? {
    let key = Array("\"checksum\" : \"".utf8)
    guard let found = bytes.firstRange(of: key) else { return nil }
    let place = found.upperBound..<(found.upperBound + noChecksum.utf8.count)
    guard place.upperBound <= bytes.count else { return nil }
    var result = bytes
    result.replaceSubrange(place, with: Array(noChecksum.utf8))
    let sum = String(GZip.crc32(result), radix: 16)
    result.replaceSubrange(place, with: Array((String(repeating: "0", count: 8 - sum.count) + sum).utf8))
    return result
  }

  private static let noChecksum = "00000000"

  /// Whether the folder holds this run already.
  ///
  /// - Throws: `DatasetError.invalid` naming the file and what differs, where it holds another run under this name.
  static func isDone(_ settings: FigureSettings, in folder: String) throws(DatasetError) -> Bool {
    let path = path(folder, settings)
    guard let data = FileManager.default.contents(atPath: path) else { return false }
    guard let file = try? JSONDecoder().decode(FigureFile.self, from: data) else {
      throw .invalid(path: path, reason: "is not a figure file of this program; move it away or run without --resume")
    }
    var differences = settings.differences(from: file.settings)
    if file.format != currentFormat {
      differences.insert("format: \(file.format) in the file, \(currentFormat) now", at: 0)
    }
    if file.version != implicitDiffVersion {
      differences.insert("version: \(file.version) in the file, \(implicitDiffVersion) now", at: 0)
    }
    if differences.isEmpty, Self.sealed(Array(data)) != Array(data) {
      throw .invalid(
        path: path,
        reason: "is damaged: its bytes do not have the checksum in it; move it away or run without --resume")
    }
    guard differences.isEmpty else {
      throw .invalid(
        path: path,
        reason: "belongs to another run (\(differences.joined(separator: "; "))); move it away or run without --resume")
    }
    return true
  }
}
