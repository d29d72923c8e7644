import LinAlg

/// The iterates w_0 … w_t of a map, walked from the last one back; kept, or recomputed from √t checkpoints.
struct Trajectory<Map: FixedPointMap> {
  typealias Element = Map.Element
  private let problem: FixedPointProblem<Map>
  private let length: Int
  /// The first iterate that the walk visits.
  private let first: Int
  private let interval: Int
  /// Iterates at first, first + interval, ….
  private var checkpoints: [Vector<Element>] = []
  /// w_t.
  private(set) var last: Vector<Element>

  /// Runs the iteration forward.
  ///
  /// - Parameter kept: only the last so many iterates are walked, and only they are remembered.
  init(_ problem: FixedPointProblem<Map>, length: Int, _ memory: ITD<Map>.IterateMemory, kept: Int?) {
    self.problem = problem
    self.length = length
    let walked = min(length, kept ?? length)
    first = length - walked
    interval = memory == .all ? 1 : max(1, Int(Double(walked).squareRoot().rounded(.up)))
    var w = Vector(copying: problem.state)
    var next = Vector<Element>.zeros(w.count)
    for s in 0..<length {
      if s >= first && (s - first) % interval == 0 { checkpoints.append(Vector(copying: w)) }
      problem.map.apply(w, parameters: problem.parameters, into: &next)
      swap(&w, &next)
    }
    last = w
  }

  /// Calls `body` with w_{t−1}, w_{t−2}, … until it returns false or the first kept iterate has been visited.
  func backward(_ body: (Vector<Element>) -> Bool) {
    var segment: [Vector<Element>] = []
    for c in checkpoints.indices.reversed() {
      let start = first + c * interval
      let end = min(start + interval, length)
      if interval == 1 {
        if !body(checkpoints[c]) { return }
        continue
      }
      while segment.count < end - start { segment.append(.zeros(last.count)) }
      // Through the buffer: an array element passed inout from generic code costs an allocation each time.
      segment.withUnsafeMutableBufferPointer { buffer in
        buffer[0].copy(from: checkpoints[c])
        for s in 1..<max(1, end - start) {
          problem.map.apply(buffer[s - 1], parameters: problem.parameters, into: &buffer[s])
        }
      }
      for s in (0..<(end - start)).reversed() {
        if !body(segment[s]) { return }
      }
    }
  }
}
