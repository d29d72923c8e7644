/// The shape of a traced value: a number, a vector, or a matrix whose entries lie column by column.
///
/// An extent may be the size of a minibatch, which is known only when the tape runs: values that have one row per sample of the batch fit each other and
/// nothing else.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// A number of rows.
  enum Extent: Hashable, Sendable {
    case fixed(Int)
    /// The samples of a minibatch.
    case batch
  }

  enum Form: Hashable, Sendable {
    case scalar
    case vector(Extent)
    case matrix(Extent, Int)
  }

  let form: Form

  init(_ form: Form) { self.form = form }

  /// One number.
  public static var scalar: Shape { Shape(.scalar) }
  /// n entries.
  public static func vector(_ n: Int) -> Shape { Shape(.vector(.fixed(n))) }
  /// rows × columns entries, column by column.
  public static func matrix(_ rows: Int, _ columns: Int) -> Shape { Shape(.matrix(.fixed(rows), columns)) }

  /// The rows, 1 for a number.
  var extent: Extent {
    switch form {
    case .scalar: .fixed(1)
    case .vector(let n), .matrix(let n, _): n
    }
  }

  /// The columns, 1 for a number or a vector.
  var columns: Int { if case .matrix(_, let c) = form { c } else { 1 } }

  var isScalar: Bool { form == .scalar }
  var isVector: Bool { if case .vector = form { true } else { false } }
  var isBatch: Bool { extent == .batch }

  /// The same columns with other rows.
  func with(_ extent: Extent) -> Shape {
    if case .matrix(_, let c) = form { Shape(.matrix(extent, c)) } else { Shape(.vector(extent)) }
  }

  /// The number of entries with `b` samples in a batch.
  func count(batch b: Int) -> Int { rows(batch: b) * columns }

  func rows(batch b: Int) -> Int { if case .fixed(let n) = extent { n } else { b } }

  /// Whether the extents are numbers of rows and columns whose product is one of entries.
  var isPossible: Bool {
    guard case .matrix(.fixed(let n), let c) = form else { return true }
    return n >= 0 && c >= 0 && !n.multipliedReportingOverflow(by: c).overflow
  }

  /// The number of entries where it does not depend on a batch.
  var fixedCount: Int? { if case .fixed(let n) = extent { n * columns } else { nil } }

  public var description: String {
    func text(_ extent: Extent) -> String { if case .fixed(let n) = extent { "\(n)" } else { "batch" } }
    return switch form {
    case .scalar: "number"
    case .vector(let n): "vector of \(text(n))"
    case .matrix(let n, let c): "\(text(n)) × \(c) matrix"
    }
  }
}
