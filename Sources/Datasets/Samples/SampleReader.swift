internal import LinAlg

/// Reads samples in whatever of the formats they are (``SampleFormat``).
public struct SampleReader: Sendable {
  /// The column of a table that holds the targets; nil for the last one.
  public var target: String?
  /// p of a LIBSVM file; nil for its largest index.
  public var features: Int?
  /// The index from which a LIBSVM file counts, 1 or 0.
  public var firstIndex: Int

  /// Columns of a table that are neither features nor targets, such as weights: a table without one of them is refused.
  public var extras: [String] = []

  public init(target: String? = nil, features: Int? = nil, firstIndex: Int = 1) {
    self.target = target
    self.features = features
    self.firstIndex = firstIndex
  }

  /// Rows with their targets and, where the data are split, those to judge by.
  ///
  /// - Throws: ``DatasetError`` that names the file and the place in it.
  public func read(_ path: String) throws(DatasetError) -> (train: Samples, validation: Samples?) {
    switch try SampleFormat(path: path) {
    case .folder: return try ArraySamples.folder(path).read()
    case .npz: return try ArraySamples.archive(NPZ(path: path)).read()
    case .npy:
      throw .invalid(
        path: path, reason: "holds one array; expected X and y: a folder of X.npy and y.npy, or an .npz file")
    case .csv:
      let table = try CSVTable(path: path)
      guard table.names.count > 1 else {
        throw .invalid(
          path: path,
          reason: "line 1 has one column, \(table.listedNames)\(table.separatorAdvice); expected features and a target")
      }
      let target = target ?? table.names.last!
      return (try samples(table, table.names.filter { $0 != target && !extras.contains($0) }, target), nil)
    case .libsvm: return (try libsvm(path, features: features), nil)
    }
  }

  /// More rows of the kind of others: the columns of a table are found by their names, those of other formats are as many and in the same order.
  ///
  /// - Parameters:
  ///   - count: p.
  ///   - names: what the columns are called, where that is known; what else a table holds is passed over.
  ///   - targetName: what the targets are called where ``target`` does not say.
  ///   - needsTargets: whether rows without targets are refused.
  public func read(
    _ path: String, features count: Int, names: [String]?, targetName: String?, needsTargets: Bool
  ) throws(DatasetError) -> Samples {
    let samples: Samples
    switch try SampleFormat(path: path) {
    case .folder: samples = try ArraySamples.folder(path).readOnePart()
    case .npz: samples = try ArraySamples.archive(NPZ(path: path)).readOnePart()
    case .npy:
      samples = Samples(
        features: DenseDesign(try NPY.matrix(at: path, as: Double.self, layout: .columnMajor)), targets: nil)
    case .csv: samples = try table(path, names, targetName, needsTargets: needsTargets)
    case .libsvm: samples = try libsvm(path, features: count)
    }
    guard samples.features.columns == count else {
      throw .invalid(path: path, reason: "has \(samples.features.columns) columns of features; expected \(count)")
    }
    guard samples.count > 0 else { throw .invalid(path: path, reason: "has no rows; expected some") }
    if needsTargets, samples.targets == nil {
      throw .invalid(path: path, reason: "has no targets; expected them beside the features")
    }
    return samples
  }

  private func table(
    _ path: String, _ names: [String]?, _ targetName: String?, needsTargets: Bool
  ) throws(DatasetError) -> Samples {
    let table = try CSVTable(path: path)
    if let target, !table.names.contains(target) { throw table.missing(target) }
    if let names {
      let known = target ?? targetName
      let target = needsTargets || known.map { table.names.contains($0) } ?? false ? known ?? table.names.last! : nil
      return try samples(table, names, target)
    }
    // Without names every column but that of the targets is a feature.
    let target = target ?? (needsTargets ? table.names.last : nil)
    return try samples(table, table.names.filter { $0 != target && !extras.contains($0) }, target)
  }

  private func samples(_ table: CSVTable, _ names: [String], _ target: String?) throws(DatasetError) -> Samples {
    if let target, names.contains(target) {
      throw .invalid(
        path: table.path,
        reason: "column '\(TextFile.excerpt(target.utf8))' is a feature; expected another one as the target")
    }
    for extra in extras where extra == target || names.contains(extra) {
      throw .invalid(
        path: table.path,
        reason:
          "column '\(TextFile.excerpt(extra.utf8))' is \(extra == target ? "the target" : "a feature"); expected another one"
      )
    }
    let (features, targets) = try table.columns(features: names, target: target)
    var samples = Samples(features: DenseDesign(features), targets: targets, names: names, targetName: target)
    if !extras.isEmpty {
      let columns = try table.columns(features: extras, target: nil).features
      for (k, extra) in extras.enumerated() { samples.extras[extra] = Vector(copying: columns.column(k)) }
    }
    return samples
  }

  private func libsvm(_ path: String, features: Int?) throws(DatasetError) -> Samples {
    let data = try LIBSVM.samples(at: path, features: features, firstIndex: firstIndex)
    return Samples(features: data.features, targets: .numbers(data.targets), groups: data.groups)
  }
}
