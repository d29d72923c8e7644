internal import LinAlg

/// An operation that moves and adds entries, as a linear map of zeros and ones: which entry of which operand goes where.
struct Moves {
  var parts: [(operand: Int, places: [(from: Int, to: Int)])] = []
  /// The most entries that meet at one place.
  private(set) var terms = 1
  /// The most places that one entry goes to.
  private var repeats = 1

  /// The square of a bound on the map's norm.
  var multiplicity: Int { terms * repeats }

  /// - Returns: nil for other operations.
  init?<Element: Scalar>(_ tape: Tape<Element>, _ k: Int) {
    let node = tape.nodes[k]
    guard let a = node.operands.first else { return nil }
    let (from, to) = (tape.shape(a), node.shape)
    let (n, m) = (from.rows(batch: 1), to.rows(batch: 1))
    let (count, outCount) = (from.count(batch: 1), to.count(batch: 1))
    func add(_ operand: Int, _ places: [(Int, Int)]) { parts.append((operand, places.map { (from: $0.0, to: $0.1) })) }
    switch node.operation {
    case .reshape: add(a, (0..<count).map { ($0, $0) })
    case .segment(let first): add(a, (0..<outCount).map { (first + $0, $0) })
    case .embed(let first): add(a, (0..<count).map { ($0, first + $0) })
    case .gather(let list):
      let rows = tape.indexLists[list]
      add(a, (0..<to.columns).flatMap { c in rows.indices.map { (c * n + rows[$0], c * m + $0) } })
      repeats = Self.most(rows)
    case .scatter(let list):
      let rows = tape.indexLists[list]
      add(a, (0..<to.columns).flatMap { c in rows.indices.map { (c * n + $0, c * m + rows[$0]) } })
      terms = Self.most(rows)
    case .concatenate:
      var first = 0
      for operand in node.operands {
        let size = tape.shape(operand).count(batch: 1)
        let start = first
        add(operand, (0..<size).map { ($0, start + $0) })
        first += size
        repeats = max(repeats, node.operands.filter { $0 == operand }.count)
      }
    case .transpose: add(a, (0..<from.columns).flatMap { c in (0..<n).map { (c * n + $0, $0 * m + c) } })
    case .rowSums:
      add(a, (0..<from.columns).flatMap { c in (0..<n).map { (c * n + $0, $0) } })
      terms = from.columns
    case .spreadColumns:
      add(a, (0..<to.columns).flatMap { c in (0..<m).map { ($0, c * m + $0) } })
      repeats = to.columns
    default: return nil
    }
  }

  private static func most(_ rows: [Int]) -> Int {
    var counts: [Int: Int] = [:]
    for row in rows { counts[row, default: 0] += 1 }
    return max(1, counts.values.max() ?? 1)
  }
}
