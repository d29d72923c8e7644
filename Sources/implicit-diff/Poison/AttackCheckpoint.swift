import Bilevel
import Datasets
import Foundation

/// An attack as far as it came, on disk.
struct AttackCheckpoint: Codable {
  /// What decides the numbers of an attack.
  struct Settings: Codable, Equatable {
    var model: PoisonModel
    var budget: AttackBudget
    var steps: Int
    var lambda1: Double
    var lambda2: Double
    /// Of data and poisoned rows.
    var data: UInt32
  }

  static var currentVersion: Int { 1 }
  static var currentFormat: String { "implicit-diff attack checkpoint" }

  var format = Self.currentFormat
  var version = Self.currentVersion
  var settings: Settings
  var log: Attack.Log

  init(_ settings: Settings, _ log: Attack.Log) {
    self.settings = settings
    self.log = log
  }

  func write(to path: String) throws(DatasetError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write((try? encoder.encode(self)) ?? Data(), to: path)
  }

  /// The log of an attack of the same settings.
  ///
  /// - Parameters:
  ///   - parameters: of an attack's point.
  ///   - unknowns: of a solution.
  /// - Throws: ``DatasetError`` where the file is no checkpoint, of another version or of another attack.
  static func log(
    at path: String, for settings: Settings, parameters: Int, unknowns: Int
  ) throws(DatasetError) -> Attack.Log {
    func invalid(_ reason: String) -> DatasetError { .invalid(path: path, reason: reason) }
    struct Head: Decodable {
      var format: String
      var version: Int
    }
    let bytes = Data(try GZip.contents(of: path))
    guard let head = try? JSONDecoder().decode(Head.self, from: bytes), head.format == currentFormat else {
      throw invalid("is no checkpoint of an attack; expected a file written by poison --checkpoint")
    }
    guard head.version == currentVersion else {
      throw invalid("has version \(head.version); expected \(currentVersion): begin anew without --resume")
    }
    guard let found = try? JSONDecoder().decode(AttackCheckpoint.self, from: bytes) else {
      throw invalid("is damaged; begin anew without --resume")
    }
    guard found.settings == settings else {
      throw invalid(
        "is of another attack: its model, budget, steps, strengths or data differ; begin anew without --resume")
    }
    let log = found.log
    guard
      log.records.isEmpty
        || (log.point.count == parameters && (log.best.isEmpty || log.best.count == parameters)
          && log.warmStart.count == 1 && log.warmStart.allSatisfy { $0.isSound(unknowns: unknowns) }
          && (log.point + log.best).allSatisfy(\.isFinite))
    else { throw invalid("is damaged: its numbers do not fit the data; begin anew without --resume") }
    return log
  }
}
