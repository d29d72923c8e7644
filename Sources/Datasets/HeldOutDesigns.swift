public import LinAlg

/// Data to fit with and to judge by, dense or sparse: what ``HeldOutData`` is for matrices alone.
///
/// The features are dense where the folder has X_train.npy and X_val.npy, and sparse where it has, in their place, the
/// arrays of compressed columns (``DesignStorage``). Their rows are those of y_train.npy and y_val.npy.
public struct HeldOutDesigns<Element: Scalar>: Sendable {
  /// n × p.
  public let trainFeatures: any DesignMatrix<Element>
  /// n entries.
  public let trainTargets: Vector<Element>
  /// m × p.
  public let validationFeatures: any DesignMatrix<Element>
  /// m entries.
  public let validationTargets: Vector<Element>
  /// What the features are read from while they are used.
  private let mappings: [MappedArray]

  /// - Precondition: as many targets as rows in each part, as many columns in one part as in the other.
  public init(
    trainFeatures: any DesignMatrix<Element>, trainTargets: Vector<Element>,
    validationFeatures: any DesignMatrix<Element>, validationTargets: Vector<Element>
  ) {
    precondition(
      trainFeatures.rows == trainTargets.count && validationFeatures.rows == validationTargets.count
        && trainFeatures.columns == validationFeatures.columns,
      "HeldOutDesigns: \(trainFeatures.rows) × \(trainFeatures.columns) with \(trainTargets.count) targets, held out \(validationFeatures.rows) × \(validationFeatures.columns) with \(validationTargets.count)"
    )
    self.trainFeatures = trainFeatures
    self.trainTargets = trainTargets
    self.validationFeatures = validationFeatures
    self.validationTargets = validationTargets
    mappings = []
  }

  /// Reads a folder.
  ///
  /// - Parameter mapped: leaves large arrays of features in their files, which become memory (``LinAlg/RowMajorDesign``, or a `DenseDesign` in Fortran
  ///   order, or a sparse matrix), where their type allows it. Without it files are copied, and nothing that happens to them afterwards matters; with it they must stay
  ///   as they are while the features are used: what is written to them is seen, which ``requireUnchanged()`` finds out, and where one is cut short
  ///   the system stops the program.
  /// - Throws: ``DatasetError`` that names the file, for what ``NPY`` refuses, for arrays that are no sparse matrix, for
  ///   numbers that are not finite, and for shapes that do not fit each other.
  public init(directory: String, mapped: Bool = false) throws(DatasetError) {
    guard try DesignStorage(directory: directory) == .compressedColumns else {
      var mappings: [MappedArray] = []
      if mapped {
        let files = try HeldOutFiles(directory: directory, Element.self)
        func design(_ file: NPYFile) throws(DatasetError) -> any DesignMatrix<Element> {
          var mapping: MappedFile?
          let design = try file.design(of: Element.self, &mapping)
          if let mapping { mappings.append((file.path, mapping)) }
          return design
        }
        trainFeatures = try design(files.train.features)
        trainTargets = try files.train.targets.vector()
        validationFeatures = try design(files.validation.features)
        validationTargets = try files.validation.targets.vector()
      } else {
        let data = try HeldOutData<Element>(directory: directory)
        trainFeatures = DenseDesign(data.trainFeatures)
        trainTargets = data.trainTargets
        validationFeatures = DenseDesign(data.validationFeatures)
        validationTargets = data.validationTargets
      }
      self.mappings = mappings
      return
    }
    var mappings: [MappedArray]? = mapped ? [] : nil
    trainTargets = try NPY.vector(at: directory + "/y_train.npy", as: Element.self)
    validationTargets = try NPY.vector(at: directory + "/y_val.npy", as: Element.self)
    let train = try SparseMatrix<Element>(
      compressedColumnsAt: directory + "/X_train", rows: trainTargets.count, &mappings)
    let validation = try SparseMatrix<Element>(
      compressedColumnsAt: directory + "/X_val", rows: validationTargets.count, &mappings)
    self.mappings = mappings ?? []
    guard train.columns == validation.columns else {
      throw .invalid(
        path: directory + "/X_val.indptr.npy",
        reason: "\(validation.columns) columns; expected \(train.columns), as X_train.indptr.npy has")
    }
    trainFeatures = train
    validationFeatures = validation
  }

  /// Finds out whether mapped files are still what was read, and whether rows that stay in their files could be read: asked when the work on them is done,
  /// before its result is believed.
  ///
  /// - Throws: ``DatasetError/invalid(path:reason:)`` where another program has written to one of them meanwhile; what ``ReadsRows/requireRead()`` does.
  public func requireUnchanged() throws {
    for X in [trainFeatures, validationFeatures] { try (X as? any ReadsRows)?.requireRead() }
    for mapping in mappings where !mapping.file.isUnchanged {
      throw MappedRows.changed(mapping.path)
    }
  }
}
