internal import ArgumentParser
public import Datasets
public import LinAlg

extension HeldOutDesigns<Double> {
  /// Reads a folder whose large features stay in their files; where one of them is cut short meanwhile the program ends with a word and
  /// ``ArgumentParser/ExitCode/badData``.
  public init(mappedFrom directory: String) throws(DatasetError) {
    LostPages.exit(ExitCode.badData.rawValue, prefix: "implicit-diff: ")
    try self.init(directory: directory, mapped: true)
  }
}
