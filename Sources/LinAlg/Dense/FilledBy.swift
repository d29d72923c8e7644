/// Values whose memory is written once, by whoever has the numbers: no zeros first, no copy after.
extension Vector {
  /// `count` entries that `body` writes, all of them.
  package init<E: Error>(
    count: Int, filledBy body: (UnsafeMutableBufferPointer<Element>) throws(E) -> Void
  ) throws(E) {
    precondition(count >= 0, "Vector: a count cannot be negative (\(count))")
    let storage = Storage<Element>(capacity: count)
    try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
    self.init(storage: storage, offset: 0, count: count)
  }
}

extension Matrix {
  /// rows × columns entries that lie in the order of `layout`, without gaps, where `owner` keeps them alive. They may be written to.
  package init(
    rows: Int, columns: Int, layout: Layout, at entries: UnsafeMutablePointer<Element>,
    ownedBy owner: any AnyObject & Sendable
  ) {
    self.init(
      storage: Storage(lent: entries, capacity: rows * columns, by: owner), offset: 0, rows: rows, columns: columns,
      leadingDimension: Swift.max(1, layout == .columnMajor ? rows : columns), layout: layout)
  }

  /// rows × columns entries that `body` writes, all of them, in the order of `layout`.
  package init<E: Error>(
    rows: Int, columns: Int, layout: Layout, filledBy body: (UnsafeMutableBufferPointer<Element>) throws(E) -> Void
  ) throws(E) {
    precondition(rows >= 0 && columns >= 0, "Matrix: a shape cannot be negative (\(rows) × \(columns))")
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    precondition(!overflow, "Matrix: \(rows) × \(columns) entries overflow an integer")
    let storage = Storage<Element>(capacity: count)
    try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
    self.init(
      storage: storage, offset: 0, rows: rows, columns: columns,
      leadingDimension: Swift.max(1, layout == .columnMajor ? rows : columns), layout: layout)
  }
}
