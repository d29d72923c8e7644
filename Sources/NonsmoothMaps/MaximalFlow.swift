import LinAlg

/// A maximal flow by shortest augmenting paths in levels.
///
/// E. A. Dinic: Algorithm for solution of a problem of maximum flow in a network with power estimation. Soviet Math. Dokl. 11 (1970).
struct MaximalFlow<Element: Scalar> {
  /// Arcs in pairs, one the reverse of the other.
  private var heads: [Int] = []
  private var rest: [Element] = []
  private var arcs: [[Int]]
  /// Capacities up to this count as used up.
  var tolerance: Element = 0

  init(vertices: Int) { arcs = Array(repeating: [], count: vertices) }

  mutating func add(_ i: Int, _ j: Int, _ forward: Element, _ backward: Element) {
    arcs[i].append(heads.count)
    arcs[j].append(heads.count + 1)
    heads += [j, i]
    rest += [forward, backward]
  }

  /// The least numbers of arcs with capacity left from a vertex; −1 where none lead there.
  private func levels(from source: Int) -> [Int] {
    var levels = Array(repeating: -1, count: arcs.count)
    levels[source] = 0
    var queue = [source]
    var at = 0
    while at < queue.count {
      let i = queue[at]
      at += 1
      for a in arcs[i] where rest[a] > tolerance && levels[heads[a]] < 0 {
        levels[heads[a]] = levels[i] + 1
        queue.append(heads[a])
      }
    }
    return levels
  }

  /// The vertices to which more than `amount` can flow directly from one.
  func successors(of i: Int, beyond amount: Element) -> [Int] {
    arcs[i].filter { rest[$0] > amount }.map { heads[$0] }
  }

  func reachable(from source: Int) -> [Int] {
    let levels = levels(from: source)
    return levels.indices.filter { levels[$0] >= 0 }
  }

  /// The size of the flow.
  mutating func run(from source: Int, to sink: Int) -> Element {
    var total: Element = 0
    while true {
      let levels = levels(from: source)
      if levels[sink] < 0 { return total }
      // Of every vertex the first arc that may still lead on.
      var next = Array(repeating: 0, count: arcs.count)
      var path: [Int] = []
      var i = source
      while true {
        if i == sink {
          let amount = path.reduce(.infinity) { min($0, rest[$1]) }
          for a in path {
            rest[a] -= amount
            rest[a ^ 1] += amount
          }
          total += amount
          // Back to the tail of the first arc that is used up.
          let first = path.firstIndex { rest[$0] <= tolerance } ?? 0
          i = heads[path[first] ^ 1]
          path.removeSubrange(first...)
          continue
        }
        if next[i] < arcs[i].count {
          let a = arcs[i][next[i]]
          if rest[a] > tolerance && levels[heads[a]] == levels[i] + 1 {
            path.append(a)
            i = heads[a]
          } else {
            next[i] += 1
          }
        } else {
          guard let a = path.popLast() else { break }
          i = heads[a ^ 1]
          next[i] += 1
        }
      }
    }
  }
}
