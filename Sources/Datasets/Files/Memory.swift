internal import LinAlg

/// What memory this process can still get. Asking for more than that ends a program without a word.
package enum Memory {
  /// The address space that a limit on it (`ulimit -v`) leaves this process beside OpenBLAS's buffers, negative where it does not leave
  /// those; nil where there is no limit.
  package static var addressSpaceLeft: Int? { System.addressSpaceLeft.map { $0 - BLAS.bufferBytes } }

  /// Refuses to begin on what does not fit.
  ///
  /// - Parameters:
  ///   - bytes: what will be allocated.
  ///   - what: what for, as the message says it.
  ///   - path: the file that asks for it.
  static func require(_ bytes: Int, for what: String, path: String) throws(DatasetError) {
    // Where a page or two are missing the program is not told beforehand; small requests need no look at the system.
    if bytes < 1 << 24 { return }
    let available = min(System.availableMemory, addressSpaceLeft ?? .max)
    guard bytes <= available else {
      throw .invalid(
        path: path,
        reason: "\(what) takes \(gibibytes(bytes)) of memory; \(gibibytes(max(0, available))) can be had here")
    }
  }

  private static func gibibytes(_ bytes: Int) -> String {
    let tenths = Int((Double(bytes) / 1_073_741_824 * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) GiB"
  }

  /// a + b, or the largest integer.
  static func sum(_ parts: [(count: Int, size: Int)]) -> Int {
    parts.reduce(0) { total, part in
      let (bytes, overflow) = part.count.multipliedReportingOverflow(by: part.size)
      let (sum, carried) = total.addingReportingOverflow(bytes)
      return overflow || carried ? .max : sum
    }
  }
}
