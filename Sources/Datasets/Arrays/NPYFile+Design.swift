internal import LinAlg

/// Features of a file as a design.
extension NPYFile {
  /// Bytes from which a file is mapped: below, a copy takes less time than anyone notices.
  static var mappedFrom: Int { 1 << 20 }

  /// The entries where they lie in the file, in its order; nil where their type, byte order or place does not allow it.
  private func mapped<Entry: Scalar>(as: Entry.Type, _ mapping: inout MappedFile?) -> Matrix<Entry>? {
    guard header.type == NPY.entryType(Entry.self), header.isBigEndian == NPYHeader.isBigEndianHost,
      header.dataOffset % MemoryLayout<Entry>.alignment == 0,
      header.count * header.type.size >= Self.mappedFrom, let file = MappedFile(file)
    else { return nil }
    mapping = file
    return Matrix(
      rows: rows, columns: columns, layout: header.isFortranOrder ? .columnMajor : .rowMajor,
      at: (file.start + header.dataOffset).bindMemory(to: Entry.self, capacity: header.count), ownedBy: file)
  }

  /// The features as they are stored, without a copy where that can be.
  ///
  /// - Parameter mapping: the file where it is mapped; then its pages are what the design reads.
  /// - Throws: `DatasetError` for numbers that are not finite.
  func design<Element: Scalar>(
    of: Element.Type, _ mapping: inout MappedFile?
  ) throws(DatasetError) -> any DesignMatrix<Element> {
    if !header.isFortranOrder {
      if let matrix = mapped(as: Element.self, &mapping) { return try checked(RowMajorDesign(matrix)) }
      if Element.self == Double.self, let matrix = mapped(as: Float.self, &mapping),
        let design = RowMajorDesign<Double>(single: matrix) as? RowMajorDesign<Element>
      {
        return try checked(design)
      }
    } else if let matrix = mapped(as: Element.self, &mapping) {
      if let bad = matrix.firstNonFinite { throw notFinite(bad.row, bad.column, matrix[bad.row, bad.column]) }
      return DenseDesign(matrix)
    }
    return DenseDesign(try matrix(layout: .columnMajor))
  }

  private func checked<Element: Scalar>(
    _ design: RowMajorDesign<Element>
  ) throws(DatasetError) -> RowMajorDesign<Element> {
    if let bad = design.firstNonFinite { throw notFinite(bad.row, bad.column, bad.value) }
    return design
  }

  func notFinite<Element: Scalar>(_ i: Int, _ j: Int, _ value: Element) -> DatasetError {
    .invalid(
      path: path,
      reason: "row \(i), column \(j) (counted from 0) is \(value) as \(Element.typeName); expected a finite number")
  }
}
