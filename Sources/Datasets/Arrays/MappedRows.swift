package import LinAlg

/// Rows of a `.npy` file that are left where they are, where their type and order allow it.
package struct MappedRows: Sendable {
  private let path: String
  private let file: MappedFile

  /// Designs of stretches of rows, each as ``HeldOutDesigns`` reads a file.
  ///
  /// - Returns: those, and what is to be asked before what was computed with them is believed; nil where all were copied.
  /// - Throws: ``DatasetError`` for what ``NPY`` refuses, and for numbers that are not finite in those rows.
  package static func designs<Element: Scalar>(
    at path: String, rows: [Range<Int>], as: Element.Type
  ) throws(DatasetError) -> (designs: [any DesignMatrix<Element>], mapping: MappedRows?) {
    let file = try NPYFile(path, rank: 2)
    var mapping: MappedFile?
    var designs: [any DesignMatrix<Element>] = []
    for range in rows { designs.append(try file.design(of: Element.self, rows: range, &mapping)) }
    return (designs, mapping.map { MappedRows(path: path, file: $0) })
  }

  /// - Throws: ``DatasetError`` where another program has written to the file meanwhile.
  package func requireUnchanged() throws(DatasetError) {
    if !file.isUnchanged { throw Self.changed(path) }
  }

  static func changed(_ path: String) -> DatasetError {
    .invalid(path: path, reason: "was changed while it was in use; expected a file that nobody writes to")
  }
}
