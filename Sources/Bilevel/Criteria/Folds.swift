import LinAlg
internal import RandomStreams

/// How rows are split, several times over, into those that are fitted and those that judge.
public struct Folds: Sendable, Equatable {
  /// A split. Every index lies in 0 ..< n; no row is in both parts.
  public struct Fold: Sendable, Equatable {
    public var train: [Int]
    public var heldOut: [Int]

    public init(train: [Int], heldOut: [Int]) {
      self.train = train
      self.heldOut = heldOut
    }
  }

  public let folds: [Fold]

  /// Any splits.
  public init(_ folds: [Fold]) { self.folds = folds }

  /// K-fold: every row is held out once per repeat, in parts whose sizes differ by at most one.
  ///
  /// - Parameters:
  ///   - seed: of the order in which rows are dealt; nil for the order they have.
  ///   - repeats: how many times all of it, each with an order of its own.
  ///   - stratifiedBy: labels whose classes are spread evenly over the parts, n entries.
  /// - Throws: ``FoldError`` where there are more folds than rows, or than members of a class.
  public static func kFold(
    _ count: Int, rows n: Int, seed: UInt64? = 0, repeats: Int = 1, stratifiedBy labels: [Double]? = nil
  ) throws(FoldError) -> Folds {
    guard count >= 2 else { throw .tooFew(count) }
    guard count <= n else { throw .moreFoldsThanRows(folds: count, rows: n) }
    precondition(
      repeats >= 1 && labels?.count ?? n == n, "Folds: \(repeats) repeats, \(labels?.count ?? n) labels for \(n) rows")
    if let labels {
      for (label, members) in Dictionary(grouping: labels, by: { $0 }).sorted(by: { $0.key < $1.key })
      where members.count < count {
        throw .classSmallerThanFolds(label: label, members: members.count, folds: count)
      }
    }
    var folds: [Fold] = []
    for round in 0..<repeats {
      var order = Array(0..<n)
      if let seed {
        var stream = RandomStream(seed: seed, stream: UInt64(round))
        stream.shuffle(&order)
      }
      // Dealt class by class, so that each part gets its share of every class.
      if let labels {
        let place = order.enumerated().sorted { (labels[$0.element], $0.offset) < (labels[$1.element], $1.offset) }
        order = place.map(\.element)
      }
      var part = Array(repeating: 0, count: n)
      for (k, i) in order.enumerated() { part[i] = labels == nil ? k * count / n : k % count }
      folds += split(part, count)
    }
    return Folds(folds)
  }

  /// As many folds as there are groups, or fewer with several groups each: rows of one group stay together.
  ///
  /// - Parameter groups: the group of every row, any labels.
  /// - Throws: ``FoldError`` where there are fewer groups than folds.
  public static func grouped(_ groups: [Int], count: Int) throws(FoldError) -> Folds {
    let sizes = Dictionary(grouping: groups, by: { $0 }).mapValues(\.count)
    guard count >= 2 else { throw .tooFew(count) }
    guard sizes.count >= count else { throw .moreFoldsThanGroups(folds: count, groups: sizes.count) }
    // The largest group first, each to the fold that is smallest so far.
    var load = Array(repeating: 0, count: count)
    var fold: [Int: Int] = [:]
    for (group, size) in sizes.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      let smallest = load.indices.min { load[$0] < load[$1] }!
      fold[group] = smallest
      load[smallest] += size
    }
    return Folds(split(groups.map { fold[$0]! }, count))
  }

  /// Rows in the order of time: fold k judges part k + 1 of count + 1 equal parts by all that came before it.
  ///
  /// - Throws: ``FoldError`` where there are more parts than rows.
  public static func timeSeries(_ count: Int, rows n: Int) throws(FoldError) -> Folds {
    guard count >= 1 else { throw .tooFew(count) }
    guard count < n else { throw .moreFoldsThanRows(folds: count + 1, rows: n) }
    return Folds(
      (1...count).map { k in
        let (begin, end) = (k * n / (count + 1), (k + 1) * n / (count + 1))
        return Fold(train: Array(0..<begin), heldOut: Array(begin..<end))
      })
  }

  private static func split(_ part: [Int], _ count: Int) -> [Fold] {
    (0..<count).map { k in
      Fold(train: part.indices.filter { part[$0] != k }, heldOut: part.indices.filter { part[$0] == k })
    }
  }
}

/// Rows that cannot be split as asked.
public enum FoldError: Error, Sendable, Equatable, CustomStringConvertible {
  case tooFew(Int)
  case moreFoldsThanRows(folds: Int, rows: Int)
  case moreFoldsThanGroups(folds: Int, groups: Int)
  case classSmallerThanFolds(label: Double, members: Int, folds: Int)

  public var description: String {
    switch self {
    case .tooFew(let folds): "\(folds) folds; expected at least 2"
    case .moreFoldsThanRows(let folds, let rows): "\(folds) folds of \(rows) rows; expected at most as many as rows"
    case .moreFoldsThanGroups(let folds, let groups):
      "\(folds) folds of \(groups) groups; expected at most as many as groups"
    case .classSmallerThanFolds(let label, let members, let folds):
      "\(folds) folds, and class \(label) has \(members) rows: a fold would be without it; take at most \(members) folds"
    }
  }
}
