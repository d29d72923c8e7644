internal import LinAlg

extension SampleReader {
  /// Rows as ``read(_:)`` gives them, whose features stay in their files: dense `.npy` files of a folder, plain CSV and LIBSVM files. Text is read anew for every product;
  /// LIBSVM's features are gone over as dense rows.
  ///
  /// - Throws: ``DatasetError`` that names the file, also for formats that have to be in memory, and for a memory that is too small.
  public func stream(_ path: String, within plan: StreamingPlan) throws(DatasetError) -> (
    train: Samples, validation: Samples?
  ) {
    switch try SampleFormat(path: path) {
    case .folder:
      if NPY.exists(at: path + "/X_train.npy") || NPY.exists(at: path + "/X_train.data.npy") {
        let data = try HeldOutDesigns<Double>(directory: path, within: plan)
        return (
          Samples(features: data.trainFeatures, targets: .numbers(data.trainTargets)),
          Samples(features: data.validationFeatures, targets: .numbers(data.validationTargets))
        )
      }
      return (try arrays(path, plan), nil)
    case .csv: return (try table(path, nil, plan), nil)
    case .libsvm: return (try lines(path, features, plan), nil)
    case .npz, .npy: throw stays(path)
    }
  }

  /// More rows of the kind of others, as ``read(_:features:names:targetName:needsTargets:)`` finds them.
  public func stream(
    _ path: String, features count: Int, names: [String]?, targetName: String?, within plan: StreamingPlan
  ) throws(DatasetError) -> Samples {
    let samples: Samples
    switch try SampleFormat(path: path) {
    case .folder: samples = try arrays(path, plan)
    case .csv:
      var reader = self
      reader.target = target ?? targetName
      samples = try reader.table(path, names, plan)
    case .libsvm: samples = try lines(path, count, plan)
    case .npz, .npy: throw stays(path)
    }
    guard samples.features.columns == count else {
      throw .invalid(path: path, reason: "has \(samples.features.columns) columns of features; expected \(count)")
    }
    return samples
  }

  private func stays(_ path: String) -> DatasetError {
    .invalid(
      path: path,
      reason: "has to be in memory; expected a folder of .npy files, a CSV or a LIBSVM file, which can stay on the disk"
    )
  }

  private func arrays(_ path: String, _ plan: StreamingPlan) throws(DatasetError) -> Samples {
    let features = path + "/X.npy"
    let (X, y) = try StreamedDesign<Double>.part(
      features: features, targets: path + "/y.npy", of: try NPY.shape(at: features).rows, within: plan)
    return Samples(features: X, targets: .numbers(y))
  }

  private func table(_ path: String, _ names: [String]?, _ plan: StreamingPlan) throws(DatasetError) -> Samples {
    guard extras.isEmpty else {
      throw .invalid(
        path: path, reason: "stays on the disk, where weights and offsets are no columns; expected .npy files of them")
    }
    func blocks(_ height: Int) throws(DatasetError) -> CSVRowBlocks {
      try CSVRowBlocks(path: path, target: target, features: names, height: height)
    }
    var survey = try blocks(4096)
    let (names, targetName) = (survey.names, survey.targetName)
    var targets: [Double] = []
    do {
      while let block = try survey.next() { targets += block.targets }
    } catch { throw error as? DatasetError ?? .invalid(path: path, reason: "\(error)") }
    guard !targets.isEmpty else { throw .invalid(path: path, reason: "has no rows; expected some") }
    let found = try blocks(plan.height(rows: targets.count, columns: names.count, path: path))
    let design = StreamedDesign<Double>(rows: targets.count, columns: names.count) { ReadAhead(found) }
    return Samples(features: design, targets: .numbers(Vector(targets)), names: names, targetName: targetName)
  }

  private func lines(_ path: String, _ features: Int?, _ plan: StreamingPlan) throws(DatasetError) -> Samples {
    let (columns, targets) = try LIBSVMRowBlocks.survey(path, features: features, firstIndex: firstIndex)
    let blocks = try LIBSVMRowBlocks(
      path: path, features: columns, firstIndex: firstIndex,
      height: plan.height(rows: targets.count, columns: columns, path: path))
    let design = StreamedDesign<Double>(rows: targets.count, columns: columns) { ReadAhead(blocks) }
    return Samples(features: design, targets: .numbers(targets))
  }
}
