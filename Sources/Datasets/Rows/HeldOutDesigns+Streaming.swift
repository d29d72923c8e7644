package import LinAlg

extension HeldOutDesigns {
  /// The rows of X_train.npy and X_val.npy stay in their files, whatever their order and type, and are gone over for every product.
  ///
  /// - Throws: ``DatasetError`` that names the file, also for sparse data and for a memory that is too small.
  public init(directory: String, within plan: StreamingPlan) throws(DatasetError) {
    guard try DesignStorage(directory: directory) == .dense else {
      throw .invalid(path: directory, reason: "holds sparse features; those that stay in their files are dense")
    }
    let files = try HeldOutFiles(directory: directory, Element.self, requiresMemory: false)
    let rows = files.train.features.rows + files.validation.features.rows
    func part(_ files: PartFiles) throws(DatasetError) -> (any DesignMatrix<Element>, Vector<Element>) {
      try StreamedDesign.part(
        features: files.features.path, targets: files.targets.path, of: rows, within: plan)
    }
    let (X, y) = try part(files.train)
    let (judgeX, judgeY) = try part(files.validation)
    self.init(trainFeatures: X, trainTargets: y, validationFeatures: judgeX, validationTargets: judgeY)
  }
}

extension StreamedDesign {
  /// Rows of a `.npy` file that stay there, and all targets.
  ///
  /// - Parameters:
  ///   - range: the rows, nil for all.
  ///   - total: of rows to fit and to judge by, for the plan.
  package static func part(
    features: String, targets: String, rows range: Range<Int>? = nil, of total: Int, within plan: StreamingPlan
  ) throws(DatasetError) -> (StreamedDesign, Vector<Element>) {
    let columns = try NPYFile(features, rank: 2).columns
    let blocks = try NPYRowBlocks<Element>(
      features: features, targets: targets, rows: range,
      height: try plan.height(rows: total, columns: columns, path: features), layout: .rowMajor)
    let design = StreamedDesign(rows: range?.count ?? blocks.rows, columns: columns) { ReadAhead(blocks) }
    return (design, try NPY.vector(at: targets, as: Element.self))
  }
}
