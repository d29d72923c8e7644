/// Columns that were gathered from rows, side by side in the order they came: those that supports and working sets ask for again and again.
struct KeptColumns<Element: Scalar>: Sendable {
  /// n × capacity, column-major; the first `count` columns are there.
  private var matrix = Matrix<Element>.zeros(0, 0)
  /// Where each column of X stands; −1 for those that are not here.
  private var place: [Int32] = []
  private(set) var count = 0

  /// How many of S are not here.
  func missing(_ S: IndexSubset) -> Int {
    if place.isEmpty { return S.count }
    var missing = 0
    S.withElements { for j in $0 where place[j] < 0 { missing += 1 } }
    return missing
  }

  /// The columns S, gathered as far as they are not here, and where they stand. Cost n for each that is new.
  mutating func view(_ S: IndexSubset, from entries: RowEntries<Element>) -> (Matrix<Element>, IndexSubset) {
    if place.isEmpty { place = Array(repeating: -1, count: entries.columns) }
    var fresh: [Int] = []
    S.withElements { for j in $0 where place[j] < 0 { fresh.append(j) } }
    if !fresh.isEmpty {
      reserve(count + fresh.count, rows: entries.rows)
      for (k, j) in fresh.enumerated() { place[j] = Int32(count + k) }
      let start = count
      let target = matrix.mutableBase() + start * entries.rows
      entries.gather(fresh, to: target)
      count += fresh.count
    }
    var places: [Int] = []
    places.reserveCapacity(S.count)
    S.withElements { for j in $0 { places.append(Int(place[j])) } }
    return (matrix, IndexSubset(unordered: places, universe: matrix.columns))
  }

  private mutating func reserve(_ wanted: Int, rows: Int) {
    guard wanted > matrix.columns else { return }
    let capacity = max(wanted, 2 * count, 32)
    let (old, here) = (matrix, count * rows)
    // What is not copied is written before it is read.
    matrix = Matrix(rows: rows, columns: capacity, layout: .columnMajor) { buffer in
      if here > 0 { buffer.baseAddress!.initialize(from: old.base, count: here) }
    }
  }
}
