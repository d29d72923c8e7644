import Bilevel
import CommandSupport
import Datasets
import Foundation

/// A search as far as it came, on disk.
struct TuneCheckpoint: Codable {
  static var currentVersion: Int { 1 }

  var format = "implicit-diff tuning checkpoint"
  var version = Self.currentVersion
  var settings: TuneSettings
  var log: TuningLog

  init(settings: TuneSettings, log: TuningLog) {
    self.settings = settings
    self.log = log
  }

  func write(to path: String) throws(DatasetError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Nothing here fails to encode: what is not finite is nil.
    let bytes = (try? encoder.encode(self)) ?? Data()
    try AtomicFile.write(bytes, to: path)
  }

  /// The log of a search of the same settings.
  ///
  /// - Throws: ``DatasetError`` where the file is no checkpoint, of another version, or of another search.
  static func log(at path: String, for settings: TuneSettings) throws(DatasetError) -> TuningLog {
    func invalid(_ reason: String) -> DatasetError { .invalid(path: path, reason: reason) }
    struct Head: Decodable {
      var format: String
      var version: Int
    }
    let bytes = Data(try GZip.contents(of: path))
    guard let head = try? JSONDecoder().decode(Head.self, from: bytes),
      head.format == TuneCheckpoint(settings: settings, log: .init()).format
    else { throw invalid("is no tuning checkpoint; expected a file written by --checkpoint") }
    guard head.version == currentVersion else {
      throw invalid("has version \(head.version); expected \(currentVersion): begin anew without --resume")
    }
    guard let checkpoint = try? JSONDecoder().decode(TuneCheckpoint.self, from: bytes) else {
      throw invalid("is damaged; begin anew without --resume")
    }
    if let difference = settings.difference(from: checkpoint.settings) {
      throw invalid("is of another search: \(difference). Begin anew without --resume")
    }
    let m = settings.strengths
    guard
      checkpoint.log.records.allSatisfy({
        $0.parameters.count == m && $0.logGradient?.count ?? m == m
          && ($0.logHessian.map { $0.count == m && $0.allSatisfy { $0.count == m } } ?? true) && $0.selected >= 0
      })
    else {
      throw invalid("is damaged: an evaluation is not one of \(m) strengths; begin anew without --resume")
    }
    guard checkpoint.log.records.isEmpty || checkpoint.log.warmStart.count == settings.solves,
      checkpoint.log.warmStart.enumerated().allSatisfy({ settings.isSound($1, of: $0) })
    else {
      throw invalid("is damaged: its warm start does not fit the data; begin anew without --resume")
    }
    return checkpoint.log
  }
}
