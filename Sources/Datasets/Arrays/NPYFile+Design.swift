internal import LinAlg

/// Features of a file as a design.
extension NPYFile {
  /// Bytes from which a file is mapped: below, a copy takes less time than anyone notices.
  static var mappedFrom: Int { 1 << 20 }

  /// The entries where they lie in the file, in its order; nil where their type, byte order or place does not allow it.
  private func mapped<Entry: Scalar>(as: Entry.Type, _ mapping: inout MappedFile?) -> Matrix<Entry>? {
    guard let entries = entries(NPY.entryType(Entry.self), as: Entry.self, &mapping), let mapping else { return nil }
    return Matrix(
      rows: rows, columns: columns, layout: header.isFortranOrder ? .columnMajor : .rowMajor,
      at: entries.baseAddress!, ownedBy: mapping)
  }

  private func entries<Entry>(
    _ type: NPYHeader.EntryType, as: Entry.Type, _ mapping: inout MappedFile?
  ) -> UnsafeMutableBufferPointer<Entry>? {
    guard header.type == type, header.isBigEndian == NPYHeader.isBigEndianHost,
      header.dataOffset % MemoryLayout<Entry>.alignment == 0,
      header.count * header.type.size >= Self.mappedFrom, let file = mapping ?? MappedFile(file)
    else { return nil }
    mapping = file
    let start = (file.start + header.dataOffset).bindMemory(to: Entry.self, capacity: header.count)
    return UnsafeMutableBufferPointer(start: start, count: header.count)
  }

  /// 32-bit integers of one dimension, where they lie in the file where that can be.
  func indices(_ mapping: inout MappedFile?) throws(DatasetError) -> Stretch<Int32> {
    if let entries = entries(.int32, as: Int32.self, &mapping), let mapping {
      return Stretch(lent: UnsafeBufferPointer(entries), by: mapping)
    }
    return Stretch(try integers(as: Int32.self))
  }

  /// The finite numbers of one dimension, where they lie in the file where that can be.
  func values<Element: Scalar>(
    of: Element.Type, _ mapping: inout MappedFile?
  ) throws(DatasetError) -> Stretch<Element> {
    guard let entries = entries(NPY.entryType(Element.self), as: Element.self, &mapping), let mapping else {
      return Stretch(try array(of: Element.self))
    }
    let numbers = UnsafeBufferPointer(entries)
    nonisolated(unsafe) let start = numbers.baseAddress!
    let total = numbers.count
    let width = 1 << 16
    let bad = try FileBlocks.forEach((total + width - 1) / width, scratch: {}) {
      (block, _) throws(DatasetError) in
      let first = block * width
      let count = min(width, total - first)
      let found = Element._firstNonFinite(count, start + first)
      return found < count ? first + found : nil
    }
    if let bad { throw notFinite(bad, numbers[bad]) }
    return Stretch(lent: numbers, by: mapping)
  }

  /// The features as they are stored, without a copy where that can be.
  ///
  /// - Parameters:
  ///   - range: the rows, nil for all; nothing of the others is looked at.
  ///   - mapping: the file where it is mapped; then its pages are what the design reads.
  /// - Throws: `DatasetError` for numbers that are not finite.
  func design<Element: Scalar>(
    of: Element.Type, rows range: Range<Int>? = nil, _ mapping: inout MappedFile?
  ) throws(DatasetError) -> any DesignMatrix<Element> {
    let range = range ?? 0..<rows
    if !header.isFortranOrder {
      if let matrix = mapped(as: Element.self, &mapping) {
        return try checked(RowMajorDesign(matrix[rows: range]), from: range)
      }
      if Element.self == Double.self, let matrix = mapped(as: Float.self, &mapping),
        let design = RowMajorDesign<Double>(single: matrix[rows: range]) as? RowMajorDesign<Element>
      {
        return try checked(design, from: range)
      }
    } else if let matrix = mapped(as: Element.self, &mapping)?[rows: range] {
      if let bad = matrix.firstNonFinite {
        throw notFinite(range.lowerBound + bad.row, bad.column, matrix[bad.row, bad.column])
      }
      return DenseDesign(matrix)
    }
    return DenseDesign(try matrix(rows: range, layout: .columnMajor))
  }

  private func checked<Element: Scalar>(
    _ design: RowMajorDesign<Element>, from range: Range<Int>
  ) throws(DatasetError) -> RowMajorDesign<Element> {
    if let bad = design.firstNonFinite { throw notFinite(range.lowerBound + bad.row, bad.column, bad.value) }
    return design
  }

  func notFinite<Element: Scalar>(_ i: Int, _ j: Int, _ value: Element) -> DatasetError {
    .invalid(
      path: path,
      reason: "row \(i), column \(j) (counted from 0) is \(value) as \(Element.typeName); expected a finite number")
  }
}
